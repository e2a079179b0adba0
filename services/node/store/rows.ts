import type { FragmentIndex, Table } from "./fragment-index.ts";
import type { Change } from "./ordered-index.ts";
import type { Extent } from "./pack.ts";
import { decodePlace, type Place, type RecordHeader } from "./record.ts";

/** What the index says of a fragment. */
export interface Row extends Extent {
  /** The Merkle root that names the fragment, 32 bytes. */
  name: Buffer;
  k: number;
  m: number;
  /** Bytes of the segment before it was cut. */
  segmentLength: number;
  sequence: number;
  /** Milliseconds since 1970; `expires` is 0 for never. */
  created: number;
  expires: number;
  /** Found rotten and not mended yet. */
  damaged: boolean;
}

/** A row and where it belongs. */
export interface PlacedRow extends Place {
  row: Row;
}

const rowSize = 76;

/** The fixed 76 bytes of a row. */
export function encodeRow(row: Row): Buffer {
  const bytes = Buffer.allocUnsafe(rowSize);
  row.name.copy(bytes, 0, 0, 32);
  bytes.writeUInt32BE(row.pack, 32);
  bytes.writeUInt32BE(row.offset, 36);
  bytes.writeUInt32BE(row.length, 40);
  bytes.writeUInt32BE(row.segmentLength, 44);
  bytes.writeUInt8(row.k, 48);
  bytes.writeUInt8(row.m, 49);
  bytes.writeUInt8(row.damaged ? 1 : 0, 50);
  bytes.writeUInt8(0, 51);
  bytes.writeUIntBE(row.sequence, 52, 6);
  bytes.writeUIntBE(row.created, 58, 6);
  bytes.writeUIntBE(row.expires, 64, 6);
  bytes.fill(0, 70);
  return bytes;
}

/** Reads a row; `undefined` where the bytes are not one. */
export function decodeRow(bytes: Buffer | undefined): Row | undefined {
  if (bytes?.length !== rowSize) return undefined;
  return {
    name: Buffer.from(bytes.subarray(0, 32)),
    pack: bytes.readUInt32BE(32),
    offset: bytes.readUInt32BE(36),
    length: bytes.readUInt32BE(40),
    segmentLength: bytes.readUInt32BE(44),
    k: bytes.readUInt8(48),
    m: bytes.readUInt8(49),
    damaged: bytes.readUInt8(50) === 1,
    sequence: bytes.readUIntBE(52, 6),
    created: bytes.readUIntBE(58, 6),
    expires: bytes.readUIntBE(64, 6),
  };
}

/** The row for a record that stands at `extent`. */
export function rowOf(header: RecordHeader, extent: Extent): Row {
  const { name, k, m, segmentLength, sequence, created, expires } = header;
  return {
    ...extent,
    name,
    k,
    m,
    segmentLength,
    sequence,
    created,
    expires,
    damaged: false,
  };
}

/** A row of the table of fragments; none where it is not one. */
export function placed(key: Buffer, value: Buffer): PlacedRow[] {
  const row = decodeRow(value);
  return row && key.length === 37 ? [{ ...decodePlace(key), row }] : [];
}

/** At most `limit` rows of the places that begin with `prefix`. */
export function rowsUnder(
  index: Pick<FragmentIndex, "range">,
  prefix: Buffer,
  limit: number,
): PlacedRow[] {
  return index
    .range("fragments", prefix, limit)
    .filter(([key]) => key.subarray(0, prefix.length).equals(prefix))
    .flatMap(([key, value]) => placed(key, value));
}

/** The state of a pack; all in bytes. */
export interface PackState {
  /** Where its durable records end. */
  end: number;
  /** Up to here all records are in the index; what lies behind is looked at when the disk is opened. */
  checkpoint: number;
  /** In records that rows point at. */
  live: number;
  /** In marks that nothing newer stands for. */
  marks: number;
  /** The highest sequence of its marks; 0 without one. */
  lastMark: number;
  /** The lowest sequence of its records. */
  first: number;
  /** When it was last checked whole, milliseconds since 1970; 0 for never. */
  verified: number;
}

/** The 56 bytes of a pack's state. */
export function encodePack(state: PackState): Buffer {
  const bytes = Buffer.alloc(56);
  const { end, checkpoint, live, marks, lastMark, first, verified } = state;
  for (const [index, value] of [
    end,
    checkpoint,
    live,
    first,
    verified,
    marks,
    lastMark,
  ].entries())
    bytes.writeDoubleBE(value, index * 8);
  return bytes;
}

/** Reads a pack's state. */
export function decodePack(bytes: Buffer): PackState {
  const at = (index: number): number => bytes.readDoubleBE(index * 8);
  return {
    end: at(0),
    checkpoint: at(1),
    live: at(2),
    first: at(3),
    verified: at(4),
    marks: at(5),
    lastMark: at(6),
  };
}

/** What the index says of a mark: what is older than its sequence is void; and where its record stands. */
export interface MarkRow {
  sequence: number;
  pack: number;
  offset: number;
}

/** The 16 bytes of a mark's row. */
export function encodeMark({ sequence, pack, offset }: MarkRow): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(BigInt(sequence));
  bytes.writeUInt32BE(pack, 8);
  bytes.writeUInt32BE(offset, 12);
  return bytes;
}

/** Reads a mark's row; `undefined` where there is none. */
export function decodeMark(bytes: Buffer | undefined): MarkRow | undefined {
  if (bytes?.length !== 16) return undefined;
  return {
    sequence: readNumber(bytes),
    pack: bytes.readUInt32BE(8),
    offset: bytes.readUInt32BE(12),
  };
}

/** The index key of a number. */
export function numberKey(number: number): Buffer {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(number));
  return key;
}

/** The number that `numberKey` wrote; 0 where there is none. */
export function readNumber(bytes: Buffer | undefined): number {
  return Number(bytes?.readBigUInt64BE() ?? 0n);
}

/** Changes that are made together, and an index that looks as if they were made already. */
export class Batch {
  #index: Pick<FragmentIndex, "get">;
  #changes = new Map<string, Change<Table>>();

  constructor(index: Pick<FragmentIndex, "get">) {
    this.#index = index;
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    const change = this.#changes.get(table + key.toString("latin1"));
    return change ? change.value : this.#index.get(table, key);
  }

  set(table: Table, key: Buffer, value: Buffer | undefined): void {
    this.#changes.set(
      table + key.toString("latin1"),
      value ? { table, key, value } : { table, key },
    );
  }

  get changes(): Change<Table>[] {
    return [...this.#changes.values()];
  }
}
