import { crc32 } from "node:zlib";

/** What a pack says in front of each fragment, so that the index can be rebuilt from packs alone. */
export interface RecordHeader {
  /** The Merkle root that names the fragment, 32 bytes. */
  fragment: Buffer;
  /** Which block it belongs to, 16 bytes. */
  block: Buffer;
  /** Number of the segment in the block; `headerSegment` for the block's header. */
  segment: number;
  /** Number of the fragment in the segment, below k + m. */
  index: number;
  k: number;
  m: number;
  /** Bytes of the segment before it was cut. */
  segmentLength: number;
  /** Bytes of the fragment. */
  length: number;
}

/** The segment number of a block's header. */
export const headerSegment = 0xffffffff;
/** Bytes of a record's header; the fragment follows. */
export const recordHeaderSize = 128;
/** Records begin at multiples of this, so that a deleted one can be given back to the file system. */
export const recordAlignment = 4096;
const magic = 0x43504631;
const version = 1;

/** Bytes that a record with a fragment of `length` bytes takes in a pack. */
export function recordSize(length: number): number {
  return (
    Math.ceil((recordHeaderSize + length) / recordAlignment) * recordAlignment
  );
}

/** The 128 bytes of a record's header: big-endian fields and a CRC-32 over them at the end. */
export function encodeRecordHeader(header: RecordHeader): Buffer {
  const bytes = Buffer.alloc(recordHeaderSize);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeUInt8(version, 4);
  bytes.writeUInt8(header.k, 5);
  bytes.writeUInt8(header.m, 6);
  bytes.writeUInt8(header.index, 7);
  bytes.writeUInt32BE(header.segment, 8);
  bytes.writeUInt32BE(header.segmentLength, 12);
  bytes.writeUInt32BE(header.length, 16);
  header.block.copy(bytes, 32, 0, 16);
  header.fragment.copy(bytes, 48, 0, 32);
  bytes.writeUInt32BE(
    crc32(bytes.subarray(0, recordHeaderSize - 4)),
    recordHeaderSize - 4,
  );
  return bytes;
}

/** Reads a record's header; `undefined` where the bytes are not one or are damaged. */
export function decodeRecordHeader(bytes: Buffer): RecordHeader | undefined {
  if (
    bytes.length < recordHeaderSize ||
    bytes.readUInt32BE(0) !== magic ||
    bytes.readUInt8(4) !== version
  )
    return undefined;
  if (
    crc32(bytes.subarray(0, recordHeaderSize - 4)) !==
    bytes.readUInt32BE(recordHeaderSize - 4)
  )
    return undefined;
  return {
    k: bytes.readUInt8(5),
    m: bytes.readUInt8(6),
    index: bytes.readUInt8(7),
    segment: bytes.readUInt32BE(8),
    segmentLength: bytes.readUInt32BE(12),
    length: bytes.readUInt32BE(16),
    block: Buffer.from(bytes.subarray(32, 48)),
    fragment: Buffer.from(bytes.subarray(48, 80)),
  };
}
