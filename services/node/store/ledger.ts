import type { Extent } from "./pack.ts";
import {
  blockKey,
  encodePlace,
  type Place,
  packHeaderSize,
  recordSize,
} from "./record.ts";
import {
  type Batch,
  decodeMark,
  decodePack,
  decodeRow,
  encodeMark,
  encodePack,
  encodeRow,
  numberKey,
  type PackState,
  type PlacedRow,
  type Row,
} from "./rows.ts";

/** A row that is to be put; with `from` only if the place's row still points there. */
export interface NewRow extends PlacedRow {
  from?: Extent;
  /** It was found in a pack: what voids it may be older than this commit. */
  recovered?: boolean;
}

/** A record that voids earlier ones: a tombstone those of a place, a grave (index 255) those of a block; with `from` it was moved. */
export type Mark = Place & { sequence: number; extent: Extent; from?: Extent };

const freshPack: PackState = {
  end: packHeaderSize,
  checkpoint: packHeaderSize,
  live: 0,
  marks: 0,
  lastMark: 0,
  first: Number.MAX_SAFE_INTEGER,
  verified: 0,
};

/** Turns what is committed into changes of the index, and keeps its sums right: bytes alive in each pack, bytes of each account. */
export class Ledger {
  /** Records that are written and not yet committed: below them no checkpoint may go. */
  #pending = new Map<number, Set<number>>();

  /** Whether something was written to a pack that is not committed yet. */
  isPending(pack: number): boolean {
    return this.#pending.has(pack);
  }

  /** Notes that a record is being written. */
  pend({ pack, offset }: Extent): void {
    const offsets = this.#pending.get(pack);
    if (offsets) offsets.add(offset);
    else this.#pending.set(pack, new Set([offset]));
  }

  /** Notes that a record is committed, or given up. */
  settle({ pack, offset }: Extent): void {
    const offsets = this.#pending.get(pack);
    offsets?.delete(offset);
    if (offsets?.size === 0) this.#pending.delete(pack);
  }

  /** Puts a row, unless a newer record or mark is there. */
  put(batch: Batch, entry: NewRow): void {
    const { row, from } = entry;
    this.settle(row);
    if (entry.recovered && this.#voidedAt(batch, entry) > row.sequence) {
      this.#changePack(batch, row.pack, row, {});
      return;
    }
    const key = encodePlace(entry);
    const old = decodeRow(batch.get("fragments", key));
    const size = sizeOf(row);
    const stale = isStale(old, from, row.sequence);
    this.#changePack(batch, row.pack, row, { live: stale ? 0 : size });
    if (stale) return;
    if (old)
      this.#changePack(batch, old.pack, undefined, { live: -sizeOf(old) });
    batch.set("fragments", key, encodeRow(row));
    this.#changeAccount(
      batch,
      entry.account,
      row.length - (old?.length ?? 0),
      old ? 0 : 1,
    );
  }

  /** Voids the earlier records of a place; those of a block are taken out slice by slice. A newer mark stands for this one too. */
  void(batch: Batch, mark: Mark): void {
    const { sequence, extent, from } = mark;
    this.settle(extent);
    const key = graveKey(mark);
    const old = decodeMark(batch.get("graves", key));
    const stale = isStale(old, from, sequence);
    this.#changePack(
      batch,
      extent.pack,
      { ...extent, sequence },
      stale ? {} : { marks: markSize, lastMark: sequence },
    );
    if (stale) return;
    // The pack of the old one may be gone, with its state.
    if (old && batch.get("packs", numberKey(old.pack)))
      this.#changePack(batch, old.pack, undefined, { marks: -markSize });
    batch.set("graves", key, encodeMark({ sequence, ...extent }));
    if (mark.index === 255) return;
    const row = decodeRow(batch.get("fragments", encodePlace(mark)));
    if (row) this.takeOut(batch, { ...placeOf(mark), row }, sequence);
  }

  /** The highest sequence of a mark that voids the records of a place; 0 without one. */
  #voidedAt(batch: Batch, place: Place): number {
    return Math.max(
      ...[encodePlace(place), blockKey(place)].map(
        (grave) => decodeMark(batch.get("graves", grave))?.sequence ?? 0,
      ),
    );
  }

  /** Takes a row out, unless it is newer than `sequence`. */
  takeOut(batch: Batch, entry: PlacedRow, sequence: number): void {
    const key = encodePlace(entry);
    const row = decodeRow(batch.get("fragments", key));
    if (!row || row.sequence > sequence) return;
    batch.set("fragments", key, undefined);
    this.#changePack(batch, row.pack, undefined, { live: -sizeOf(row) });
    this.#changeAccount(batch, entry.account, -row.length, -1);
  }

  #changePack(
    batch: Batch,
    number: number,
    record: (Extent & { sequence: number }) | undefined,
    { live = 0, marks = 0, lastMark = 0 }: Partial<PackState>,
  ): void {
    const key = numberKey(number);
    const bytes = batch.get("packs", key);
    const state = bytes ? decodePack(bytes) : freshPack;
    const end = record
      ? Math.max(state.end, record.offset + recordExtent(record))
      : state.end;
    const pending = this.#pending.get(number);
    batch.set(
      "packs",
      key,
      encodePack({
        ...state,
        end,
        checkpoint: Math.min(end, ...(pending ? [least(pending)] : [])),
        live: state.live + live,
        marks: state.marks + marks,
        lastMark: Math.max(state.lastMark, lastMark),
        first: Math.min(state.first, record?.sequence ?? state.first),
      }),
    );
  }

  #changeAccount(
    batch: Batch,
    account: Buffer,
    bytes: number,
    fragments: number,
  ): void {
    const old = batch.get("accounts", account);
    const value = Buffer.alloc(16);
    value.writeDoubleBE((old?.readDoubleBE(0) ?? 0) + bytes, 0);
    value.writeDoubleBE((old?.readDoubleBE(8) ?? 0) + fragments, 8);
    batch.set("accounts", Buffer.from(account), value);
  }
}

/** Whether something newer stands in a place; what was moved may take it only if it still stood where it came `from`. */
function isStale(
  old: Pick<Row, "pack" | "offset" | "sequence"> | undefined,
  from: Extent | undefined,
  sequence: number,
): boolean {
  return from
    ? old?.pack !== from.pack || old.offset !== from.offset
    : old !== undefined && old.sequence > sequence;
}

/** Bytes that a mark's record takes. */
export const markSize: number = recordSize({ kind: "grave", length: 0 });

/** Bytes that a fragment's record takes. */
export function sizeOf({ length }: Pick<Row, "length">): number {
  return recordSize({ kind: "fragment", length });
}

/** The place of what has more to it. */
export function placeOf({ account, block, segment, index }: Place): Place {
  return { account, block, segment, index };
}

/** A mark's key among the graves: of a place, or of a whole block. */
export function graveKey(mark: Place): Buffer {
  return mark.index === 255 ? blockKey(mark) : encodePlace(mark);
}

/** Bytes of the record at an extent: marks have no fragment. */
function recordExtent({ length }: Extent): number {
  return length === 0 ? markSize : sizeOf({ length });
}

function least(offsets: Set<number>): number {
  let low = Number.POSITIVE_INFINITY;
  for (const offset of offsets) if (offset < low) low = offset;
  return low;
}
