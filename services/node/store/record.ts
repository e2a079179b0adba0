import { createHash } from "node:crypto";

/** Where a fragment belongs. */
export interface Place {
  /** Whose it is, 16 bytes; zeros are the box's own. */
  account: Buffer;
  /** The block it came with, 16 bytes. */
  block: Buffer;
  /** Number of the segment in the block; `headerSegment` for the block's header. */
  segment: number;
  /** Number of the fragment in the segment, below k + m. */
  index: number;
}

/** What a pack says of each record, in front of its fragment and again behind it, so that the index can be rebuilt from packs alone. */
export interface RecordHeader extends Place {
  /** `tombstone`: all earlier records of this place are void. `grave`: all earlier records of this block are. */
  kind: "fragment" | "tombstone" | "grave";
  /** Counts up on one disk; of two records of one place the higher one is true. */
  sequence: number;
  k: number;
  m: number;
  /** Bytes of the segment before it was cut. */
  segmentLength: number;
  /** Bytes of the fragment. */
  length: number;
  /** Milliseconds since 1970. */
  created: number;
  /** Milliseconds since 1970 after which nobody needs it; 0 for never. */
  expires: number;
  /** The Merkle root that names the fragment, 32 bytes. */
  name: Buffer;
}

/** The segment number of a block's header. */
export const headerSegment = 0xffffffff;
/** Bytes of a record's header, and of its repetition behind the fragment. */
export const recordHeaderSize = 128;
/** Records begin at multiples of this, those with a fragment at multiples of `sectorSize`. */
export const recordAlignment = 64;
/** Bytes of a disk's physical sector. */
export const sectorSize = 4096;
/** Bytes of the header of a pack. */
export const packHeaderSize = 4096;

const magic = { head: 0x43504631, tail: 0x43504632, pack: 0x4350504b };
const version = 1;
const kinds = ["fragment", "tombstone", "grave"] as const;
const checkAt = 120;

/**
 * Bytes that a record takes in a pack. Fragments fill sectors of 4096 bytes of their own, so that one bad sector, which is
 * what disks lose, never hurts two fragments of a segment.
 */
export function recordSize({
  kind,
  length,
}: Pick<RecordHeader, "kind" | "length">): number {
  return kind === "fragment"
    ? alignUp(tailOffset(length) + recordHeaderSize, sectorSize)
    : recordHeaderSize;
}

/** The first multiple of `unit` from `offset` on. */
export function alignUp(offset: number, unit: number): number {
  return Math.ceil(offset / unit) * unit;
}

/** Where, in a record with a fragment of `length` bytes, the repetition of its header begins. */
export function tailOffset(length: number): number {
  return alignUp(recordHeaderSize + length, recordAlignment);
}

/**
 * The 128 bytes of a record's header (`end` false) or of what repeats it: big-endian fields, then 8 bytes of a SHA-256 over
 * them and the disk's salt. A fragment that somebody stores here cannot contain a record that we would believe.
 */
export function encodeRecordHeader(
  header: RecordHeader,
  salt: Buffer,
  end: boolean,
): Buffer {
  const bytes = Buffer.alloc(recordHeaderSize);
  bytes.writeUInt32BE(end ? magic.tail : magic.head, 0);
  bytes.writeUInt8(version, 4);
  bytes.writeUInt8(kinds.indexOf(header.kind), 5);
  bytes.writeUInt8(header.k, 6);
  bytes.writeUInt8(header.m, 7);
  bytes.writeUInt8(header.index, 8);
  bytes.writeUInt32BE(header.segment, 12);
  bytes.writeUInt32BE(header.segmentLength, 16);
  bytes.writeUInt32BE(header.length, 20);
  bytes.writeUIntBE(header.sequence, 24, 6);
  bytes.writeUIntBE(header.created, 30, 6);
  bytes.writeUIntBE(header.expires, 36, 6);
  header.account.copy(bytes, 48, 0, 16);
  header.block.copy(bytes, 64, 0, 16);
  header.name.copy(bytes, 80, 0, 32);
  checksum(bytes, salt).copy(bytes, checkAt);
  return bytes;
}

/** Reads a record's header or, with `end`, its repetition; `undefined` where the bytes are not one or are damaged. */
export function decodeRecordHeader(
  bytes: Buffer,
  salt: Buffer,
  end = false,
): RecordHeader | undefined {
  if (
    bytes.length < recordHeaderSize ||
    bytes.readUInt32BE(0) !== (end ? magic.tail : magic.head) ||
    bytes.readUInt8(4) !== version
  )
    return undefined;
  const kind = kinds[bytes.readUInt8(5)];
  if (
    !kind ||
    !checksum(bytes, salt).equals(bytes.subarray(checkAt, recordHeaderSize))
  )
    return undefined;
  return {
    kind,
    k: bytes.readUInt8(6),
    m: bytes.readUInt8(7),
    index: bytes.readUInt8(8),
    segment: bytes.readUInt32BE(12),
    segmentLength: bytes.readUInt32BE(16),
    length: bytes.readUInt32BE(20),
    sequence: bytes.readUIntBE(24, 6),
    created: bytes.readUIntBE(30, 6),
    expires: bytes.readUIntBE(36, 6),
    account: Buffer.from(bytes.subarray(48, 64)),
    block: Buffer.from(bytes.subarray(64, 80)),
    name: Buffer.from(bytes.subarray(80, 112)),
  };
}

/** The salt of all records on a disk: its UUID, which nobody outside the box learns. */
export function saltOf(disk: string): Buffer {
  return Buffer.from(disk.replaceAll("-", ""), "hex");
}

/** The first 4096 bytes of a pack: which pack of which disk it is. */
export function encodePackHeader(number: number, disk: string): Buffer {
  const bytes = Buffer.alloc(packHeaderSize);
  bytes.writeUInt32BE(magic.pack, 0);
  bytes.writeUInt8(version, 4);
  bytes.writeUInt32BE(number, 8);
  bytes.write(disk, 12, 36, "latin1");
  checksum(bytes, Buffer.alloc(0)).copy(bytes, checkAt);
  return bytes;
}

/** Reads a pack's header; `undefined` where it is damaged. */
export function decodePackHeader(
  bytes: Buffer,
): { number: number; disk: string } | undefined {
  if (
    bytes.length < recordHeaderSize ||
    bytes.readUInt32BE(0) !== magic.pack ||
    bytes.readUInt8(4) !== version ||
    !checksum(bytes, Buffer.alloc(0)).equals(
      bytes.subarray(checkAt, recordHeaderSize),
    )
  )
    return undefined;
  return {
    number: bytes.readUInt32BE(8),
    disk: bytes.toString("latin1", 12, 48),
  };
}

function checksum(bytes: Buffer, salt: Buffer): Buffer {
  return createHash("sha256")
    .update(salt)
    .update(bytes.subarray(0, checkAt))
    .digest()
    .subarray(0, recordHeaderSize - checkAt);
}

const placeSize = 37;
const blockKeySize = 32;

/** The prefix of the index keys of all that is in a place's block: account and block. */
export function blockKey({
  account,
  block,
}: Pick<Place, "account" | "block">): Buffer {
  return encodePlace({ account, block, segment: 0, index: 0 }).subarray(
    0,
    blockKeySize,
  );
}

/** The index key of a place: account, block, segment, index, so that what belongs together stands together. */
export function encodePlace({ account, block, segment, index }: Place): Buffer {
  const key = Buffer.allocUnsafe(placeSize);
  account.copy(key, 0, 0, 16);
  block.copy(key, 16, 0, 16);
  key.writeUInt32BE(segment, 32);
  key.writeUInt8(index, 36);
  return key;
}

/** The place that an index key stands for. */
export function decodePlace(key: Buffer): Place {
  return {
    account: Buffer.from(key.subarray(0, 16)),
    block: Buffer.from(key.subarray(16, 32)),
    segment: key.readUInt32BE(32),
    index: key.readUInt8(36),
  };
}
