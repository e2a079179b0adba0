/** What a disk was given, write by write, as QEMU's blklogwrites keeps it: the format of Linux's dm-log-writes. */

import { randomInt } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";

const sector = 512;
const magic = 0x6a736677736872n;
const flags = { flush: 1n, fua: 2n, discard: 4n };
const known = flags.flush | flags.fua | flags.discard;

/** One thing that the disk was told. */
export interface DiskWrite {
  /** Bytes from the disk's beginning. */
  offset: number;
  /** Bytes; none where it was only told to keep what it has. */
  size: number;
  /** Where its bytes are in the log; nowhere where they were discarded. */
  from: number | undefined;
  /** Whether all before it is kept once it is done. */
  flush: boolean;
}

/** A log that a running disk writes. */
export class WriteLog implements AsyncDisposable {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<WriteLog> {
    return new WriteLog(await open(path, "r"));
  }

  /** All that the disk was told so far. How much that is the log says of itself at flushes alone, and a disk may have none for long: it is read to its end. @throws Error where it is not whole */
  async read(): Promise<DiskWrite[]> {
    const head = Buffer.alloc(sector);
    await this.#file.read(head, 0, sector, 0);
    if (head.readBigUInt64LE() !== magic)
      throw new Error("This is no log of a disk's writes.");
    const writes: DiskWrite[] = [];
    let at = sector;
    for (;;) {
      const { bytesRead } = await this.#file.read(head, 0, sector, at);
      const [start, sectors, flag] = [0, 8, 16].map((place) =>
        head.readBigUInt64LE(place),
      ) as [bigint, bigint, bigint];
      // Here it ends, or a place is taken whose bytes come.
      if (bytesRead < sector || (sectors === 0n && flag === 0n)) return writes;
      if (flag > known)
        throw new Error(
          `Entry ${writes.length}, at ${at}, is none: ${start}, ${sectors}, ${flag} behind ${JSON.stringify(writes.slice(-3))}`,
        );
      at += sector;
      const size = Number(sectors) * sector;
      const discard = (flag & flags.discard) !== 0n;
      writes.push({
        offset: Number(start) * sector,
        size,
        from: discard || size === 0 ? undefined : at,
        flush: (flag & (flags.flush | flags.fua)) !== 0n,
      });
      if (!discard) at += size;
    }
  }

  /** Does to another disk what this one was told. */
  async apply(disk: FileHandle, write: DiskWrite): Promise<void> {
    const { offset, size, from } = write;
    if (size === 0) return;
    const bytes = Buffer.alloc(size);
    if (from !== undefined) await this.#file.read(bytes, 0, size, from);
    await disk.write(bytes, 0, size, offset);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/**
 * Plays power cuts: at each of some moments, `disk` holds all that was flushed before, and of what was written since a part by
 * chance. @param disk a copy from before the first write. @param look is called at each moment
 */
export async function cutPower(
  log: WriteLog,
  writes: readonly DiskWrite[],
  moments: readonly number[],
  disk: string,
  look: (moment: number) => Promise<void>,
): Promise<void> {
  await using file = await open(disk, "r+");
  let kept = 0;
  for (const moment of [...moments].sort((a, b) => a - b)) {
    const flushed =
      writes.slice(0, moment).findLastIndex(({ flush }) => flush) + 1;
    for (; kept < flushed; kept++)
      await log.apply(file, writes[kept] as DiskWrite);
    const before: { offset: number; bytes: Buffer }[] = [];
    for (const write of writes.slice(flushed, moment)) {
      if (write.size === 0 || randomInt(2) === 0) continue;
      const bytes = Buffer.alloc(write.size);
      await file.read(bytes, 0, write.size, write.offset);
      before.push({ offset: write.offset, bytes });
      await log.apply(file, write);
    }
    await look(moment);
    for (const { offset, bytes } of before.reverse())
      await file.write(bytes, 0, bytes.length, offset);
  }
}
