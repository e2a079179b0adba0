import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import type { People } from "../cli/mount/people.ts";
import { readJson, removeDurable, writeDurable } from "../shared/durable.ts";
import { ConflictError } from "../shared/errors.ts";
import { Mutex } from "../shared/mutex.ts";
import { DrivePerson, NewDrivePerson } from "./client.ts";
import { command } from "./command.ts";

/** An account of this machine; its group has the same number. */
export interface Account {
  name: string;
  uid: number;
}

/** The account that Samba runs as, and that the owner signs in to; sysusers.d makes it. */
export const ownerAccount: Account = { name: "coppice-smb", uid: 485 };
/** The accounts that others sign in to, so that Samba tells them apart; no process ever runs as one. */
export const otherAccounts: readonly Account[] = Array.from(
  { length: 32 },
  (_, index) => ({
    name: `coppice-drive-${String(index + 1).padStart(2, "0")}`,
    uid: 501 + index,
  }),
);

/** Runs Samba over a mount of the files, with what `NetworkDrive` leaves in its folder. */
export interface DriveRunner {
  /** The TCP port on which it listens. */
  readonly port: number;
  /** Starts it with the passwords that are in force now, or anew; resolves when it answers. @throws CommandError */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The unit coppice-smb.service. */
export const unitRunner: DriveRunner = {
  port: 445,
  restart: async () => {
    await command("systemctl", ["restart", "coppice-smb.service"]);
  },
  stop: async () => {
    await command("systemctl", ["stop", "coppice-smb.service"]);
  },
};

/** What `NetworkDrive` leaves for its runner, in the host's own folder. */
export const driveFiles = {
  /** smbpasswd(5). While it is there, the drive is open. */
  passwords: "smb/smbpasswd",
  /** Names that sign in, as `username map` of smb.conf(5). */
  names: "smb/names",
  /** For `coppice mount --people`. */
  people: "smb/people",
} as const;

const Admitted = Type.Object({
  ...DrivePerson.properties,
  account: Type.String(),
  secret: NewDrivePerson.properties.secret,
  hash: Type.String(),
});
const Settings = Type.Object({
  hash: Type.String({ description: "of the owner's password" }),
  people: Type.Array(Admitted),
});
type Settings = Static<typeof Settings>;

/**
 * The files as a network drive for phones and desktops (SMB 3, by Samba): the owner's whole tree, and for others what they
 * were given, each by a name and a password of their own. It is open while its settings are there, so that it comes back
 * after a reboot, and every password is gone when it is closed.
 */
export class NetworkDrive {
  readonly #state: string;
  readonly #file: string;
  readonly #runner: DriveRunner;
  readonly #turns = new Mutex();

  /** @param state the host's own folder. */
  constructor(state: string, runner: DriveRunner) {
    this.#state = state;
    this.#file = join(state, "drive.json");
    this.#runner = runner;
  }

  get port(): number {
    return this.#runner.port;
  }

  async isOpen(): Promise<boolean> {
    return (await this.#settings()) !== undefined;
  }

  /** Who may use it beside the owner. */
  async people(): Promise<DrivePerson[]> {
    return ((await this.#settings())?.people ?? []).map(({ share, name }) => ({
      share,
      name,
    }));
  }

  /** Opens the drive, or changes its owner's password; whoever is connected is cut off. @throws CommandError where Samba does not start; it is closed then */
  async open(password: string): Promise<void> {
    await this.#turns.run(async () => {
      const people = (await this.#settings())?.people ?? [];
      const hash = await hashOf(password);
      try {
        await this.#apply({ hash, people });
      } catch (error) {
        // It would be tried again and again.
        await this.#close();
        throw error;
      }
    });
  }

  /**
   * Lets somebody sign in and see what the share gives; another password for whoever may already. Whoever is connected is
   * cut off for a moment. @throws ConflictError: drive-closed, drive-full
   */
  async admit(person: NewDrivePerson): Promise<DrivePerson> {
    return await this.#turns.run(async () => {
      const settings = await this.#settings();
      if (!settings)
        throw new ConflictError(
          "The network drive is switched off. Switch it on first, on the System page.",
          "drive-closed",
        );
      const { share, secret, label, password } = person;
      const others = settings.people.filter((one) => one.share !== share);
      const account = otherAccounts.find(
        ({ name }) => !others.some((one) => one.account === name),
      );
      if (!account)
        throw new ConflictError(
          `The network drive has room for ${otherAccounts.length} people beside the owner. Remove somebody first.`,
          "drive-full",
        );
      const name = signInName(
        label,
        others.map((one) => one.name),
      );
      const hash = await hashOf(password);
      const admitted = { share, name, account: account.name, secret, hash };
      try {
        await this.#apply({ ...settings, people: [...others, admitted] });
      } catch (error) {
        // Nobody was told this password.
        await this.#apply({ ...settings, people: others }).catch(() => {});
        throw error;
      }
      return { share, name };
    });
  }

  /** Voids what those with one of these shares sign in with; whoever is connected is cut off for a moment. @throws CommandError */
  async expel(shares: readonly string[]): Promise<void> {
    await this.#turns.run(async () => {
      const settings = await this.#settings();
      if (!settings) return;
      const people = settings.people.filter(
        ({ share }) => !shares.includes(share),
      );
      if (people.length < settings.people.length)
        await this.#apply({ ...settings, people });
    });
  }

  /**
   * Makes what Samba reads agree with the settings, where a power cut came between. @param start whether nobody else starts
   * Samba where the drive is open. @throws CommandError
   */
  async resume(start: boolean): Promise<void> {
    await this.#turns.run(async () => {
      const settings = await this.#settings();
      const changed = await this.#render(settings);
      if (settings && (changed || start)) await this.#runner.restart();
      else if (!settings && changed) await this.#runner.stop();
    });
  }

  /** Closes the drive and forgets all its passwords. @throws CommandError */
  async close(): Promise<void> {
    await this.#turns.run(async () => await this.#close());
  }

  async #settings(): Promise<Settings | undefined> {
    return await readJson(Settings, this.#file);
  }

  async #close(): Promise<void> {
    await removeDurable(this.#file);
    await this.#render(undefined);
    await this.#runner.stop();
  }

  /** Keeps settings, and runs Samba with them. */
  async #apply(settings: Settings): Promise<void> {
    await mkdir(join(this.#state, "smb"), { recursive: true, mode: 0o700 });
    await writeDurable(this.#file, JSON.stringify(settings));
    await this.#render(settings);
    await this.#runner.restart();
  }

  /** Writes what Samba reads, or takes it away. @returns whether it was not so already */
  async #render(settings: Settings | undefined): Promise<boolean> {
    const contents = settings && contentsFor(settings);
    let changed = false;
    for (const [name, file] of Object.entries(driveFiles)) {
      const path = join(this.#state, file);
      const wanted = contents?.[name as keyof typeof driveFiles];
      const there = await readFile(path, "utf8").catch(() => undefined);
      if (there === wanted) continue;
      changed = true;
      if (wanted === undefined) await removeDurable(path);
      else await writeDurable(path, wanted);
    }
    return changed;
  }
}

/** The contents of the files that Samba and its mount read. */
function contentsFor(
  settings: Settings,
): Record<keyof typeof driveFiles, string> {
  const people = settings.people.flatMap((person) => {
    const account = otherAccounts.find(({ name }) => name === person.account);
    return account ? [{ ...person, account }] : [];
  });
  return {
    passwords: [{ account: ownerAccount, hash: settings.hash }, ...people]
      .map(({ account: { name, uid }, hash }) => `${name}:${uid}:${hash}\n`)
      .join(""),
    names: [
      ...people.map(({ account, name }) => `!${account.name} = ${name}\n`),
      `!${ownerAccount.name} = *\n`,
    ].join(""),
    people: JSON.stringify([
      { account: ownerAccount.name, uid: ownerAccount.uid },
      ...people.map(({ account: { name, uid }, secret }) => ({
        account: name,
        uid,
        secret,
      })),
    ] satisfies People),
  };
}

/** A name that every device can type, and nobody else has: letters, digits and dashes, after what the owner calls somebody. */
function signInName(label: string, taken: readonly string[]): string {
  const plain =
    label
      .normalize("NFKD")
      .toLowerCase()
      .replace(/\p{Mn}/gu, "")
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, 20)
      .replace(/^-+|-+$/g, "") || "guest";
  for (let number = 1; ; number++) {
    const name = number === 1 ? plain : `${plain}-${number}`;
    if (!taken.includes(name)) return name;
  }
}

/** What smbpasswd(5) keeps of a password, behind name and number; it goes to Samba's own tool by standard input. */
async function hashOf(password: string): Promise<string> {
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
        // It takes accounts of this machine alone; the hash does not depend on which.
        `--user=${userInfo().username}`,
        "--password-from-stdin",
      ],
      { input: `${password}\n${password}\n` },
    );
    return (await readFile(file, "utf8")).trim().split(":").slice(2).join(":");
  } finally {
    await rm(folder, { recursive: true });
  }
}
