import { join } from "node:path";
import { type Static, Type } from "typebox";
import {
  isThere,
  readJson,
  removeDurable,
  writeDurable,
} from "../../shared/durable.ts";
import { CoppiceError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import { adminFiles } from "../../shared/recovery.ts";
import { Tries } from "../../shared/tries.ts";
import { Passkeys, type UsedPasskey } from "./passkeys.ts";
import { hashPassword, PasswordHash, passwordMatches } from "./password.ts";
import { SecondFactor } from "./second-factor.ts";

/** The box's owner. That this file stands is what makes a box claimed. */
export const Owner = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 64 }),
  password: PasswordHash,
});
export type Owner = Static<typeof Owner>;

const wrongPassword = {
  type: "wrong-password",
  words: "Name or password are not right.",
  counts: true,
};
const codeMissing = {
  type: "second-factor",
  words: "Type the code that your app shows, or one of your recovery codes.",
  counts: false,
};
const wrongCode = {
  type: "wrong-code",
  words:
    "This code is not right, or was used before. Wait for the next one that your app shows.",
  counts: true,
};
const wrongPasskey = {
  type: "wrong-passkey",
  words:
    "This passkey is not one of the owner's, or took too long. Try again, or sign in with the password.",
  counts: true,
};
const wrongProof = {
  type: "wrong-proof",
  words: "This is the root key of somebody else, not of this box's owner.",
  counts: true,
};

/** Name or password were wrong, or it is too early for another try. */
export class SignInError extends CoppiceError {
  override name = "SignInError";
}

/** What came of a try: it is right; or why not, and whether it counts as wrong. */
type Verdict = "right" | { type: string; words: string; counts: boolean };

/** Keeps the owner and checks sign-ins and other proofs, with a growing delay after five wrong ones. */
export class OwnerAccount {
  #file: string;
  readonly #lock: string;
  /** What is asked for beside the password. */
  readonly second: SecondFactor;
  /** What stands for password and code. */
  readonly passkeys: Passkeys;
  #owner: Owner | undefined;
  readonly #tries = new Tries();
  #queue = new Mutex();

  private constructor(
    file: string,
    lock: string,
    second: SecondFactor,
    passkeys: Passkeys,
    owner: Owner | undefined,
  ) {
    this.#file = file;
    this.#lock = lock;
    this.second = second;
    this.passkeys = passkeys;
    this.#owner = owner;
  }

  /** @param folder the admin's state. */
  static async load(folder: string): Promise<OwnerAccount> {
    const file = join(folder, adminFiles.owner);
    const lock = join(folder, adminFiles.locked);
    return new OwnerAccount(
      file,
      lock,
      await SecondFactor.load(folder),
      await Passkeys.load(folder),
      await readJson(Owner, file),
    );
  }

  /** The owner's name; `undefined` while the box is unclaimed. */
  get name(): string | undefined {
    return this.#owner?.name;
  }

  /** Makes somebody the owner, durably. */
  async claim(owner: Owner): Promise<void> {
    await writeDurable(this.#file, JSON.stringify(owner));
    this.#owner = owner;
  }

  /** Gives the owner another password, durably. @throws BadRequestError where it is too short */
  async change(password: string): Promise<void> {
    const owner = this.#claimed();
    await this.claim({ ...owner, password: await hashPassword(password) });
  }

  /** Gives an owner who cannot sign in a password that was hashed elsewhere, durably; nothing else is asked for any more, or lets anybody in. @throws SignInError where there is no owner */
  async replace(password: PasswordHash): Promise<void> {
    await this.claim({ ...this.#claimed(), password });
    await this.forgetOthers();
  }

  /** Ends what is asked for beside the password, and what stands for it, durably: somebody else may have set it up. */
  async forgetOthers(): Promise<void> {
    await this.second.remove();
    await this.passkeys.removeAll();
  }

  /** Whether nobody may set a password at the box, in its recovery. */
  async isLocked(): Promise<boolean> {
    return await isThere(this.#lock);
  }

  /** Says whether somebody may, durably. */
  async lock(locked: boolean): Promise<void> {
    if (locked) await writeDurable(this.#lock, "");
    else await removeDurable(this.#lock);
  }

  /** Resolves where name and password are right, and the code, where one is asked for. @throws SignInError (401 wrong, or second-factor: the code is missing; 429 too early) */
  async check(name: string, password: string, code?: string): Promise<void> {
    await this.#attempt(async (owner) => {
      const isOwner =
        (await passwordMatches(password, owner.password)) &&
        name.trim().toLowerCase() === owner.name.toLowerCase();
      if (!isOwner) return wrongPassword;
      if (!this.second.state.on) return "right";
      if (code === undefined) return codeMissing;
      return (await this.second.accepts(code)) ? "right" : wrongCode;
    });
  }

  /** Resolves where somebody who is signed in knows the password. @throws SignInError (401 wrong, 429 too early) */
  async confirm(password: string): Promise<void> {
    await this.#attempt(async (owner) =>
      (await passwordMatches(password, owner.password))
        ? "right"
        : wrongPassword,
    );
  }

  /** Resolves where one of the owner's passkeys signed. @param host that the browser speaks with. @throws SignInError (401 wrong, 429 too early), BadRequestError for an address */
  async checkPasskey(host: string, answer: UsedPasskey): Promise<void> {
    await this.#attempt(async () =>
      (await this.passkeys.accepts(host, answer)) ? "right" : wrongPasskey,
    );
  }

  /** Resolves where somebody proves by other means to be the owner. @throws what `proves` throws, SignInError (401 not he, 429 too early) */
  async checkProof(proves: () => Promise<boolean>): Promise<void> {
    await this.#attempt(async () => ((await proves()) ? "right" : wrongProof));
  }

  #claimed(): Owner {
    if (this.#owner) return this.#owner;
    throw new SignInError(
      409,
      "not-set-up",
      "This box has no owner yet. Set it up first.",
    );
  }

  async #attempt(judge: (owner: Owner) => Promise<Verdict>): Promise<void> {
    // One at a time: argon2id takes 19 MB, and parallel guesses would dodge the delay.
    await this.#queue.run(async () => {
      const { wait } = this.#tries;
      if (wait > 0)
        throw new SignInError(
          429,
          "too-many-tries",
          `Too many wrong passwords. Wait ${Math.ceil(wait)} seconds, then try again.`,
          { retryAfter: wait },
        );
      const owner = this.#claimed();
      // What cannot be looked at is as good as wrong: it took as long.
      const verdict = await judge(owner).catch((error: unknown) => {
        this.#tries.wrong();
        throw error;
      });
      if (verdict === "right") {
        this.#tries.right();
        return;
      }
      const { type, words, counts } = verdict;
      const seconds = counts ? this.#tries.wrong() : 0;
      throw new SignInError(
        401,
        type,
        words,
        seconds > 0 ? { retryAfter: seconds } : {},
      );
    });
  }
}
