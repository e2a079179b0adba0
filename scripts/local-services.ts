import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { connects } from "../services/shared/connects.ts";
import { hasCode } from "../services/shared/errors.ts";
import { probe } from "./probe.ts";
import { CommandError } from "./process.ts";
import { type SoftwareTpm, startSoftwareTpm } from "./software-tpm.ts";

/** How to run the services on this machine. */
export interface LocalOptions {
  /** The tree that holds `services/`. */
  home: string;
  /** Where state, sockets and the folders that stand for disks go. */
  folder: string;
  port: number;
  /** The built pages. */
  pages: string;
  /** Names of folders that stand for disks. */
  disks: readonly string[];
  /** Without a TPM the identity service ends; the others run. */
  tpm: boolean;
  /** Uses the TPM before the services do. */
  prepareTpm?: (tcti: string, folder: string) => Promise<void>;
  /** Starts the recovery of the box whose services ran in this folder. */
  recovery?: boolean;
  nodeFlags?: readonly string[];
  env?: Record<string, string>;
  onLine?: (service: string, line: string) => void;
}

const names = ["identity", "host", "node", "admin"] as const;
/** Those that run in a box's recovery. */
const recoveryNames = ["identity", "host", "admin"] as const;

/** The four services as processes of this machine, with folders as disks and swtpm as TPM; they end with their parent. */
export class LocalServices implements AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  #options: LocalOptions;
  #children = new Map<string, ChildProcess>();
  #tpm: SoftwareTpm | undefined;

  private constructor(options: LocalOptions) {
    this.#options = options;
    this.folder = options.folder;
    this.url = `https://localhost:${options.port}`;
  }

  /** Starts them and resolves when the pages answer. @throws CommandError */
  static async start(options: LocalOptions): Promise<LocalServices> {
    const services = new LocalServices(options);
    const { folder } = options;
    for (const place of [
      "run",
      "mounts",
      "tpm",
      ...options.disks.map((disk) => `disks/${disk}`),
    ])
      await mkdir(join(folder, place), { recursive: true });
    await writeFile(join(folder, "console"), "");
    try {
      if (options.tpm) {
        services.#tpm = await startSoftwareTpm(join(folder, "tpm"));
        await options.prepareTpm?.(services.#tpm.tcti, folder);
      }
      for (const name of services.#names) services.startService(name);
      await services.ready();
    } catch (error) {
      await services[Symbol.asyncDispose]();
      throw error;
    }
    return services;
  }

  get #names(): readonly string[] {
    return this.#options.recovery ? recoveryNames : names;
  }

  /** How tpm2-tss reaches the TPM; one at a time, so only while the identity service is stopped. */
  get tcti(): string {
    return this.#tpm?.tcti ?? "none";
  }

  /** The setup code, as a label would carry it; `undefined` once the box has an owner. */
  async setupCode(): Promise<string | undefined> {
    return await readFile(
      join(this.folder, "run/identity/setup-code"),
      "utf8",
    ).then(
      (text) => text.trim(),
      () => undefined,
    );
  }

  /** Starts one service. */
  startService(name: string): void {
    const {
      home,
      folder,
      port,
      pages,
      nodeFlags = [],
      recovery,
      env = {},
      onLine,
    } = this.#options;
    // The recovery's own state is in memory, beside the box's.
    const state = join(folder, recovery ? "run/recovery" : "state");
    const child = spawn(
      "setpriv",
      [
        "--pdeathsig",
        "TERM",
        "--",
        process.execPath,
        "--disable-warning=ExperimentalWarning",
        ...nodeFlags,
        join(home, "services", name, "main.ts"),
      ],
      {
        cwd: home,
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
        env: {
          PATH: process.env.PATH ?? "",
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "",
          STATE_DIRECTORY: join(state, name),
          COPPICE_RECOVERY: recovery ? "1" : "0",
          COPPICE_KEPT_STATE: join(folder, "state"),
          COPPICE_RUNTIME: join(folder, "run"),
          COPPICE_DISKS: join(folder, "mounts"),
          COPPICE_DISK_FOLDERS: join(folder, "disks"),
          COPPICE_CONSOLE: join(folder, "console"),
          COPPICE_BOOT_LOGS: join(folder, "boot"),
          COPPICE_ANCHORS: folder,
          COPPICE_PAGES: pages,
          COPPICE_PORT: String(port),
          COPPICE_PEER_LISTEN: "/ip4/127.0.0.1/tcp/0",
          TSS2_LOG: "all+NONE",
          COPPICE_TPM: this.#tpm?.tcti ?? "none",
          ...env,
        },
      },
    );
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (line) =>
        onLine?.(name, line),
      );
    this.#children.set(name, child);
  }

  /** Ends one service, as systemd or, with SIGKILL, as a crash would. */
  async stopService(
    name: string,
    signal: NodeJS.Signals = "SIGTERM",
  ): Promise<void> {
    const child = this.#children.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  /** Resolves when the admin answers over HTTPS and the others on their sockets. @throws CommandError where the admin ended */
  async ready(): Promise<void> {
    for (;;) {
      const admin = this.#children.get("admin");
      if (admin?.exitCode !== null)
        throw new CommandError(
          `the admin ended with ${admin?.exitCode}; see the lines above`,
        );
      const status = await probe(`${this.url}/api/session`);
      const listening = await Promise.all(
        this.#names
          .filter((name) => name !== "admin")
          .filter((name) => name !== "identity" || this.#options.tpm)
          .map((name) =>
            connects({ path: join(this.folder, "run", name, `${name}.sock`) }),
          ),
      );
      if (status === 200 && listening.every(Boolean)) return;
      await sleep(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#names].reverse()) await this.stopService(name);
    await this.#tpm?.[Symbol.asyncDispose]();
  }
}

/** Below what the kernel gives to those who take any port (ip_local_port_range): nobody gets it between the look and its use. */
const ports = { from: 10_000, to: 32_768 };

/** A TCP port on 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(ports.from, ports.to);
    const server = createServer();
    try {
      await once(server.listen(port, "127.0.0.1"), "listening");
    } catch (error) {
      if (hasCode(error, "EADDRINUSE")) continue;
      throw error;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
