import { createHash } from "node:crypto";
import type { Head } from "./journal.ts";

const cachedBlocks = 8192;

/** Puts something into a cache, and lets the oldest go. */
export function remember<T>(
  cache: Map<string, T>,
  key: string,
  value: T,
): void {
  cache.delete(key);
  cache.set(key, value);
  if (cache.size <= cachedBlocks) return;
  for (const oldest of cache.keys()) {
    cache.delete(oldest);
    return;
  }
}

/** The id of a block that every tree has: the same whenever it is made anew. @param principal of the tree's root. */
export function derivedId(name: string, principal: Buffer): Buffer {
  return createHash("sha256")
    .update(`coppice ${name}`)
    .update(principal)
    .digest()
    .subarray(0, 16);
}

/** The key of a directory's entry. */
export function entryKey(parent: Buffer, name: string): Buffer {
  return Buffer.concat([parent, Buffer.from(name)]);
}

/** The key of a version. */
export function blockKey(id: Buffer, version: number): Buffer {
  return Buffer.concat([id, numberKey(version)]);
}

/** A number as a key. */
export function numberKey(number: number): Buffer {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(number));
  return key;
}

/** The key that tells that a block of the fragment store is a commit. */
export function commitKey(block: Buffer): Buffer {
  return Buffer.concat([Buffer.from("commit "), block]);
}

/** A version's row: the commit that it is in, and its bytes. */
export function blockRow(commit: number, sealed: Buffer): Buffer {
  return Buffer.concat([numberKey(commit), sealed]);
}

/** The row of the newest commit. */
export function headRow({ number, hash }: Head): Buffer {
  const row = Buffer.alloc(8);
  row.writeDoubleBE(number);
  return Buffer.concat([row, hash]);
}

/** The commit that a row tells of; before the first one, number 0. */
export function readHead(row: Buffer | undefined): Head {
  return row
    ? { number: row.readDoubleBE(), hash: row.subarray(8) }
    : { number: 0, hash: Buffer.alloc(0) };
}
