import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { hasCode } from "../services/shared/errors.ts";
import { run } from "./process.ts";

const chunk = 4 * 2 ** 20;

/** A disk could not be written, or does not hold what was written; the message says what to do. */
export class FlashError extends Error {
  override name = "FlashError";
}

/** Hears how many bytes are done. */
export type Heard = (done: number, of: number) => void;

/**
 * Writes an image onto a disk from its beginning, all of it, and waits until it is there. The disk must not be in use: it is
 * opened for this process alone. @returns SHA-256 of what was written, hex. @throws FlashError
 */
export async function writeImage(
  image: string,
  device: string,
  heard: Heard,
  signal: AbortSignal,
): Promise<string> {
  await using from = await open(image);
  const { size } = await from.stat();
  await using to = await open(
    device,
    // For block devices EXCL means: nobody has it mounted.
    constants.O_WRONLY | constants.O_EXCL,
  ).catch((error: unknown) => {
    throw new FlashError(
      hasCode(error, "EBUSY")
        ? `${device} is in use: unmount what is on it`
        : `${device} cannot be written (${(error as Error).message}): run this as root`,
      { cause: error },
    );
  });
  const hash = createHash("sha256");
  let done = 0;
  for await (const piece of pieces(from, size, signal)) {
    hash.update(piece);
    await to.write(piece, 0, piece.length, done).catch((error: unknown) => {
      throw new FlashError(
        `${device} took ${done} of ${size} bytes and then no more (${(error as Error).message}): try another one`,
        { cause: error },
      );
    });
    done += piece.length;
    // Else all of it goes to memory first, and the progress says nothing.
    await to.datasync();
    heard(done, size);
  }
  if (done < size)
    throw new FlashError(`${image} became shorter: build it again`);
  await to.sync();
  return hash.digest("hex");
}

/** Reads so many bytes back from a disk, and not from memory. @throws FlashError where they are not those of the digest */
export async function verifyDisk(
  device: string,
  size: number,
  digest: string,
  heard: Heard,
  signal: AbortSignal,
): Promise<void> {
  await run("blockdev", ["--flushbufs", device]);
  await using from = await open(device);
  const hash = createHash("sha256");
  let done = 0;
  for await (const piece of pieces(from, size, signal)) {
    hash.update(piece);
    done += piece.length;
    heard(done, size);
  }
  if (hash.digest("hex") !== digest)
    throw new FlashError(
      `${device} does not give back what was written to it: it is broken, or not as large as it says; use another one`,
    );
}

/** So many bytes from a file's beginning, or fewer where it ends; each piece is good until the next is asked for. */
async function* pieces(
  file: FileHandle,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const buffer = Buffer.alloc(chunk);
  for (let at = 0; at < size; ) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(
      buffer,
      0,
      Math.min(chunk, size - at),
      at,
    );
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
