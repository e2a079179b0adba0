import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chown,
  copyFile,
  mkdir,
  readFile,
  rm,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connects } from "../shared/connects.ts";
import { CommandError } from "./command.ts";
import {
  type DriveRunner,
  driveFiles,
  otherAccounts,
  ownerAccount,
} from "./network-drive.ts";

const repository = join(import.meta.dirname, "../..");
const settings = join(repository, "rootfs-overlay/etc/samba/smb.conf");

/** Drops every privilege but to pass through root's own folders, which on a box are not in the way. */
const withoutRoot = [
  "setpriv",
  `--reuid=${ownerAccount.uid}`,
  `--regid=${ownerAccount.uid}`,
  "--clear-groups",
  "--inh-caps=-all,+dac_read_search",
  "--ambient-caps=-all,+dac_read_search",
  "--",
];

/**
 * What the unit coppice-smb.service does, as a child of this process, for `npm run dev` on a machine without its units. Samba
 * sees the accounts that sysusers.d makes on a box, and never runs as root.
 */
export class FolderDrive implements DriveRunner, AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #state: string;
  #child: ChildProcess | undefined;

  /** @param state the host's own folder. @param port on 127.0.0.1. */
  constructor(state: string, port: number) {
    this.port = port;
    this.#folder = join(state, "smb");
    this.#state = state;
  }

  async restart(): Promise<void> {
    await this.stop();
    const files = join(this.#folder, "files");
    const conf = join(this.#folder, "smb.conf");
    const run = join(this.#folder, "run");
    await rm(run, { recursive: true, force: true });
    for (const folder of [files, run])
      await mkdir(folder, { recursive: true, mode: 0o700 });
    const passwords = join(run, "smbpasswd");
    await copyFile(join(this.#state, driveFiles.passwords), passwords);
    const isRoot = process.getuid?.() === 0;
    if (isRoot)
      for (const path of [this.#folder, run, passwords])
        await chown(path, ownerAccount.uid, ownerAccount.uid);
    const accounts = [ownerAccount, ...otherAccounts];
    const passwd = join(this.#folder, "accounts");
    const group = join(this.#folder, "groups");
    await writeFile(
      passwd,
      (await readFile("/etc/passwd", "utf8")) +
        accounts
          .map(({ name, uid }) => `${name}:x:${uid}:${uid}::/:/bin/false\n`)
          .join(""),
    );
    await writeFile(
      group,
      (await readFile("/etc/group", "utf8")) +
        accounts.map(({ name, uid }) => `${name}:x:${uid}:\n`).join(""),
    );
    const own = {
      interfaces: "127.0.0.1",
      "smb ports": this.port,
      "username map": join(this.#state, driveFiles.names),
      "passdb backend": `smbpasswd:${passwords}`,
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
        `path = ${files}/%u`,
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
        "--people",
        join(this.#state, driveFiles.people),
        ...(isRoot ? ["--allow-other"] : []),
        files,
        "--",
        ...(isRoot ? withoutRoot : []),
        "env",
        "LD_PRELOAD=libnss_wrapper.so",
        `NSS_WRAPPER_PASSWD=${passwd}`,
        `NSS_WRAPPER_GROUP=${group}`,
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
