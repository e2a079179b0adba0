/** Files as blocks with names: what a new version needs of them can be found in the one that runs. */
import { createHash } from "node:crypto";
import { fstat, read } from "node:fs";
import { setImmediate as otherWork } from "node:timers/promises";
import { promisify } from "node:util";
import {
  blockNameSize,
  blockSize,
  UpdateError,
  type UpdateFile,
} from "../shared/update.ts";

const readAt = promisify(read);
const statOf = promisify(fstat);
/** Blocks that are read, and hashed, in one go: about a millisecond's work. */
export const together = 256;

/** The name of a block, as a string of bytes. */
export function blockName(block: Uint8Array): string {
  return createHash("sha256")
    .update(block)
    .digest()
    .toString("latin1", 0, blockNameSize);
}

const zeros = Buffer.alloc(together * blockSize);
/** The name of a block of zeros. */
export const zeroName = blockName(zeros.subarray(0, blockSize));

/** Yields a file in slices, and lets other work in between. @param file descriptor. @param size bytes to read */
export async function* slices(
  file: number,
  size: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; ) {
    signal?.throwIfAborted();
    const length = Math.min(together * blockSize, size - at);
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await readAt(file, buffer, 0, length, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
    await otherWork();
  }
}

/** The names of a file's blocks, one after the other; the last block ends where the file does. @param file descriptor */
export async function blockNames(
  file: number,
  size: number,
  signal?: AbortSignal,
): Promise<string[]> {
  const names: string[] = [];
  for await (const slice of slices(file, size, signal)) {
    // Half of a root is empty.
    const empty = slice.equals(zeros.subarray(0, slice.length));
    for (let at = 0; at < slice.length; at += blockSize) {
      const block = slice.subarray(at, at + blockSize);
      const whole = block.length === blockSize;
      names.push(empty && whole ? zeroName : blockName(block));
    }
  }
  return names;
}

/** Splits what `<name>.blocks` holds. @throws UpdateError where it is for a file of another size */
export function splitNames(bytes: Buffer, file: UpdateFile): string[] {
  if (bytes.length !== Math.ceil(file.size / blockSize) * blockNameSize)
    throw new UpdateError(
      "damaged",
      `The list of blocks of ${file.name} has another length than the file needs. Ask whoever serves it.`,
    );
  const names: string[] = [];
  for (let at = 0; at < bytes.length; at += blockNameSize)
    names.push(bytes.toString("latin1", at, at + blockNameSize));
  return names;
}

/** Bytes of a file, or of a block device. @param file descriptor */
export async function sizeOf(file: number): Promise<number> {
  const stats = await statOf(file);
  if (!stats.isBlockDevice()) return stats.size;
  // A device ends where nothing can be read.
  const probe = Buffer.alloc(1);
  let low = 0;
  let high = 2 ** 42;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const { bytesRead } = await readAt(file, probe, 0, 1, middle - 1);
    if (bytesRead === 1) low = middle;
    else high = middle;
  }
  return low;
}

interface Place {
  file: number;
  block: number;
}

/** What this box has of the version that runs, by the names of its blocks. */
export class Seeds {
  readonly #places = new Map<string, Place>();

  /** Learns what an open file holds. @param file descriptor, which stays open as long as this is asked */
  async learn(file: number, signal: AbortSignal): Promise<void> {
    const names = await blockNames(file, await sizeOf(file), signal);
    for (const [block, name] of names.entries())
      if (!this.#places.has(name)) this.#places.set(name, { file, block });
  }

  /**
   * Reads as many of these blocks as lie one behind the other here, and are still what they were.
   * @returns undefined where not even the first is here
   */
  async read(names: readonly string[]): Promise<Buffer | undefined> {
    const first = this.#places.get(names[0] ?? "");
    if (!first) return undefined;
    let count = 1;
    while (count < Math.min(names.length, together)) {
      const place = this.#places.get(names[count] as string);
      if (place?.file !== first.file || place.block !== first.block + count)
        break;
      count++;
    }
    const buffer = Buffer.allocUnsafe(count * blockSize);
    const { bytesRead } = await readAt(
      first.file,
      buffer,
      0,
      buffer.length,
      first.block * blockSize,
    );
    let good = 0;
    while (
      good * blockSize < bytesRead &&
      blockName(
        buffer.subarray(
          good * blockSize,
          Math.min((good + 1) * blockSize, bytesRead),
        ),
      ) === names[good]
    )
      good++;
    return good === 0
      ? undefined
      : buffer.subarray(0, Math.min(good * blockSize, bytesRead));
  }
}
