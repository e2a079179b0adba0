import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ReEnrolment } from "../identity/client.ts";
import { removeDurable } from "../shared/durable.ts";
import { ed25519Raw } from "../shared/ed25519.ts";
import { ConflictError, DiskError } from "../shared/errors.ts";
import { Mutex } from "../shared/mutex.ts";
import type { StorageState } from "./client.ts";
import { findDisk } from "./disk.ts";
import { FragmentStore } from "./store/fragments.ts";
import { Files } from "./tree/files.ts";
import { RootKey } from "./tree/rootkey.ts";

/** The storage node: the root key, the data disk's fragment store, and the files that both together give. */
export class StorageNode implements AsyncDisposable {
  #state: string;
  #disks: string;
  #root: RootKey | undefined;
  #store: FragmentStore | undefined;
  #uuid: string | undefined;
  #files: Files | undefined;
  #queue = new Mutex();

  private constructor(state: string, disks: string) {
    this.#state = state;
    this.#disks = disks;
  }

  /** @param state folder for the root key, on the encrypted state partition. @param disks folder of mounted data disks. */
  static async open(state: string, disks: string): Promise<StorageNode> {
    await mkdir(state, { recursive: true });
    const node = new StorageNode(state, disks);
    node.#root = await RootKey.load(state);
    await node.rescan();
    return node;
  }

  /** Looks for a data disk that was mounted or taken away since. */
  async rescan(): Promise<void> {
    await this.#queue.run(async () => {
      const disk = await findDisk(this.#disks);
      if (disk?.uuid !== this.#uuid) {
        await this.#store?.[Symbol.asyncDispose]();
        this.#store = undefined;
        this.#files = undefined;
        this.#uuid = disk?.uuid;
        if (disk)
          this.#store = await FragmentStore.open(join(disk.path, "store"));
      }
      await this.#compose();
    });
  }

  /** @throws DiskError, ConflictError where the box is not set up yet. */
  get files(): Files {
    if (this.#files) return this.#files;
    if (!this.#root)
      throw new ConflictError(
        "This box is not set up yet. Finish the setup first.",
        "not-set-up",
      );
    throw new DiskError(
      "The data disk is not there. Check its cable and power, then restart the box.",
    );
  }

  /** What the dashboard shows. */
  state(): StorageState {
    const files = this.#files?.list() ?? [];
    return {
      rootKey: this.#root?.principal.toString("hex") ?? null,
      disk: this.#uuid ?? null,
      files: files.length,
      bytes: files.reduce((sum, { size }) => sum + size, 0),
      ...(this.#store?.state() ?? { mended: 0 }),
    };
  }

  /** Makes the root key and returns its backup; one that guards no file yet is replaced. @throws ConflictError */
  async createRootKey(
    passphrase: string,
    signal: AbortSignal,
  ): Promise<string> {
    return await this.#queue.run(async () => {
      const root = RootKey.create();
      const backup = await root.backup(passphrase, signal);
      await this.#adopt(root);
      return backup;
    });
  }

  /** Takes the root key from a backup. @throws BackupError, ConflictError */
  async restoreRootKey(
    file: string,
    passphrase: string,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#queue.run(async () =>
      this.#adopt(await RootKey.restore(file, passphrase, signal)),
    );
  }

  /** Puts a new TPM in a lost one's place, in the owner's name. Gives a COSE_Sign1. @throws ConflictError where there is no root key */
  async signReEnrolment(
    question: Omit<ReEnrolment, "type" | "root">,
  ): Promise<Buffer> {
    if (!this.#root)
      throw new ConflictError(
        "The owner's root key is not on this box. Restore it first.",
        "not-set-up",
      );
    const { signReEnrolment } = await import("../identity/client.ts");
    return await signReEnrolment(
      {
        type: "coppice re-enrolment 1",
        ...question,
        root: ed25519Raw(this.#root.publicKey),
      },
      this.#root.signer,
    );
  }

  /** Forgets a root key that guards no file: the setup begins again. @throws ConflictError */
  async forgetRootKey(): Promise<void> {
    await this.#queue.run(async () => {
      this.#refuseIfFiles();
      await removeDurable(join(this.#state, "root-key"));
      this.#root = undefined;
      this.#files = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store?.[Symbol.asyncDispose]();
  }

  async #adopt(root: RootKey): Promise<void> {
    this.#refuseIfFiles();
    await root.save(this.#state);
    this.#root = root;
    this.#files = undefined;
    await this.#compose();
  }

  #refuseIfFiles(): void {
    if ((this.#files?.list().length ?? 0) > 0)
      throw new ConflictError(
        "There are files under the present root key. Delete them, or keep the key.",
        "root-key-in-use",
      );
  }

  async #compose(): Promise<void> {
    if (this.#store && this.#root && !this.#files)
      this.#files = await Files.open(this.#store, this.#root);
  }
}
