import { createCipheriv, createDecipheriv } from "node:crypto";
import { ErasureCode } from "./erasure.ts";
import { merkleRoot } from "./merkle.ts";

/** A code: any k of k + m fragments restore a segment. */
export interface Code {
  k: number;
  m: number;
}

/** How a segment is cut. */
export interface Cut extends Code {
  /** Bytes of the segment, ciphertext with its tag. */
  segmentLength: number;
}

/** AES-256-GCM: a key of 32 and a nonce of 12 bytes. */
export interface Cipher {
  key: Uint8Array;
  nonce: Uint8Array;
}

/** What was found in a segment's memory. */
export interface Restored {
  /** Fragments that do not match their name. */
  rotten: number[];
  /** Whether enough were left; then all of them are in the memory now. */
  whole: boolean;
}

/** Bytes that AES-GCM adds to a segment. */
export const tagSize = 16;
/** Node makes a buffer for what a cipher gives: small ones come from the processor's cache. */
const cipherStep = 64 * 1024;

/** Bytes of each fragment of a segment. */
export function fragmentLength({ k, segmentLength }: Cut): number {
  return Math.ceil(segmentLength / k);
}

/** Bytes of memory that a segment with its parity takes. */
export function codedLength(cut: Cut): number {
  return fragmentLength(cut) * (cut.k + cut.m);
}

/** The fragments in a segment's memory, one behind the other. */
export function fragmentsIn(memory: Buffer, cut: Cut): Buffer[] {
  const length = fragmentLength(cut);
  return Array.from({ length: cut.k + cut.m }, (_, index) =>
    memory.subarray(index * length, (index + 1) * length),
  );
}

/**
 * Makes fragments of the plain bytes at the start of `memory`, in place: encrypts them, pads, computes the parity.
 * @param memory `codedLength` bytes. @returns the names of all fragments, 32 bytes each.
 */
export function sealSegment(
  memory: Buffer,
  cut: Cut,
  cipher: Cipher | undefined,
): Buffer {
  if (cipher) encrypt(memory, cut.segmentLength - tagSize, cipher);
  memory.fill(0, cut.segmentLength, fragmentLength(cut) * cut.k);
  const fragments = fragmentsIn(memory, cut);
  ErasureCode.of(cut.k, cut.m).encode(
    fragments.slice(0, cut.k),
    fragments.slice(cut.k),
  );
  return Buffer.concat(fragments.map(merkleRoot));
}

/**
 * Decrypts the segment in `memory`, of which `missing` fragments are not there, in place; whether it is what was encrypted.
 * The cipher's tag tells that the bytes are right, so the fragments need not be hashed.
 */
export function openSegment(
  memory: Buffer,
  cut: Cut,
  { key, nonce }: Cipher,
  missing: readonly number[],
): boolean {
  const { k, m, segmentLength } = cut;
  if (missing.some((index) => index < k))
    ErasureCode.of(k, m).restore(fragmentsIn(memory, cut), missing);
  const end = segmentLength - tagSize;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce).setAuthTag(
    memory.subarray(end, segmentLength),
  );
  for (let at = 0; at < end; at += cipherStep)
    decipher
      .update(memory.subarray(at, Math.min(end, at + cipherStep)))
      .copy(memory, at);
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}

/**
 * Compares the fragments in `memory` with their names and restores, in place, what is missing or rotten.
 * @param names 32 bytes for each of the k + m fragments. @param missing numbers of those that are not in the memory.
 */
export function restoreSegment(
  memory: Buffer,
  cut: Cut,
  names: Buffer,
  missing: readonly number[],
): Restored {
  const fragments = fragmentsIn(memory, cut);
  const named = (index: number): boolean => {
    const name = names.subarray(index * 32, index * 32 + 32);
    // A fragment of which no disk knows the name can be restored, and is what the code says.
    return (
      name.every((byte) => byte === 0) ||
      merkleRoot(fragments[index] as Buffer).equals(name)
    );
  };
  const rotten = [...fragments.keys()].filter(
    (index) => !missing.includes(index) && !named(index),
  );
  const lost = [...missing, ...rotten].sort((a, b) => a - b);
  if (lost.length > cut.m) return { rotten, whole: false };
  ErasureCode.of(cut.k, cut.m).restore(fragments, lost);
  return { rotten, whole: lost.every(named) };
}

function encrypt(memory: Buffer, end: number, { key, nonce }: Cipher): void {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  for (let at = 0; at < end; at += cipherStep)
    cipher
      .update(memory.subarray(at, Math.min(end, at + cipherStep)))
      .copy(memory, at);
  cipher.final();
  cipher.getAuthTag().copy(memory, end);
}
