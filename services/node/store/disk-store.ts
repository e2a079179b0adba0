import type { DiskError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import type { FragmentIndex, Table } from "./fragment-index.ts";
import { GroupCommit, sequenceKey } from "./group-commit.ts";
import { Intake } from "./intake.ts";
import { graveKey, Ledger, type Mark, type NewRow, placeOf } from "./ledger.ts";
import type { OrderedIndex } from "./ordered-index.ts";
import {
  DiskMissingError,
  type Extent,
  type PackOptions,
  Packs,
  reserveOf,
} from "./pack.ts";
import {
  blockKey,
  encodePlace,
  headerSegment,
  type Place,
  packHeaderSize,
  type RecordHeader,
} from "./record.ts";
import {
  type Batch,
  decodeMark,
  decodePack,
  decodeRow,
  encodePack,
  type MarkRow,
  numberKey,
  type PackState,
  type PlacedRow,
  placed,
  type Row,
  readNumber,
  rowOf,
  rowsUnder,
} from "./rows.ts";
import type { Address } from "./segment.ts";
import type { Storage } from "./storage.ts";

/** A fragment that is to be kept, and what is to be known of it. */
export type NewFragment = Omit<RecordHeader, "sequence" | "kind"> & {
  bytes: Uint8Array;
};

/** How a disk's fragments are kept. */
export interface DiskOptions extends PackOptions {
  /** Called when it is closed. */
  onClose?: () => Promise<void>;
}

/** Marks in a transaction. */
const slice = 2000;
const usual = 16;

/** The fragments of one data disk: packs, and an index that is durable before anything is acknowledged. */
export class DiskStore implements AsyncDisposable {
  readonly uuid: string;
  readonly packs: Packs;
  /** Two that compact at once would each write what the other just wrote. */
  readonly compaction: Mutex = new Mutex();
  #index: FragmentIndex;
  #sequence = 0;
  #ledger = new Ledger();
  #commits: GroupCommit;
  #intake: Intake;
  #room: { free: number; total: number; at: number } | undefined;
  /** Packs that the index knows and the folder lacks. */
  readonly lost: number[] = [];

  #onClose: (() => Promise<void>) | undefined;

  private constructor(
    uuid: string,
    packs: Packs,
    index: FragmentIndex,
    onClose: (() => Promise<void>) | undefined,
  ) {
    this.#onClose = onClose;
    this.uuid = uuid;
    this.packs = packs;
    this.#index = index;
    this.#commits = new GroupCommit(
      packs,
      index,
      this.#ledger,
      () => this.#sequence,
    );
    this.#intake = this.#intakeInto(index, this.#ledger, this.#commits);
  }

  /**
   * Opens a disk's fragments; looks through what was written after the last checkpoint, and cuts off what a crash tore.
   * @throws DiskMissingError where the index knows packs and the folder is empty. @throws DiskError
   */
  static async open(
    storage: Storage,
    index: FragmentIndex,
    uuid: string,
    { onClose, ...options }: DiskOptions = {},
  ): Promise<DiskStore> {
    const packs = await Packs.open(storage, uuid, options);
    const disk = new DiskStore(uuid, packs, index, onClose);
    await disk.#recover();
    return disk;
  }

  /** What is wrong with the disk, if anything; then it takes nothing more. */
  get failure(): DiskError | undefined {
    return this.packs.failure ?? this.#commits.failure;
  }

  /** Bytes free for fragments, taken, and of the whole disk. @throws DiskError */
  async room(): Promise<{ free: number; total: number }> {
    // A statfs for each segment would cost more than it tells.
    if (!this.#room || performance.now() - this.#room.at > 500) {
      const { free, total } = await this.packs.room();
      this.#room = {
        free: Math.max(0, Math.floor(free - reserveOf(total))),
        total,
        at: performance.now(),
      };
    }
    const { free, total } = this.#room;
    return { free, total };
  }

  /** Writes fragments. Nothing of them is durable or found before `commit`. @throws DiskFullError, DiskError */
  async append(fragments: readonly NewFragment[]): Promise<PlacedRow[]> {
    const records = fragments.map(({ bytes, ...header }) => ({
      header: {
        ...header,
        kind: "fragment" as const,
        sequence: ++this.#sequence,
      },
      fragment: bytes,
    }));
    return await this.#append(records);
  }

  /**
   * Writes live fragments and marks that are still needed anew on this disk; they keep their sequence. Durable when it resolves.
   * A fragment that was replaced or removed meanwhile stays so.
   */
  async rewrite(
    records: readonly {
      header: RecordHeader;
      fragment?: Uint8Array;
      from: Extent;
    }[],
  ): Promise<void> {
    const append = async (some: typeof records) =>
      (await this.#append(some)).map((row, index) => ({
        ...row,
        from: some[index]?.from as Extent,
      }));
    const moved = await append(records.filter(({ fragment }) => fragment));
    const marks = await append(records.filter(({ fragment }) => !fragment));
    await this.#commits.add(
      moved,
      marks.map(({ from, ...mark }) => ({ ...markOf(mark), from })),
      undefined,
    );
  }

  /** Removes a pack that no row points at, and with it marks that nothing needs any more. */
  async removePack(number: number, marks: readonly Place[]): Promise<void> {
    // The file first: an unknown pack would be taken into the index again, without the marks that voided it.
    await this.packs.remove(number);
    for (let at = 0; at < marks.length; at += slice)
      await this.#commits.add([], [], (batch) => {
        for (const mark of marks.slice(at, at + slice))
          if (decodeMark(batch.get("graves", graveKey(mark)))?.pack === number)
            batch.set("graves", graveKey(mark), undefined);
      });
    await this.forgetPack(number);
  }

  /** Forgets lost packs of which nothing is missed any more. */
  async forgetLost(): Promise<void> {
    for (const number of this.lost.splice(0)) {
      if ((this.packState(number)?.live ?? 0) > 0) this.lost.push(number);
      else await this.forgetPack(number);
    }
  }

  /** Takes a pack that is gone out of the index. */
  async forgetPack(number: number): Promise<void> {
    await this.#commits.add([], [], (batch) =>
      batch.set("packs", numberKey(number), undefined),
    );
  }

  async #append(
    records: readonly { header: RecordHeader; fragment?: Uint8Array }[],
  ): Promise<PlacedRow[]> {
    if (this.failure) throw this.failure;
    if (records.length === 0) return [];
    const placed: Extent[] = [];
    let extents: Extent[];
    try {
      extents = await this.packs.append(records, (extent) => {
        placed.push(extent);
        this.#ledger.pend(extent);
      });
    } catch (error) {
      for (const extent of placed) this.#ledger.settle(extent);
      throw error;
    }
    return records.map(({ header }, index) => {
      const extent = extents[index] as Extent;
      return { ...placeOf(header), row: rowOf(header, extent) };
    });
  }

  /** Whether something was written to a pack that is not committed yet. */
  isPending(pack: number): boolean {
    return this.#ledger.isPending(pack);
  }

  /** Lets go of what was appended and will not be committed. */
  abandon(rows: readonly PlacedRow[]): void {
    for (const { row } of rows) this.#ledger.settle(row);
  }

  /**
   * Makes rows durable: flush of the packs, then the index, then its flush. Whoever waits meanwhile shares the next flush.
   * @param voids places whose earlier records are void from now on. @throws DiskError; then nothing of it is in the index.
   */
  async commit(
    rows: readonly NewRow[],
    voids: readonly Place[] = [],
  ): Promise<void> {
    if (this.failure) throw this.failure;
    const tombstones =
      voids.length === 0 ? [] : await this.#appendVoids("tombstone", voids);
    await this.#commits.add(rows, tombstones, undefined);
  }

  /** Removes all fragments of a block. Durable when it resolves. @throws DiskError */
  async removeBlock(address: Address): Promise<void> {
    if (!this.hasBlock(address)) return;
    const start = blockKey(address);
    const [grave] = await this.#appendVoids("grave", [
      { ...address, segment: headerSegment, index: 255 },
    ]);
    if (!grave) return;
    await this.#commits.add([], [grave], (batch) =>
      batch.set("removals", start, numberKey(grave.sequence)),
    );
    await this.#intake.finishRemoval(start, grave.sequence);
  }

  /** Whether there is anything of a block. */
  hasBlock(address: Address): boolean {
    return rowsUnder(this.#index, blockKey(address), 1).length > 0;
  }

  /** The row of a place. */
  row(place: Place): Row | undefined {
    return decodeRow(this.#index.get("fragments", encodePlace(place)));
  }

  /** The newest mark of a place, or with index 255 of a block. */
  mark(place: Place): MarkRow | undefined {
    return decodeMark(this.#index.get("graves", graveKey(place)));
  }

  /** The rows of a segment's fragments on this disk. @param most how many there can be. */
  segment(address: Address, segment: number, most = 255): PlacedRow[] {
    const start = encodePlace({ ...address, segment, index: 0 });
    const prefix = start.subarray(0, 36);
    // Most codes are short, and every row that is read is decoded.
    const few = rowsUnder(this.#index, prefix, Math.min(most, usual));
    return few.length < usual ? few : rowsUnder(this.#index, prefix, most);
  }

  /** At most `limit` rows behind `after` (from the first on without), in order of their places. */
  rowsAfter(after: Buffer | undefined, limit: number): PlacedRow[] {
    const start = after
      ? Buffer.concat([after, Buffer.of(0)])
      : Buffer.alloc(1);
    return this.#index
      .range("fragments", start, limit)
      .flatMap(([key, value]) => placed(key, value));
  }

  /** Reads a fragment into `target`; whether all of it came. It is not verified. @throws DiskError where the disk is gone. */
  async read(row: Row, target: Uint8Array): Promise<boolean> {
    const read = await this.packs.read(row.pack, Packs.payload(row), target);
    return read === row.length;
  }

  /** Bytes of fragments by account, hex. */
  usage(): Map<string, { bytes: number; fragments: number }> {
    return new Map(
      this.#index
        .range("accounts", Buffer.alloc(1), 100_000)
        .map(([key, value]) => [
          key.toString("hex"),
          { bytes: value.readDoubleBE(0), fragments: value.readDoubleBE(8) },
        ]),
    );
  }

  /** Bytes of fragments of one account. */
  used(account: Buffer): number {
    return this.#index.get("accounts", account)?.readDoubleBE(0) ?? 0;
  }

  /** Bytes of all fragments. */
  get stored(): number {
    return [...this.usage().values()].reduce(
      (sum, { bytes }) => sum + bytes,
      0,
    );
  }

  /** The state of a pack that the index knows. */
  packState(number: number): PackState | undefined {
    const bytes = this.#index.get("packs", numberKey(number));
    return bytes && decodePack(bytes);
  }

  /** The state of each pack that the index knows, by number. */
  packStates(): Map<number, PackState> {
    return new Map(
      this.#index
        .range("packs", Buffer.alloc(1), 1_000_000)
        .map(([key, value]) => [readNumber(key), decodePack(value)]),
    );
  }

  /** Sets when a pack was last checked whole, milliseconds since 1970. */
  setVerified(batch: Batch, number: number, at: number): void {
    const state = batch.get("packs", numberKey(number));
    if (state)
      batch.set(
        "packs",
        numberKey(number),
        encodePack({ ...decodePack(state), verified: at }),
      );
  }

  /** Changes tables beside the fragments, durably. */
  async note(change: (batch: Batch) => void): Promise<void> {
    await this.#commits.add([], [], change);
  }

  /** At most `limit` rows of a table beside the fragments. */
  noted(table: "mended" | "days", limit: number): [Buffer, Buffer][] {
    return this.#index.range(table, Buffer.alloc(1), limit);
  }

  /** A number that is kept beside the fragments; 0 where it was never set. */
  fact(name: Buffer): number {
    return readNumber(this.#index.get("facts", name));
  }

  /** Makes the index anew from the packs, beside the present one, which is read and written until the new one takes its place. @throws DiskError, or why the signal says; then the present one stays. */
  async reindex(signal: AbortSignal): Promise<void> {
    // Compacting takes away packs that are still to be read.
    await this.compaction.run(async () => {
      const fresh = await this.#index.beside();
      try {
        await this.#fill(fresh, signal);
      } catch (error) {
        await fresh[Symbol.asyncDispose]();
        throw error;
      }
    });
  }

  /** Takes all packs into an index, and has it for its own then. */
  async #fill(fresh: OrderedIndex<Table>, signal: AbortSignal): Promise<void> {
    const ledger = new Ledger();
    const commits = new GroupCommit(
      // What is not durable yet is flushed by those who write it.
      { sync: async () => {} },
      fresh,
      ledger,
      () => this.#sequence,
    );
    const intake = this.#intakeInto(fresh, ledger, commits);
    const taken = new Set<number>();
    const rest = (): number[] =>
      this.packs.numbers.filter((number) => !taken.has(number));
    do {
      // What is written from now on goes into packs that are taken later.
      await this.packs.seal();
      for (const number of rest()) {
        if (number === this.packs.open) continue;
        await intake.take(number, packHeaderSize, false, signal);
        taken.add(number);
      }
    } while (rest().length > 1);
    await this.#commits.alone(async () => {
      for (const number of rest())
        await intake.take(number, packHeaderSize, true, signal);
      await this.packs.sync();
      await this.#index.become(fresh);
      this.lost.length = 0;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever compacts or makes the index anew was told to end.
    await this.compaction.run(async () => {});
    await this.#commits.idle();
    await this.packs[Symbol.asyncDispose]();
    await this.#index[Symbol.asyncDispose]();
    await this.#onClose?.();
  }

  async #appendVoids(
    kind: "tombstone" | "grave",
    places: readonly Place[],
  ): Promise<Mark[]> {
    const rows = await this.#append(
      places.map((place) => ({
        header: {
          ...place,
          kind,
          sequence: ++this.#sequence,
          k: 0,
          m: 0,
          segmentLength: 0,
          length: 0,
          created: Date.now(),
          expires: 0,
          name: Buffer.alloc(32),
        },
      })),
    );
    return rows.map(markOf);
  }

  async #recover(): Promise<void> {
    const known = this.packStates();
    const numbers = this.packs.numbers;
    const wanted = [...known].filter(([, { live }]) => live > 0);
    if (numbers.length === 0 && wanted.length > 0)
      throw new DiskMissingError(
        `The folder of packs is empty, and ${wanted.length} packs should be in it: the disk is not mounted, or they were moved. Mount it, or put them back.`,
      );
    this.lost.splice(
      0,
      this.lost.length,
      ...wanted
        .map(([number]) => number)
        .filter((number) => !numbers.includes(number)),
    );
    this.packs.skip(Math.max(0, ...known.keys()));
    this.#sequence = Math.max(this.#sequence, this.fact(sequenceKey));
    for (const [number, { live }] of known)
      if (live === 0 && !numbers.includes(number))
        await this.forgetPack(number);
    for (const [position, number] of numbers.entries()) {
      const state = known.get(number);
      const verify = state !== undefined || position >= numbers.length - 2;
      const from = state?.checkpoint ?? packHeaderSize;
      const torn = await this.#intake.take(number, from, verify);
      if (torn !== undefined) await this.packs.truncate(number, torn);
    }
    for (const [key, value] of this.#index.range(
      "removals",
      Buffer.alloc(1),
      100_000,
    ))
      await this.#intake.finishRemoval(key, readNumber(value));
  }

  #intakeInto(
    index: OrderedIndex<Table>,
    ledger: Ledger,
    commits: GroupCommit,
  ): Intake {
    return new Intake(this.packs, index, ledger, commits, (sequence) => {
      this.#sequence = Math.max(this.#sequence, sequence);
    });
  }
}

function markOf({ row, ...place }: PlacedRow): Mark {
  return { ...place, sequence: row.sequence, extent: row };
}
