import { randomBytes } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { writeDurable } from "../../shared/durable.ts";
import { BadRequestError, hasCode } from "../../shared/errors.ts";
import { openFolders } from "./data-disk.ts";
import type { FragmentStore } from "./fragments.ts";
import { mendedOn } from "./history.ts";
import { Objects } from "./objects.ts";
import { Scrubber } from "./scrub.ts";
import type { DataDisk } from "./state.ts";

/** A fragment store on folders, without the services. */
export class StoreHere implements AsyncDisposable {
  readonly store: FragmentStore;
  readonly objects: Objects;
  readonly scrubber: Scrubber;

  private constructor(store: FragmentStore, key: Buffer) {
    this.store = store;
    this.objects = new Objects(store, key);
    this.scrubber = new Scrubber(store);
  }

  /** @throws ConflictError where a folder holds other things or is in use; BadRequestError where the key file is none. */
  static async open(
    folders: readonly string[],
    keyFile: string,
    onError: (error: unknown) => void,
  ): Promise<StoreHere> {
    const key = await readKey(keyFile);
    return new StoreHere(await openFolders(folders, onError), key);
  }

  /** What is to be known of each disk. */
  async disks(): Promise<DataDisk[]> {
    return await Promise.all(
      [...this.store.disks.values()].map(async (disk) => ({
        uuid: disk.uuid,
        state: disk.failure ? ("failed" as const) : ("ok" as const),
        ...(disk.failure ? { failure: disk.failure.message } : {}),
        ...(await disk.room()),
        stored: [...disk.usage().values()].reduce(
          (sum, { bytes }) => sum + bytes,
          0,
        ),
        packs: disk.packs.numbers.length,
        mended: mendedOn(disk),
        readErrors: disk.packs.readErrors,
      })),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.idle();
    await this.scrubber[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }
}

async function readKey(file: string): Promise<Buffer> {
  let key: Buffer;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0)
      throw new BadRequestError(
        `${file} holds a key, and others may read it: chmod 600 ${file}`,
        "open-key",
      );
    key = await readFile(file);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    key = randomBytes(32);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeDurable(file, key);
  }
  if (key.length !== 32)
    throw new BadRequestError(
      `${file} is not a key: it has ${key.length} bytes, not 32.`,
      "bad-key",
    );
  return key;
}
