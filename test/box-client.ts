import { connect } from "node:tls";
import { Agent, type Dispatcher, request } from "undici";
import { WebSocket } from "ws";
import { until } from "./network/until.ts";

/** What JSON.parse returns: tests look into answers of every shape. */
type Json = ReturnType<typeof JSON.parse>;

/** An answer of the box: status, headers, and its body as JSON or bytes. */
export interface Answer {
  status: number;
  headers: Dispatcher.ResponseData["headers"];
  bytes: Buffer;
  json: Json;
}

/** A browser without pages: calls the API over HTTPS and keeps the cookie. */
export class BoxClient implements AsyncDisposable {
  readonly url: string;
  /** By their names. */
  readonly #cookies = new Map<string, string>();
  #agent: Agent;
  #socketPath: string | undefined;
  #terminal: BoxTerminal | undefined;
  /** The command that the terminal has, if any. */
  #running: Promise<unknown> = Promise.resolve();

  /** @param socketPath of a relay to the box, where it is on another network than this process. */
  constructor(url: string, socketPath?: string) {
    this.url = url;
    this.#socketPath = socketPath;
    this.#agent = new Agent({
      connect: {
        rejectUnauthorized: false,
        ...(socketPath === undefined ? {} : { socketPath }),
      },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** The session cookie as a request carries it. */
  get cookie(): string {
    return [...this.#cookies.values()].join("; ");
  }

  #carried(): Record<string, string> {
    return this.#cookies.size > 0 ? { cookie: this.cookie } : {};
  }

  /** Calls the API; never throws for a status. */
  async call(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const stream =
      body instanceof Uint8Array ||
      (typeof body === "object" &&
        body !== null &&
        Symbol.asyncIterator in body);
    const type: Record<string, string> =
      body === undefined
        ? {}
        : {
            "content-type": stream
              ? "application/octet-stream"
              : "application/json",
          };
    const answer = await request(this.url + path, {
      dispatcher: this.#agent,
      method,
      headers: {
        ...type,
        ...this.#carried(),
        ...headers,
      },
      body:
        body === undefined
          ? null
          : stream
            ? (body as Uint8Array)
            : JSON.stringify(body),
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    for (const text of [answer.headers["set-cookie"] ?? []].flat()) {
      const [pair = ""] = text.split(";");
      this.#cookies.set(pair.split("=")[0] as string, pair);
    }
    const json = /\bjson\b/.test(String(answer.headers["content-type"]))
      ? JSON.parse(bytes.toString())
      : undefined;
    return { status: answer.statusCode, headers: answer.headers, bytes, json };
  }

  /** Calls the API and returns its JSON. @throws Error with the problem's words for any status but 2xx. */
  async ok(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Json> {
    const answer = await this.call(method, path, body, headers);
    if (answer.status >= 300)
      throw new Error(
        `${method} ${path}: ${answer.status} ${answer.bytes.toString().slice(0, 400)}`,
      );
    return answer.json;
  }

  /** The whole setup from the code on, with the disk of this name. Returns recovery key and backup. */
  async claim(
    code: string,
    disk: string,
    owner: { name: string; password: string },
  ): Promise<{ recoveryKey: string; backup: string }> {
    await this.ok("POST", "/api/setup/code", { code });
    await this.ok("POST", "/api/setup/owner", owner);
    await this.prepareDisk(disk);
    const recoveryKey = await this.confirmRecoveryKey();
    const { backup } = await this.ok("POST", "/api/setup/root-key", {
      passphrase: "a passphrase for tests",
    });
    await this.ok("POST", "/api/setup/root-key/confirm");
    await this.ok("POST", "/api/setup/finish");
    return { recoveryKey, backup };
  }

  /** Resolves when the box, claimed, speaks with other boxes: what it has to ask of them is refused until then. */
  async canSpeak(): Promise<void> {
    await until(
      "it speaks with other boxes",
      async () => (await this.call("GET", "/api/friends")).status === 200,
    );
  }

  /** Has a disk erased, and resolves when it is prepared. @throws Error with the failure. */
  async prepareDisk(name: string): Promise<void> {
    const disks = (await this.ok("GET", "/api/setup/disks")) as {
      id: string;
      name: string;
    }[];
    const disk = disks.find((one) => one.name === name);
    if (!disk)
      throw new Error(`no disk ${name} among ${JSON.stringify(disks)}`);
    await this.ok("POST", "/api/setup/disk", { id: disk.id, name });
    for await (const progress of this.events("/api/setup/events")) {
      if (progress.failure) throw new Error(String(progress.failure));
      if (progress.step === "recovery") return;
    }
  }

  /** Shows and confirms the recovery key. */
  async confirmRecoveryKey(): Promise<string> {
    const { recoveryKey, group } = (await this.ok(
      "POST",
      "/api/setup/recovery-key",
    )) as { recoveryKey: string; group: number };
    await this.ok("POST", "/api/setup/recovery-key/confirm", {
      group: recoveryKey.split("-")[group - 1],
    });
    return recoveryKey;
  }

  /** Puts a network into force, and keeps it. */
  async keepNetwork(document: Json): Promise<void> {
    const { token } = await this.ok("POST", "/api/network/trial", { document });
    await this.ok("POST", "/api/network/confirm", { token });
  }

  /** Server-sent events as they come. */
  async *events(path: string): AsyncGenerator<Json> {
    const answer = await request(this.url + path, {
      dispatcher: this.#agent,
      headers: this.#carried(),
    });
    if (answer.statusCode !== 200)
      throw new Error(
        `${path}: ${answer.statusCode} ${await answer.body.text()}`,
      );
    let rest = "";
    for await (const chunk of answer.body.setEncoding("utf8")) {
      const parts = (rest + chunk).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts)
        if (part.startsWith("data: ")) yield JSON.parse(part.slice(6));
    }
  }

  /** Runs a command in a terminal of the owner's, which stays open for the next one, and resolves to what it printed and its exit status. */
  async shell(
    password: string,
    command: string,
  ): Promise<{ output: string; status: number }> {
    const run = async (): Promise<{ output: string; status: number }> => {
      if (!this.#terminal?.isOpen)
        this.#terminal = await this.terminal(password);
      // What a command changes in its shell ends with it.
      return await this.#terminal.run(`(\n${command}\n)`);
    };
    const result = this.#running.then(run, run);
    this.#running = result;
    return await result;
  }

  /** Opens the owner's terminal, which takes one command after another. */
  async terminal(password: string): Promise<BoxTerminal> {
    await this.ok("POST", "/api/terminal", { password });
    const socket = new WebSocket(
      `${this.url.replace("https", "wss")}/api/terminal`,
      {
        rejectUnauthorized: false,
        ...(this.#socketPath === undefined
          ? {}
          : {
              createConnection: () =>
                connect({ path: this.#socketPath, rejectUnauthorized: false }),
            }),
        headers: { cookie: this.cookie, origin: this.url },
      },
    );
    return await BoxTerminal.over(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#terminal?.[Symbol.asyncDispose]();
    await this.#agent.destroy();
  }
}

/** A shell on the box, by its page's socket. */
class BoxTerminal implements AsyncDisposable {
  #socket: WebSocket;
  #text = "";
  #heard: () => void = () => {};
  #broken: Promise<never>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#broken = new Promise<never>((_, reject) => {
      socket.on("close", (_code, reason) =>
        reject(
          new Error(`the terminal closed (${reason}) after: ${this.#text}`),
        ),
      );
      socket.on("error", reject);
    });
    // Whoever runs a command hears of it.
    this.#broken.catch(() => {});
    socket.on("open", () => socket.send("\u0001200x50"));
    socket.on("message", (data) => {
      this.#text += String(data);
      this.#heard();
    });
  }

  /** @param socket that was just made */
  static async over(socket: WebSocket): Promise<BoxTerminal> {
    const terminal = new BoxTerminal(socket);
    await terminal.#until(/./);
    await terminal.run("stty -echo; PS1=");
    return terminal;
  }

  /** Whether it takes commands, as far as this side knows. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Runs a command and resolves to what it printed and its exit status. @throws Error where the terminal closes */
  async run(command: string): Promise<{ output: string; status: number }> {
    this.#text = "";
    // The marks are split so that the echo of the command does not hold them.
    this.#socket.send(`echo be''gin; { ${command}\n}; echo en''d:$?:\n`);
    const [, output = "", status] = await this.#until(
      /begin\r?\n([\s\S]*?)end:(\d+):/,
    );
    return { output: output.replaceAll("\r\n", "\n"), status: Number(status) };
  }

  async #until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match) return match;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#heard = resolve;
      await Promise.race([promise, this.#broken]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
  }
}
