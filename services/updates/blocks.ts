/** What a new version needs of blocks can be found in the one that runs. */
import { fstat, read } from "node:fs";
import { promisify } from "node:util";
import { blockName, blockNames, together } from "../shared/blocks.ts";
import {
  blockNameSize,
  blockSize,
  UpdateError,
  type UpdateFile,
} from "../shared/update.ts";

const readAt = promisify(read);
const statOf = promisify(fstat);

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
