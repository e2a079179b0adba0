import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  rm,
  statfs,
} from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "../../shared/durable.ts";
import { DiskError, DiskFullError, hasCode } from "../../shared/errors.ts";
import { openLibrary } from "../../shared/native.ts";
import {
  encodeRecordHeader,
  type RecordHeader,
  recordHeaderSize,
  recordSize,
} from "./record.ts";

/** Where a fragment stands: number of the pack, offset of its record and bytes of the fragment. */
export interface Extent {
  pack: number;
  offset: number;
  length: number;
}

/** A pack is closed for writing when it has reached this size. */
export const packSize = 256 * 2 ** 20;
/** Kept free on a disk, so that deleting and the index always have room. */
export const reserve = 256 * 2 ** 20;
const punchHole = 0x02 | 0x01;

/** The append-only files of one data disk. Writes are durable after `sync`; a failed flush fences the disk. */
export class Packs implements AsyncDisposable {
  #folder: string;
  #handles = new Map<number, Promise<FileHandle>>();
  #writer: { number: number; offset: number } | undefined;
  #next: number;
  #dirty = new Set<number>();
  #failure: DiskError | undefined;
  #libc = openLibrary("libc.so.6", "libc6", {
    fallocate: ["int", ["int", "int", "int64", "int64"]],
  });

  private constructor(folder: string, next: number) {
    this.#folder = folder;
    this.#next = next;
  }

  /**
   * Opens the packs in a folder. What lies outside the live extents is what a crash or a deletion left: it is given back,
   * so a torn tail never outlives a start. Writing begins in a new pack.
   */
  static async open(
    folder: string,
    live: Map<number, Extent[]>,
  ): Promise<Packs> {
    await mkdir(folder, { recursive: true });
    const numbers = (await readdir(folder))
      .map((name) => /^(\d{8})\.pack$/.exec(name)?.[1])
      .filter((text) => text !== undefined)
      .map(Number);
    const packs = new Packs(
      folder,
      Math.max(0, ...numbers, ...live.keys()) + 1,
    );
    for (const number of numbers)
      await packs.#reclaim(number, live.get(number) ?? []);
    return packs;
  }

  /** Set once the disk failed; nothing is written from then on. */
  get failure(): DiskError | undefined {
    return this.#failure;
  }

  /** @throws DiskFullError unless `bytes` fit and the reserve stays. @throws DiskError where the disk failed. */
  async admit(bytes: number): Promise<void> {
    if (this.#failure) throw this.#failure;
    const { bavail, bsize } = await this.#guard("look at", () =>
      statfs(this.#folder),
    );
    if (bavail * bsize < bytes + reserve) {
      throw new DiskFullError(
        `The disk has ${Math.max(0, Math.floor((bavail * bsize - reserve) / 2 ** 20))} MB free for files and this needs ${Math.ceil(bytes / 2 ** 20)} MB. Delete something, or keep it elsewhere.`,
      );
    }
  }

  /** Appends one record. Durable only after `sync`. @throws DiskFullError, DiskError */
  async append(header: RecordHeader, fragment: Buffer): Promise<Extent> {
    if (this.#failure) throw this.#failure;
    const size = recordSize(fragment.length);
    if (!this.#writer || this.#writer.offset >= packSize)
      this.#writer = { number: this.#next++, offset: 0 };
    const { number, offset } = this.#writer;
    this.#writer.offset += size;
    this.#dirty.add(number);
    const padding = Buffer.alloc(size - recordHeaderSize - fragment.length);
    await this.#guard("write to", async () => {
      const file = await this.#file(number);
      await file.writev(
        [encodeRecordHeader(header), fragment, padding],
        offset,
      );
    });
    return { pack: number, offset, length: fragment.length };
  }

  /** Flushes all that was appended. @throws DiskError: after a failed flush nobody knows what is on the disk, so it is fenced. */
  async sync(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    try {
      for (const number of dirty) await (await this.#file(number)).datasync();
      if (dirty.length > 0) await syncFolder(this.#folder);
    } catch (error) {
      throw this.#fence(error);
    }
  }

  /** Reads a fragment; fewer bytes than asked where the disk has lost some. @throws DiskError */
  async read(extent: Extent): Promise<Buffer> {
    return await this.#guard("read from", async () => {
      const file = await this.#file(extent.pack);
      const bytes = Buffer.allocUnsafeSlow(extent.length);
      const { bytesRead } = await file.read(
        bytes,
        0,
        extent.length,
        extent.offset + recordHeaderSize,
      );
      return bytes.subarray(0, bytesRead);
    });
  }

  /** Gives a record's room back to the file system. */
  async free(extent: Extent): Promise<void> {
    await this.#punch(extent.pack, extent.offset, recordSize(extent.length));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const handle of this.#handles.values()) await (await handle).close();
    this.#handles.clear();
  }

  async #reclaim(number: number, live: Extent[]): Promise<void> {
    let end = 0;
    for (const { offset, length } of live.sort((a, b) => a.offset - b.offset)) {
      if (offset > end) await this.#punch(number, end, offset - end);
      end = offset + recordSize(length);
    }
    if (end === 0) await rm(this.#path(number));
    else await (await this.#file(number)).truncate(end);
  }

  async #punch(number: number, offset: number, length: number): Promise<void> {
    const { fd } = await this.#file(number);
    // Room that cannot be given back now is given back at the next start.
    await this.#libc.fallocate(fd, punchHole, offset, length);
  }

  #path(number: number): string {
    return join(this.#folder, `${String(number).padStart(8, "0")}.pack`);
  }

  #file(number: number): Promise<FileHandle> {
    let handle = this.#handles.get(number);
    if (!handle) {
      handle = open(this.#path(number), "a+").then(async (probe) => {
        await probe.close();
        return await open(this.#path(number), "r+");
      });
      handle.catch(() => this.#handles.delete(number));
      this.#handles.set(number, handle);
    }
    return handle;
  }

  async #guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT"))
        throw new DiskFullError(
          "The disk is full. Delete something and try again.",
          { cause: error },
        );
      if (
        ["EIO", "EROFS", "ENODEV", "ENXIO", "ENOENT"].some((code) =>
          hasCode(error, code),
        )
      )
        throw this.#fence(error, what);
      throw error;
    }
  }

  #fence(cause: unknown, what = "flush"): DiskError {
    this.#failure ??= new DiskError(
      `The box could not ${what} its data disk (${(cause as Error).message}). Check its cable and power, then restart the box.`,
      { cause },
    );
    return this.#failure;
  }
}
