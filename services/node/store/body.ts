import { type Static, Type } from "typebox";
import { Bytes } from "../../shared/cbor.ts";
import type { SegmentMemory } from "./coder.ts";
import { type Code, tagSize } from "./coding.ts";
import type { FragmentStore } from "./fragments.ts";
import { reclaim } from "./reclaim.ts";
import { recordHeaderSize, sectorSize } from "./record.ts";
import { type Address, NoBlockError, SegmentLostError } from "./segment.ts";

export type { Code };

/** What must be known of a body to read it, as it stands in its block's header: key, size, segment size, k, m, names, inline. */
export const Body = Type.Tuple([
  Bytes(32),
  Type.Integer({ minimum: 0 }),
  Type.Integer({ minimum: 1 }),
  Type.Integer({ minimum: 1, maximum: 255 }),
  Type.Integer({ minimum: 0, maximum: 254 }),
  Bytes(32),
  Bytes(0, 8192),
]);

/** The encrypted content of a block. */
export interface Body extends Code {
  /** AES-256 key, fresh for every body. */
  key: Buffer;
  /** Bytes. */
  size: number;
  /** Plain bytes in a full segment. */
  segmentSize: number;
  /** SHA-256 of the names of all fragments, in order. */
  names: Buffer;
  /** The body itself where it is small. */
  inline: Buffer;
}

/** A piece of a body: from `start` to before `end`, in bytes. */
export interface Range {
  start: number;
  end: number;
}

/** Bodies up to this stand in their block's header: one record instead of many. */
export const inlineLimit = 8 * 1024;
const largestSegment = 2 ** 19;
const largestCoded = 2 * 2 ** 20;
const pieceSize = 64 * 1024;
/** Segments of one stream that are worked on at once. */
export const depth = 4;

/** How many fragments a segment or a header of this code has. */
export function fragmentCount({ k, m }: Code): number {
  return k + m;
}

/** How many segments a body has. */
export function segmentCount({ size, segmentSize, inline }: Body): number {
  return inline.length > 0 ? 0 : Math.ceil(size / segmentSize);
}

/** Bytes of a body's fragments on the disks. */
export function storedBytes(body: Body): number {
  const { k, m, size, segmentSize, inline } = body;
  if (inline.length > 0) return inline.length * (1 + m);
  const count = segmentCount(body);
  const fragments = (plain: number): number =>
    Math.ceil((plain + tagSize) / k) * (k + m);
  return count === 0
    ? 0
    : (count - 1) * fragments(segmentSize) +
        fragments(size - (count - 1) * segmentSize);
}

/** Body to CBOR's tuple and back. */
export function encodeBody(body: Body): Static<typeof Body> {
  const { key, size, segmentSize, k, m, names, inline } = body;
  return [key, size, segmentSize, k, m, names, inline];
}

export function decodeBody(tuple: Static<typeof Body>): Body {
  const [key, size, segmentSize, k, m, names, inline] = tuple;
  return {
    key: Buffer.from(key),
    size,
    segmentSize,
    k,
    m,
    names: Buffer.from(names),
    inline: Buffer.from(inline),
  };
}

/**
 * Plain bytes in a full segment of a code: half a megabyte, or less where the parity would make it more than two.
 * A fragment and what a pack says of it fill whole sectors.
 */
export function segmentSizeOf({ k, m }: Code): number {
  const room = Math.min(largestSegment / k, largestCoded / (k + m));
  const record = Math.max(1, Math.floor(room / sectorSize)) * sectorSize;
  return (record - 2 * recordHeaderSize) * k - tagSize;
}

/**
 * Reads a body or a piece of it; segments outside the range are not touched.
 * @throws NoBlockError, SegmentLostError, DiskError
 */
export async function* readBody(
  store: FragmentStore,
  address: Address,
  body: Body,
  signal: AbortSignal,
  { start, end }: Range = { start: 0, end: body.size },
): AsyncGenerator<Buffer> {
  if (start >= end) return;
  if (body.inline.length > 0) {
    yield body.inline.subarray(start, end);
    return;
  }
  const { segmentSize } = body;
  const last = segmentCount(body) - 1;
  const ahead: Promise<SegmentMemory>[] = [];
  let next = Math.floor(start / segmentSize);
  const stop = Math.min(last, Math.floor((end - 1) / segmentSize));
  let number = next;
  const fetch = (): void => {
    const promise = openSegmentOf(store, address, body, next, next === last);
    // Who gave up reading does not hear of what failed behind it.
    promise.catch(() => {});
    ahead.push(promise);
    next++;
  };
  try {
    while (number <= stop) {
      signal.throwIfAborted();
      if (ahead.length === 0) fetch();
      while (
        next <= stop &&
        ahead.length < depth &&
        store.coder.hasSpare(2 * segmentSize)
      )
        fetch();
      const memory = await (ahead.shift() as Promise<SegmentMemory>);
      const base = number * segmentSize;
      const until = Math.min(body.size, end, base + segmentSize) - base;
      try {
        // Copies, because the reader may keep what it is given; small ones, because the large come from the system each time.
        for (let at = Math.max(0, start - base); at < until; at += pieceSize)
          yield Buffer.from(
            memory.bytes.subarray(at, Math.min(until, at + pieceSize)),
          );
      } finally {
        store.coder.release(memory);
      }
      reclaim(segmentSize);
      number++;
    }
  } finally {
    for (const result of await Promise.allSettled(ahead))
      if (result.status === "fulfilled") store.coder.release(result.value);
  }
}

async function openSegmentOf(
  store: FragmentStore,
  address: Address,
  body: Body,
  number: number,
  last: boolean,
): Promise<SegmentMemory> {
  const cipher = { key: body.key, nonce: nonceOf(number, last) };
  try {
    const memory = await store.open(address, number, cipher, body);
    if (memory) return memory;
  } catch (error) {
    if (!(error instanceof NoBlockError)) throw error;
  }
  throw new SegmentLostError(number, 0, body.k);
}

/** The key is used for one body, so a counter is a nonce; its last byte tells the last segment (as in STREAM). */
export function nonceOf(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 7);
  nonce.writeUInt8(last ? 1 : 0, 11);
  return nonce;
}
