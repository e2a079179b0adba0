/** Where updates come from: a folder that any web server serves, or that a USB stick holds. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
// Node's own dies of a server that hangs up while its answer waits to be read (nodejs/undici#5360).
import { fetch } from "undici";
import { hasCode } from "../shared/errors.ts";
import { UpdateError } from "../shared/update.ts";

/** Milliseconds that a server may be silent. */
const patience = 60_000;

/** A folder of an update source: that of one board. */
export interface Source {
  /** Whether it sends parts of files; what it does is known after the first. */
  ranges: boolean;
  /** Reads bytes of a file. @throws UpdateError: no-source, no-friend, no-stick */
  read(
    name: string,
    offset: number,
    length: number,
    signal: AbortSignal,
  ): AsyncIterable<Buffer>;
}

/** Opens a source. @param url of the folder that holds one folder for each board: http, https, or file */
export function openSource(url: string, board: string): Source {
  const folder = new URL(`${url.replace(/\/*$/, "/")}${board}/`);
  return folder.protocol === "file:"
    ? folderSource(fileURLToPath(folder))
    : webSource(folder);
}

function folderSource(folder: string): Source {
  return {
    ranges: true,
    async *read(name, offset, length, signal) {
      try {
        yield* createReadStream(join(folder, name), {
          start: offset,
          end: offset + length - 1,
          signal,
        });
      } catch (error) {
        signal.throwIfAborted();
        throw new UpdateError(
          "no-stick",
          hasCode(error, "ENOENT")
            ? `There is no ${name} on the stick, or not any more. Plug in one that has it, and look again.`
            : `${name} cannot be read from the stick: ${(error as Error).message}. Try another stick.`,
          { cause: error },
        );
      }
    },
  };
}

function webSource(folder: URL): Source {
  const source: Source = {
    ranges: true,
    async *read(name, offset, length, signal) {
      const silence = new AbortController();
      const timer = setTimeout(() => silence.abort(), patience);
      const both = AbortSignal.any([signal, silence.signal]);
      try {
        const answer = await fetch(new URL(name, folder), {
          signal: both,
          headers: {
            range: `bytes=${offset}-${offset + length - 1}`,
            "accept-encoding": "identity",
          },
        });
        if (!answer.ok || !answer.body)
          throw new UpdateError(
            "no-source",
            `${folder.host} says ${answer.status} where ${name} should be.`,
          );
        source.ranges = answer.status === 206;
        // A server that knows no ranges sends the whole file: what is before and behind is passed over.
        let before = answer.status === 206 ? 0 : offset;
        let left = length;
        for await (const piece of answer.body) {
          timer.refresh();
          const chunk = Buffer.from(piece);
          const bytes = chunk.subarray(
            Math.min(before, chunk.length),
            Math.min(before, chunk.length) + left,
          );
          before -= Math.min(before, chunk.length);
          left -= bytes.length;
          if (bytes.length > 0) yield bytes;
          if (left === 0) break;
        }
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof UpdateError) throw error;
        const { cause, message } = error as Error;
        throw new UpdateError(
          "no-source",
          silence.signal.aborted
            ? `${folder.host} is silent in the midst of ${name}.`
            : `${folder.host} cannot be reached: ${cause instanceof Error ? cause.message : message}.`,
          { cause: error },
        );
      } finally {
        clearTimeout(timer);
      }
    },
  };
  return source;
}

/** Reads a small file whole. @param limit bytes that it may have. @throws UpdateError: no-source, damaged */
export async function readWhole(
  source: Source,
  name: string,
  limit: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source.read(name, 0, limit + 1, signal)) {
    chunks.push(chunk);
    size += chunk.length;
  }
  if (size > limit)
    throw new UpdateError(
      "damaged",
      `${name} is larger than it can be. Look for another source.`,
    );
  return Buffer.concat(chunks);
}
