import type { Readable } from "node:stream";
import type { Static, TSchema } from "typebox";
import { Check, Parse } from "typebox/value";
import { Agent, type Dispatcher, request } from "undici";
import { CoppiceError } from "./errors.ts";
import { Problem } from "./problem.ts";

/** What a call may carry. */
export interface CallOptions {
  body?: unknown;
  stream?: Readable;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** A service that does not answer on its socket. */
export class ServiceDownError extends CoppiceError {
  override name = "ServiceDownError";
  constructor(service: string, cause: unknown) {
    super(
      503,
      "service-down",
      `The ${service} service does not answer. It restarts by itself; try again in a few seconds.`,
      { cause },
    );
  }
}

/** Speaks HTTP with another Coppice process over its Unix socket; answers are checked against a schema. */
export class ServiceClient implements AsyncDisposable {
  #agent: Agent;
  #service: string;

  /** @param service its name in messages. @param socketPath of its Unix socket. */
  constructor(service: string, socketPath: string) {
    this.#service = service;
    this.#agent = new Agent({
      connect: { socketPath },
      connections: 16,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Calls and returns the raw answer. @throws CoppiceError as the service answered it, ServiceDownError. */
  async raw(
    method: Dispatcher.HttpMethod,
    path: string,
    options: CallOptions = {},
  ): Promise<Dispatcher.ResponseData> {
    const { body, stream, headers, signal } = options;
    let answer: Dispatcher.ResponseData;
    try {
      answer = await request(`http://${this.#service}${path}`, {
        dispatcher: this.#agent,
        method,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(stream ? { "content-type": "application/octet-stream" } : {}),
          ...headers,
        },
        body: stream ?? (body === undefined ? null : JSON.stringify(body)),
        signal: signal ?? null,
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (stream?.errored) throw stream.errored;
      throw new ServiceDownError(this.#service, error);
    }
    if (answer.statusCode < 400) return answer;
    const problem: unknown = await answer.body.json().catch(() => undefined);
    if (!Check(Problem, problem))
      throw new CoppiceError(
        502,
        "bad-answer",
        `The ${this.#service} service gave an answer that cannot be read. Its log says more.`,
      );
    throw new CoppiceError(
      problem.status,
      problem.type,
      problem.detail,
      problem.retryAfter === undefined
        ? {}
        : { retryAfter: problem.retryAfter },
    );
  }

  /** Calls and returns the answer's JSON, checked by `schema`. @throws as `raw`. */
  async call<S extends TSchema>(
    schema: S,
    method: Dispatcher.HttpMethod,
    path: string,
    options: CallOptions = {},
  ): Promise<Static<S>> {
    const answer = await this.raw(method, path, options);
    return Parse(schema, await answer.body.json()) as Static<S>;
  }

  /** Calls and yields each line of a JSON-lines answer, checked by `schema`. @throws as `raw`. */
  async *lines<S extends TSchema>(
    schema: S,
    method: Dispatcher.HttpMethod,
    path: string,
    options: CallOptions = {},
  ): AsyncGenerator<Static<S>> {
    const answer = await this.raw(method, path, options);
    let rest = "";
    for await (const chunk of answer.body.setEncoding("utf8")) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines)
        yield Parse(schema, JSON.parse(line)) as Static<S>;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.close();
  }
}
