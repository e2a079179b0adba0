import { access, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { removeDurable, writeDurable } from "../shared/durable.ts";
import { Mutex } from "../shared/mutex.ts";
import { command } from "./command.ts";

/** Runs Samba over a mount of the files. */
export interface DriveRunner {
  /** The account of this machine that Samba runs as. */
  readonly account: string;
  /** The TCP port on which it listens. */
  readonly port: number;
  /** Starts it with the passwords that are in force now, or anew; resolves when it answers. @throws CommandError */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The unit coppice-smb.service. */
export const unitRunner: DriveRunner = {
  account: "coppice-smb",
  port: 445,
  restart: async () => {
    await command("systemctl", ["restart", "coppice-smb.service"]);
  },
  stop: async () => {
    await command("systemctl", ["stop", "coppice-smb.service"]);
  },
};

/**
 * The files as a network drive for phones and desktops (SMB 3, by Samba). It is open exactly while its password file
 * is there, so that it comes back after a reboot, and its password is gone when it is closed.
 */
export class NetworkDrive {
  readonly #file: string;
  readonly #runner: DriveRunner;
  readonly #turns = new Mutex();

  /** @param state the host's own folder. */
  constructor(state: string, runner: DriveRunner) {
    this.#file = join(state, "smbpasswd");
    this.#runner = runner;
  }

  get port(): number {
    return this.#runner.port;
  }

  async isOpen(): Promise<boolean> {
    return await access(this.#file).then(
      () => true,
      () => false,
    );
  }

  /** Opens the drive, or changes its password; whoever is connected is cut off. @throws CommandError where Samba does not start; it is closed then */
  async open(password: string): Promise<void> {
    await this.#turns.run(async () => {
      await mkdir(dirname(this.#file), { recursive: true });
      await writeDurable(this.#file, await this.#passwordFile(password));
      try {
        await this.#runner.restart();
      } catch (error) {
        await removeDurable(this.#file);
        // It would be tried again and again.
        await this.#runner.stop();
        throw error;
      }
    });
  }

  /** Starts it where it is open, for a runner that does not do so by itself. @throws CommandError */
  async resume(): Promise<void> {
    await this.#turns.run(async () => {
      if (await this.isOpen()) await this.#runner.restart();
    });
  }

  /** Closes the drive and forgets its password. @throws CommandError */
  async close(): Promise<void> {
    await this.#turns.run(async () => {
      await removeDurable(this.#file);
      await this.#runner.stop();
    });
  }

  /** What smbpasswd(5) says; the password goes to Samba's own tool by standard input. */
  async #passwordFile(password: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "smbpasswd-"));
    try {
      const file = join(folder, "smbpasswd");
      const options = {
        "passdb backend": `smbpasswd:${file}`,
        "private dir": folder,
        "state directory": folder,
        "cache directory": folder,
        "lock directory": folder,
      };
      await command(
        "pdbedit",
        [
          "--configfile=/dev/null",
          ...Object.entries(options).map(
            ([name, value]) => `--option=${name}=${value}`,
          ),
          "--create",
          `--user=${this.#runner.account}`,
          "--password-from-stdin",
        ],
        { input: `${password}\n${password}\n` },
      );
      return await readFile(file, "utf8");
    } finally {
      await rm(folder, { recursive: true });
    }
  }
}
