import {
  createHash,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type CoseSigner, keySigner } from "../../shared/cose.ts";
import { writeDurable } from "../../shared/durable.ts";
import { ed25519FromSeed, ed25519Raw } from "../../shared/ed25519.ts";
import { BadRequestError, hasCode } from "../../shared/errors.ts";

/** A backup that cannot be opened: not one of ours, or another passphrase. */
export class BackupError extends BadRequestError {
  override name = "BackupError";
}

const backupHeader = "coppice root key 1";

/** The owner's key (Ed25519): the root of a block tree, whose principal is the SHA-256 of its public key. */
export class RootKey {
  #seed: Buffer;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SHA-256 of the raw public key. */
  readonly principal: Buffer;
  /** AES-256 key under which block headers of the tree are encrypted. */
  readonly treeKey: Buffer;
  /** AES-256 key under which the headers of objects are encrypted. */
  readonly objectKey: Buffer;

  private constructor(seed: Buffer) {
    this.#seed = seed;
    this.privateKey = ed25519FromSeed(seed);
    this.publicKey = createPublicKey(this.privateKey);
    this.principal = createHash("sha256")
      .update(ed25519Raw(this.publicKey))
      .digest();
    this.treeKey = Buffer.from(
      hkdfSync("sha256", seed, Buffer.alloc(0), "coppice tree key", 32),
    );
    this.objectKey = Buffer.from(
      hkdfSync("sha256", seed, Buffer.alloc(0), "coppice object key", 32),
    );
  }

  /** Signs in the owner's name. */
  get signer(): CoseSigner {
    return keySigner(this.principal, this.privateKey, this.publicKey);
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
    return await ageInWorker({ act: "encrypt", passphrase, text }, signal);
  }

  /** Opens a backup. @throws BackupError */
  static async restore(
    file: string,
    passphrase: string,
    signal?: AbortSignal,
  ): Promise<RootKey> {
    let text: string;
    try {
      text = await ageInWorker(
        { act: "decrypt", passphrase, text: file },
        signal,
      );
    } catch (error) {
      signal?.throwIfAborted();
      throw new BackupError(
        `This backup does not open: ${(error as Error).message}. Check the passphrase and that it is the file you downloaded.`,
        "backup-not-opened",
      );
    }
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

/** What the age worker is asked. */
export interface AgeRequest {
  act: "encrypt" | "decrypt";
  passphrase: string;
  text: string;
}

/** Key derivation takes a second and much memory by design, so it runs beside the event loop. */
async function ageInWorker(
  request: AgeRequest,
  signal?: AbortSignal,
): Promise<string> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL("age-worker.ts", import.meta.url), {
    workerData: request,
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  worker.once("message", resolve);
  worker.once("error", reject);
  signal?.addEventListener("abort", () => reject(signal.reason), {
    once: true,
  });
  try {
    return await promise;
  } finally {
    await worker.terminate();
  }
}
