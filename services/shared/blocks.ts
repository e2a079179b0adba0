/** Files as blocks with names. */
import { createHash } from "node:crypto";
import { read } from "node:fs";
import { setImmediate as otherWork } from "node:timers/promises";
import { promisify } from "node:util";
import { blockNameSize, blockSize } from "./update.ts";

const readAt = promisify(read);
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
