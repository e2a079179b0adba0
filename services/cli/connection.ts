import type { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type Static, type TSchema, Type } from "typebox";
import { Check, Parse } from "typebox/value";
import { Agent, buildConnector, type Dispatcher, request } from "undici";
import { Problem } from "../shared/problem.ts";
import { socketPath } from "../shared/service.ts";

/** Something that the user can mend; the command ends with this one line and status `exitCode`. */
export class CliError extends Error {
  override name = "CliError";
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const Config = Type.Object({
  url: Type.String({ pattern: "^https://" }),
  fingerprint: Type.String({
    pattern: "^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$",
  }),
  token: Type.String({ minLength: 20, maxLength: 200 }),
});

/** What a call carries: a stream, its size in bytes where that is known, or JSON. */
interface CallOptions {
  stream?: Readable;
  size?: number;
  json?: unknown;
}

/** The API, over the box's own socket where there is one, else over HTTPS with a pinned certificate and a token. */
export class Connection implements AsyncDisposable {
  #agent: Agent;
  #origin: string;
  #headers: Record<string, string>;

  private constructor(
    agent: Agent,
    origin: string,
    headers: Record<string, string>,
  ) {
    this.#agent = agent;
    this.#origin = origin;
    this.#headers = headers;
  }

  /** @param config path of a file with url, fingerprint and token; needed away from the box. @throws CliError */
  static async open(config: string | undefined): Promise<Connection> {
    const local = socketPath("admin");
    if (
      config === undefined &&
      (await stat(local).then(
        () => true,
        () => false,
      ))
    ) {
      return new Connection(
        new Agent({
          connect: { socketPath: local },
          headersTimeout: 0,
          bodyTimeout: 0,
        }),
        "http://box",
        {},
      );
    }
    const file = config ?? join(homedir(), ".config/coppice.json");
    let parsed: unknown;
    try {
      const { mode } = await stat(file);
      if ((mode & 0o077) !== 0)
        throw new CliError(
          `${file} holds a token, and others may read it: chmod 600 ${file}`,
        );
      parsed = JSON.parse(await readFile(file, "utf8"));
    } catch (error) {
      if (error instanceof CliError) throw error;
      throw new CliError(
        `cannot read ${file}: write {"url", "fingerprint", "token"} there; the page System shows the fingerprint, and Access makes a token`,
      );
    }
    if (!Check(Config, parsed))
      throw new CliError(
        `${file} must hold url (https://...), fingerprint (AB:CD:...) and token`,
      );
    const { url, fingerprint, token } = parsed;
    return new Connection(
      new Agent({
        connect: pinned(fingerprint.toUpperCase()),
        headersTimeout: 0,
        bodyTimeout: 0,
      }),
      url.replace(/\/$/, ""),
      { authorization: `Bearer ${token}` },
    );
  }

  /** Calls the API. @throws CliError with the problem's own words. */
  async raw(
    method: Dispatcher.HttpMethod,
    path: string,
    options: CallOptions = {},
  ): Promise<Dispatcher.ResponseData> {
    let answer: Dispatcher.ResponseData;
    const { stream, size, json } = options;
    try {
      answer = await request(this.#origin + path, {
        dispatcher: this.#agent,
        method,
        headers: {
          ...this.#headers,
          ...(stream
            ? {
                "content-type": "application/octet-stream",
                ...(size === undefined
                  ? {}
                  : { "content-length": String(size) }),
              }
            : {}),
          ...(json === undefined ? {} : { "content-type": "application/json" }),
        },
        body: stream ?? (json === undefined ? null : JSON.stringify(json)),
      });
    } catch (error) {
      throw new CliError(
        `the box does not answer: ${(error as Error).message}`,
      );
    }
    if (answer.statusCode < 400) return answer;
    const problem: unknown = await answer.body.json().catch(() => undefined);
    throw new CliError(
      Check(Problem, problem)
        ? problem.detail
        : `the box answered ${answer.statusCode}`,
      answer.statusCode === 400 ? 2 : 1,
    );
  }

  /** Calls the API and returns its JSON, checked by `schema`. @throws CliError */
  async call<S extends TSchema>(
    schema: S,
    method: Dispatcher.HttpMethod,
    path: string,
    options: CallOptions = {},
  ): Promise<Static<S>> {
    const answer = await this.raw(method, path, options);
    return Parse(schema, await answer.body.json()) as Static<S>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.close();
  }
}

/** Connects over TLS to the one certificate with this SHA-256 fingerprint, or to whom the authority with it has signed for: the box's own. */
function pinned(fingerprint: string): buildConnector.connector {
  // A resumed session shows no certificate to compare.
  const connect = buildConnector({
    rejectUnauthorized: false,
    maxCachedSessions: 0,
  });
  return (options, callback) =>
    connect(options, (error, socket) => {
      if (error) return callback(error, null);
      const shown = (socket as TLSSocket).getPeerX509Certificate();
      const found = shown?.fingerprint256 ?? "none";
      if (found === fingerprint || (shown && signedBy(shown, fingerprint)))
        return callback(null, socket as TLSSocket);
      socket?.destroy();
      callback(
        new Error(
          `its certificate is ${found}, not ${fingerprint}: this is another machine`,
        ),
        null,
      );
    });
}

/** Whether the authority with this fingerprint vouches for a certificate now. */
function signedBy(shown: X509Certificate, fingerprint: string): boolean {
  const above = shown.issuerCertificate;
  return (
    above?.fingerprint256 === fingerprint &&
    shown.checkIssued(above) &&
    shown.verify(above.publicKey) &&
    Date.parse(shown.validTo) > Date.now()
  );
}
