import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connects } from "../shared/connects.ts";
import { CommandError } from "./command.ts";
import type { DriveRunner } from "./network-drive.ts";

const repository = join(import.meta.dirname, "../..");
const settings = join(repository, "rootfs-overlay/etc/samba/smb.conf");

/** What the unit coppice-smb.service does, as a child of this process, for `npm run dev` on a machine without its units. */
export class FolderDrive implements DriveRunner, AsyncDisposable {
  readonly account = userInfo().username;
  readonly port: number;
  readonly #folder: string;
  readonly #passwords: string;
  #child: ChildProcess | undefined;

  /** @param state the host's own folder. @param port on 127.0.0.1. */
  constructor(state: string, port: number) {
    this.port = port;
    this.#folder = join(state, "smb");
    this.#passwords = join(state, "smbpasswd");
  }

  async restart(): Promise<void> {
    await this.stop();
    const files = join(this.#folder, "files");
    const map = join(this.#folder, "users.map");
    const conf = join(this.#folder, "smb.conf");
    const run = join(this.#folder, "run");
    await rm(run, { recursive: true, force: true });
    for (const folder of [files, run])
      await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(map, `!${this.account} = *\n`);
    const own = {
      interfaces: "127.0.0.1",
      "smb ports": this.port,
      "username map": map,
      "passdb backend": `smbpasswd:${this.#passwords}`,
      "private dir": this.#folder,
      "state directory": this.#folder,
      "cache directory": run,
      "lock directory": run,
      "pid directory": run,
      "ncalrpc dir": join(run, "ncalrpc"),
      "log file": join(run, "smbd.log"),
    };
    await writeFile(
      conf,
      [
        `include = ${settings}`,
        "[global]",
        ...Object.entries(own).map(([name, value]) => `${name} = ${value}`),
        "[Files]",
        `path = ${files}`,
        "",
      ].join("\n"),
    );
    const child = spawn(
      "setpriv",
      [
        "--pdeathsig",
        "TERM",
        "--",
        process.execPath,
        "--disable-warning=ExperimentalWarning",
        join(repository, "services/cli/main.ts"),
        "mount",
        "--mine",
        files,
        "--",
        "smbd",
        "--foreground",
        "--debug-stdout",
        `--configfile=${conf}`,
      ],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    this.#child = child;
    while (!(await connects({ host: "127.0.0.1", port: this.port }))) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new CommandError("smbd", String(child.exitCode), "see the log");
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
