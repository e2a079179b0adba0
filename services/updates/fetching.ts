/** Brings one file of an update: what this box has already is copied, the rest comes by the line, each block checked as it comes. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { blockName, blockNames, together, zeroName } from "../shared/blocks.ts";
import { blockSize, UpdateError, type UpdateFile } from "../shared/update.ts";
import type { Seeds } from "./blocks.ts";
import type { Source } from "./source.ts";

/** Blocks that one request asks for at most. */
const longest = 1024;
/** Blocks between two missing ones that are asked for all the same, rather than beginning another request. */
const shortest = 8;

/** Runs of blocks to ask for: neighbours, and those with little between them, in one. @param ranges whether more than one makes sense */
export function runsOf(
  missing: readonly number[],
  ranges: boolean,
): [first: number, count: number][] {
  const runs: [number, number][] = [];
  for (const block of missing) {
    const last = runs.at(-1);
    const end = last ? last[0] + last[1] : Number.NEGATIVE_INFINITY;
    if (
      last &&
      (!ranges || (block - end < shortest && block - last[0] < longest))
    )
      last[1] = block - last[0] + 1;
    else runs.push([block, 1]);
  }
  return runs;
}

/** How a file is to be brought. */
export interface Errand {
  file: UpdateFile;
  /** Names of its blocks. */
  names: readonly string[];
  /** Where it is to be; what is there of an earlier try is kept. */
  path: string;
  seeds: Seeds;
  source: Source;
  /** Is told of bytes that came by the line. */
  came: (bytes: number) => void;
  signal: AbortSignal;
}

/** Makes `path` into the file, each block of which is checked. It may be ended at any time, and goes on with the next call. @throws UpdateError: damaged, no-source */
export async function fetchFile(errand: Errand): Promise<void> {
  const { file, path, source, signal } = errand;
  await using target = await open(path, constants.O_RDWR | constants.O_CREAT);
  const write = async (bytes: Buffer, block: number): Promise<void> =>
    void (await target.write(bytes, 0, bytes.length, block * blockSize));
  const { size } = await target.stat();
  const there = await blockNames(target.fd, Math.min(size, file.size), signal);
  await target.truncate(file.size);
  const missing = await copyKnown(errand, there, write);
  for (const [first, count] of runsOf(missing, source.ranges))
    await fetchRun(errand, first, count, write);
  await target.sync();
}

type Write = (bytes: Buffer, block: number) => Promise<void>;

/** Copies what is known, and resolves to the numbers of the blocks that are not. @param there names of what the target holds */
async function copyKnown(
  { names, seeds, signal }: Errand,
  there: readonly string[],
  write: Write,
): Promise<number[]> {
  const missing: number[] = [];
  const needed = (block: number): boolean =>
    there[block] !== names[block] &&
    // A file grows with zeros.
    !(block >= there.length && names[block] === zeroName);
  for (let block = 0; block < names.length; ) {
    signal.throwIfAborted();
    if (!needed(block)) {
      block++;
      continue;
    }
    let end = block + 1;
    while (end < names.length && end - block < together && needed(end)) end++;
    const known = await seeds.read(names.slice(block, end));
    if (known) await write(known, block);
    else missing.push(block);
    block += known ? Math.ceil(known.length / blockSize) : 1;
  }
  return missing;
}

/** Fetches neighbouring blocks in one request. */
async function fetchRun(
  { file, names, source, came, signal }: Errand,
  first: number,
  count: number,
  write: Write,
): Promise<void> {
  const start = first * blockSize;
  const length = Math.min(count * blockSize, file.size - start);
  let at = start;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source.read(file.name, start, length, signal)) {
    came(chunk.length);
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const last = at + rest.length === start + length;
    const whole = last ? rest.length : rest.length - (rest.length % blockSize);
    for (let inner = 0; inner < whole; inner += blockSize) {
      const block = rest.subarray(inner, Math.min(inner + blockSize, whole));
      if (blockName(block) !== names[(at + inner) / blockSize])
        throw new UpdateError(
          "damaged",
          `What comes of ${file.name} is not what was signed, from byte ${at + inner} on. Nothing was changed; look for another source.`,
        );
    }
    if (whole > 0) await write(rest.subarray(0, whole), at / blockSize);
    at += whole;
    rest = rest.subarray(whole);
  }
  if (at !== start + length)
    throw new UpdateError(
      "no-source",
      `The line broke in the midst of ${file.name}. What came is kept; it goes on with the next try.`,
    );
}
