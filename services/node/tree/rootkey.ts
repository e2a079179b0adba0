import { type KeyObject, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { BackupError, lockText, unlockText } from "../../shared/age.ts";
import type { CoseSigner } from "../../shared/cose.ts";
import { writeDurable } from "../../shared/durable.ts";
import { hasCode } from "../../shared/errors.ts";
import { deriveKey, Person } from "./person.ts";

const backupHeader = "coppice root key 1";

/** The owner's key: the root of a block tree, whose principal is the SHA-256 of its public key. */
export class RootKey {
  #seed: Buffer;
  readonly person: Person;
  /** AES-256 key under which the keys of all blocks are wrapped for the owner. */
  readonly treeKey: Buffer;
  /** AES-256 key under which the headers of objects are encrypted. */
  readonly objectKey: Buffer;

  private constructor(seed: Buffer) {
    this.#seed = seed;
    this.person = new Person(seed);
    this.treeKey = deriveKey(seed, "coppice tree key");
    this.objectKey = deriveKey(seed, "coppice object key");
  }

  /** SHA-256 of the raw public key. */
  get principal(): Buffer {
    return this.person.principal;
  }

  get publicKey(): KeyObject {
    return this.person.publicKey;
  }

  /** Signs in the owner's name. */
  get signer(): CoseSigner {
    return this.person.signer;
  }

  /** The key as 24 words of the English list (BIP-39): whoever has them has the key. */
  get words(): string {
    return entropyToMnemonic(this.#seed, wordlist);
  }

  /** The key that these words tell. @throws BackupError */
  static fromWords(words: string): RootKey {
    const list = words.trim().toLowerCase().split(/\s+/);
    const unknown = list.find((word) => !wordlist.includes(word));
    if (list.length !== 24 || unknown !== undefined)
      throw new BackupError(
        unknown === undefined
          ? `These are ${list.length} words; the recovery words are 24. Enter all of them, in their order.`
          : `"${unknown}" is not one of the recovery words. Look at its spelling.`,
        "words-not-right",
      );
    try {
      return new RootKey(
        Buffer.from(mnemonicToEntropy(list.join(" "), wordlist)),
      );
    } catch {
      throw new BackupError(
        "These words do not belong together: one is wrong, or they are in another order. Compare them with your paper.",
        "words-not-right",
      );
    }
  }

  /** Makes a new one. */
  static create(): RootKey {
    return new RootKey(randomBytes(32));
  }

  /** Reads the one that is kept in a folder; `undefined` where there is none. */
  static async load(folder: string): Promise<RootKey | undefined> {
    try {
      return new RootKey(await readFile(join(folder, "root-key")));
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** Keeps it in a folder, which must be on the encrypted state partition. */
  async save(folder: string): Promise<void> {
    await writeDurable(join(folder, "root-key"), this.#seed);
  }

  /** An age file (scrypt recipient, ASCII armour) that opens with the passphrase: `age -d` shows what is in it. */
  async backup(passphrase: string, signal?: AbortSignal): Promise<string> {
    const text = `${backupHeader}\n${this.principal.toString("hex")}\n${this.#seed.toString("base64")}\n`;
    return await lockText(text, passphrase, signal);
  }

  /** Opens a backup. @throws BackupError */
  static async restore(
    file: string,
    passphrase: string,
    signal?: AbortSignal,
  ): Promise<RootKey> {
    const text = await unlockText(file, passphrase, signal);
    const [header, principal, seed = ""] = text.split("\n");
    const bytes = Buffer.from(seed, "base64");
    if (header !== backupHeader || bytes.length !== 32)
      throw new BackupError(
        "This file is not the backup of a root key. Choose the file that the setup let you download.",
        "backup-not-opened",
      );
    const key = new RootKey(bytes);
    if (key.principal.toString("hex") !== principal)
      throw new BackupError(
        "This backup is damaged. Use another copy of it.",
        "backup-not-opened",
      );
    return key;
  }
}
