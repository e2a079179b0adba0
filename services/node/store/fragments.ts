import { CoppiceError, DiskError, DiskFullError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import type { Coder, SegmentMemory } from "./coder.ts";
import {
  type Cipher,
  type Code,
  type Cut,
  fragmentLength,
  fragmentsIn,
} from "./coding.ts";
import { compact } from "./compaction.ts";
import type { DiskStore, NewFragment } from "./disk-store.ts";
import { ForeignFragments } from "./foreign.ts";
import { type Mending, noteDamaged, noteMending } from "./history.ts";
import { merkleRoot } from "./merkle.ts";
import { placeFragments } from "./placement.ts";
import { headerSegment, type Place } from "./record.ts";
import type { PlacedRow } from "./rows.ts";
import {
  type Address,
  addressKey,
  type Held,
  isOwn,
  type Located,
  NoBlockError,
  namesOf,
  QuotaError,
  SegmentLostError,
} from "./segment.ts";

/** How many fragments were rotten or missing and made anew, and how many were sound and written elsewhere. */
export interface Mended {
  mended: number;
  moved: number;
}

/** Fragments on all data disks of the box. */
export class FragmentStore implements AsyncDisposable {
  readonly coder: Coder;
  /** What is kept for others. */
  readonly foreign = new ForeignFragments(this);
  #disks = new Map<string, DiskStore>();
  #draining = new Set<string>();
  #quotas = new Map<string, number>();
  /** Removing a block and mending it exclude each other: a mended fragment must not bring a removed block back. */
  #repairs = new Mutex();
  #writing = new Set<string>();
  #queued = new Set<string>();
  #background: Promise<void> = Promise.resolve();
  #ending = new AbortController();
  /** When something was last read or written for somebody, by performance.now(). */
  lastUse = 0;
  #onError: (error: unknown) => void;
  /** Gives segments of the box's own that are not on its disks: what was encrypted, as it was cut. */
  elsewhere: Elsewhere | undefined;
  #listeners = new Set<(address: Address, segment: number) => void>();

  /** @param onError hears of what went wrong in the background and is no disk's state. */
  constructor(coder: Coder, onError: (error: unknown) => void) {
    this.coder = coder;
    this.#onError = onError;
  }

  /** The disks, by UUID. */
  get disks(): ReadonlyMap<string, DiskStore> {
    return this.#disks;
  }

  /** Adds an opened disk; the store closes it. */
  attach(disk: DiskStore): void {
    this.#disks.set(disk.uuid, disk);
  }

  /** Closes a disk and does without it. */
  async detach(uuid: string): Promise<void> {
    const disk = this.#disks.get(uuid);
    this.#disks.delete(uuid);
    this.#draining.delete(uuid);
    await this.idle();
    await disk?.[Symbol.asyncDispose]();
  }

  /** Says whether nothing new goes to a disk, because it is to be removed. */
  setDraining(uuid: string, draining: boolean): void {
    if (draining) this.#draining.add(uuid);
    else this.#draining.delete(uuid);
  }

  /** Allows an account so many bytes of fragments; without a number, as many as there is room. */
  setQuota(account: Buffer, bytes: number | undefined): void {
    const key = account.toString("hex");
    if (bytes === undefined) this.#quotas.delete(key);
    else this.#quotas.set(key, bytes);
  }

  /** Disks that take fragments. */
  get accepting(): DiskStore[] {
    return [...this.#disks.values()].filter(
      ({ uuid, failure }) => !failure && !this.#draining.has(uuid),
    );
  }

  /** @throws QuotaError where an account may not have so many bytes of fragments more. */
  checkQuota(account: Buffer, bytes: number): void {
    const quota = this.#quotas.get(account.toString("hex"));
    if (quota === undefined) return;
    const used = this.used(account);
    if (used + bytes > quota) throw new QuotaError(used, quota);
  }

  /** Bytes of an account's fragments on all disks. */
  used(account: Buffer): number {
    return [...this.#disks.values()].reduce(
      (sum, disk) => sum + disk.used(account),
      0,
    );
  }

  /** Says that a block is being written, until the end of the scope: it is not garbage yet. */
  writing(address: Address): Disposable {
    const key = addressKey(address);
    this.#writing.add(key);
    return { [Symbol.dispose]: () => void this.#writing.delete(key) };
  }

  /** Whether a block is being written. */
  isWriting(address: Address): boolean {
    return this.#writing.has(addressKey(address));
  }

  /** Bytes free for fragments and in all, on the disks that take any. @throws DiskError where none of them can be asked */
  async room(): Promise<{ free: number; total: number }> {
    const results = await Promise.allSettled(
      this.accepting.map(async (disk) => await disk.room()),
    );
    const sum = { free: 0, total: 0 };
    for (const result of results) {
      if (result.status === "rejected") {
        if (results.every(({ status }) => status === "rejected"))
          throw result.reason;
        continue;
      }
      sum.free += result.value.free;
      sum.total += result.value.total;
    }
    return sum;
  }

  /** @throws QuotaError; DiskFullError where so many bytes of fragments have no room; DiskError without a working disk. */
  async admit(account: Buffer, bytes: number): Promise<void> {
    this.checkQuota(account, bytes);
    const accepting = this.accepting;
    if (accepting.length === 0) throw this.#noDisk();
    const { free } = await this.room();
    if (free < bytes)
      throw new DiskFullError(
        `The disks have ${Math.floor(free / 2 ** 20)} MB free for files and this needs ${Math.ceil(bytes / 2 ** 20)} MB. Delete something, or add a disk.`,
      );
  }

  /**
   * Writes the fragments in a segment's memory to the disks. Nothing of it is durable before `commit`.
   * @param names 32 bytes for each fragment. @throws DiskFullError, DiskError
   */
  async write(
    address: Address,
    segment: number,
    cut: Cut,
    memory: SegmentMemory,
    names: Buffer,
    expires = 0,
  ): Promise<Uncommitted> {
    this.lastUse = performance.now();
    const created = Date.now();
    return await this.#spread(
      fragmentsIn(memory.bytes, cut).map((bytes, index) => ({
        ...address,
        segment,
        index,
        k: cut.k,
        m: cut.m,
        segmentLength: cut.segmentLength,
        length: bytes.length,
        created,
        expires,
        name: names.subarray(index * 32, index * 32 + 32),
        bytes,
      })),
      new Map(),
    );
  }

  /** Writes single fragments to the disks, durably when it resolves. @throws DiskFullError, DiskError */
  async keep(fragments: readonly NewFragment[]): Promise<void> {
    this.lastUse = performance.now();
    await this.commit([await this.#spread(fragments, new Map())]);
  }

  /** Calls `listener` with each segment of which something became durable, until it is disposed of. */
  listen(listener: (address: Address, segment: number) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Makes what was written durable: acknowledged means that this resolved. @throws DiskError */
  async commit(written: readonly Uncommitted[]): Promise<void> {
    const byDisk = new Map<DiskStore, PlacedRow[]>();
    for (const { disk, rows } of written.flat()) {
      const list = byDisk.get(disk);
      if (list) list.push(...rows);
      else byDisk.set(disk, [...rows]);
    }
    await Promise.all(
      [...byDisk].map(async ([disk, rows]) => await disk.commit(rows)),
    );
    if (this.#listeners.size === 0) return;
    for (const rows of byDisk.values())
      for (const { account, block, segment } of rows)
        for (const listener of this.#listeners)
          listener({ account, block }, segment);
  }

  /** Lets go of what was written and will not be committed. */
  abandon(written: readonly Uncommitted[]): void {
    for (const { disk, rows } of written.flat()) disk.abandon(rows);
  }

  /** What is known of a segment; `undefined` where no disk has anything of it. @param most how many fragments it can have. */
  locate(address: Address, segment: number, most = 255): Located | undefined {
    let located: Located | undefined;
    for (const disk of this.#disks.values()) {
      for (const { index, row } of disk.segment(address, segment, most)) {
        const { k, m, segmentLength, created, expires } = row;
        located ??= {
          cut: { k, m, segmentLength },
          created,
          expires,
          foreign: !isOwn(address),
          held: new Map(),
        };
        const copies = located.held.get(index);
        if (copies) copies.push({ disk, row });
        else located.held.set(index, [{ disk, row }]);
      }
    }
    return located;
  }

  /**
   * Reads and decrypts a segment. What is missing or rotten is mended afterwards. Give the memory back to the coder.
   * @returns memory that begins with the plain bytes; `undefined` where they are not what was encrypted.
   * @param code as the block's header tells it. @throws NoBlockError, SegmentLostError
   */
  async open(
    address: Address,
    segment: number,
    cipher: Cipher,
    code: Code,
  ): Promise<SegmentMemory | undefined> {
    try {
      return await this.#open(address, segment, cipher, code);
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (!(await this.refill(address, segment, code))) throw error;
      return await this.#open(address, segment, cipher, code);
    }
  }

  /**
   * Takes a segment that is not whole on this box from elsewhere, and keeps it; whether there was one.
   * @throws DiskFullError, DiskError
   */
  async refill(
    address: Address,
    segment: number,
    code: Code,
  ): Promise<boolean> {
    const bytes = await this.elsewhere?.(address, segment);
    if (!bytes) return false;
    const cut = { k: code.k, m: code.m, segmentLength: bytes.length };
    const memory = this.coder.memory(cut);
    try {
      bytes.copy(memory.bytes);
      const names = await this.coder.seal(memory, cut);
      await this.commit([
        await this.write(address, segment, cut, memory, names),
      ]);
      return true;
    } finally {
      this.coder.release(memory);
    }
  }

  async #open(
    address: Address,
    segment: number,
    cipher: Cipher,
    code: Code,
  ): Promise<SegmentMemory | undefined> {
    this.lastUse = performance.now();
    const located = this.locate(address, segment, code.k + code.m);
    if (!located) throw new NoBlockError();
    const { cut } = located;
    const memory = this.coder.memory(cut);
    let opened = false;
    try {
      const missing = await this.#fetch(located, memory, cut.k);
      opened =
        missing.length <= cut.m &&
        (await this.coder.open(memory, cut, cipher, missing));
      if (!opened) {
        await this.#restoreAnew(address, segment, located, memory);
        opened = await this.coder.open(memory, cut, cipher, []);
        this.#queue(address, segment);
      } else if (missing.some((index) => index < cut.k))
        this.#queue(address, segment);
      return opened ? memory : undefined;
    } finally {
      if (!opened) this.coder.release(memory);
    }
  }

  /** Reads a segment that is not encrypted by the store, and compares it with its fragments' names. @throws NoBlockError, SegmentLostError */
  async read(address: Address, segment: number, most = 255): Promise<Buffer> {
    this.lastUse = performance.now();
    const located = this.locate(address, segment, most);
    if (!located) throw new NoBlockError();
    const memory = this.coder.memory(located.cut);
    try {
      const { cut } = located;
      // As few as restore it, checked by name; only where that is not enough, all.
      const missing = await this.#fetch(located, memory, cut.k);
      const { rotten, whole } =
        missing.length <= cut.m
          ? await this.coder.restore(memory, cut, namesOf(located), missing)
          : { rotten: [], whole: false };
      if (!whole || rotten.length > 0)
        await this.#restoreAnew(address, segment, located, memory);
      if (!whole || rotten.length > 0 || missing.some((index) => index < cut.k))
        this.#queue(address, segment);
      return Buffer.from(memory.bytes.subarray(0, located.cut.segmentLength));
    } finally {
      this.coder.release(memory);
    }
  }

  /**
   * Checks all fragments of a segment; makes those anew that are rotten, missing, on a failed or a draining disk, and moves
   * what stands too close together.
   * @param also numbers of fragments to make anew although they are sound. @throws SegmentLostError
   */
  async mend(
    address: Address,
    segment: number,
    also: readonly number[] = [],
  ): Promise<Mended> {
    return await this.#repairs.run(async () => {
      // Without a disk that takes anything there is nowhere to mend to.
      const located =
        this.accepting.length === 0 ? undefined : this.locate(address, segment);
      if (!located) return { mended: 0, moved: 0 };
      if (located.foreign)
        return await this.foreign.mend(address, segment, located, also);
      const { cut } = located;
      const memory = this.coder.memory(cut);
      try {
        const bad = await this.#restore(address, segment, located, memory);
        const wrong = this.misplaced(located);
        const anew = [...new Set([...bad, ...wrong, ...also])].sort(
          (a, b) => a - b,
        );
        const made =
          anew.length === 0
            ? []
            : await this.#remake(address, segment, located, memory, anew, bad);
        await this.#dropSpares(address, segment, located, made);
        return { mended: bad.length, moved: anew.length - bad.length };
      } finally {
        this.coder.release(memory);
      }
    });
  }

  /** Whether each fragment of a segment is there once, and where it should be. */
  isSettled(located: Located): boolean {
    return (
      this.misplaced(located).length === 0 &&
      [...located.held.values()].every(
        (copies) =>
          copies.filter(({ disk }) => disk.failure === undefined).length <= 1,
      )
    );
  }

  /** Numbers of fragments that are not where they should be: nowhere, on a failed or draining disk, or too many on one. */
  misplaced({ cut, held, foreign }: Located): number[] {
    const accepting = this.accepting;
    if (accepting.length === 0) return [];
    const total = cut.k + cut.m;
    const share = foreign ? total : Math.ceil(total / accepting.length);
    const count = new Map<DiskStore, number>();
    const wrong: number[] = [];
    for (let index = 0; index < total; index++) {
      if (foreign && !held.get(index)?.some(({ row }) => !row.damaged))
        continue;
      const good = held
        .get(index)
        ?.find(
          ({ disk, row }) =>
            !row.damaged &&
            accepting.includes(disk) &&
            !disk.lost.includes(row.pack),
        );
      const onDisk = good ? (count.get(good.disk) ?? 0) : 0;
      if (!good || onDisk >= share) wrong.push(index);
      else count.set(good.disk, onDisk + 1);
    }
    return wrong;
  }

  /** Whether any disk has anything of a block. */
  has(address: Address): boolean {
    return [...this.#disks.values()].some((disk) => disk.hasBlock(address));
  }

  /** Removes a block from all disks. Durable when it resolves. @throws DiskError */
  async remove(address: Address): Promise<void> {
    await this.#repairs.run(async () => {
      const disks = [...this.#disks.values()].filter(
        (disk) => !disk.failure && disk.hasBlock(address),
      );
      // The header first, and everywhere: one copy of it is a whole block, none is no block, and nothing is between.
      if (disks.length > 1)
        await Promise.all(
          disks.map(async (disk) => {
            const copies = disk.segment(address, headerSegment);
            if (copies.length > 0) await disk.commit([], copies);
          }),
        );
      await Promise.all(
        disks.map(async (disk) => await disk.removeBlock(address)),
      );
    });
    this.collect();
  }

  /** Compacts all disks in the background, one run at a time. */
  collect(): void {
    this.#later(async () => {
      for (const disk of this.accepting)
        await compact(disk, this.#ending.signal);
    });
  }

  /** Resolves when nothing is left to do in the background. */
  async idle(): Promise<void> {
    let seen: Promise<void> | undefined;
    while (seen !== this.#background) {
      seen = this.#background;
      await seen;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.idle();
    for (const disk of this.#disks.values()) await disk[Symbol.asyncDispose]();
    this.#disks.clear();
    await this.coder[Symbol.asyncDispose]();
  }

  /**
   * Reads fragments into a segment's memory until `wanted` are there, data before parity.
   * @returns the numbers of those that are not there.
   */
  async #fetch(
    { cut, held }: Located,
    memory: SegmentMemory,
    wanted: number,
  ): Promise<number[]> {
    const fragments = fragmentsIn(memory.bytes, cut);
    const missing = new Set(fragments.keys());
    // What no disk knows of is not waited for.
    let candidates = [...fragments.keys()].filter((index) => held.has(index));
    while (candidates.length > 0 && fragments.length - missing.size < wanted) {
      const next = candidates.slice(
        0,
        wanted - (fragments.length - missing.size),
      );
      candidates = candidates.slice(next.length);
      await Promise.all(
        next.map(async (index) => {
          for (const copy of held.get(index) ?? []) {
            if (await this.#fetchOne(copy, fragments[index] as Buffer)) {
              missing.delete(index);
              return;
            }
          }
        }),
      );
    }
    return [...missing];
  }

  async #fetchOne({ disk, row }: Held, target: Buffer): Promise<boolean> {
    if (row.damaged || row.length !== target.length) return false;
    return await disk.read(row, target).catch((error: unknown) => {
      if (error instanceof DiskError) return false;
      throw error;
    });
  }

  /** Reads all fragments, checks them by name, and restores the others in the memory. @returns numbers of the bad ones. */
  async #restore(
    address: Address,
    segment: number,
    located: Located,
    memory: SegmentMemory,
  ): Promise<number[]> {
    const { cut } = located;
    const missing = await this.#fetch(located, memory, cut.k + cut.m);
    const { rotten, whole } = await this.coder.restore(
      memory,
      cut,
      namesOf(located),
      missing,
    );
    const bad = [...missing, ...rotten];
    if (!whole) {
      // Half of what was never acknowledged is no loss.
      if (isOwn(address) && !this.locate(address, headerSegment))
        throw new NoBlockError();
      await this.#confess(address, segment, located, bad);
      throw new SegmentLostError(segment, cut.k + cut.m - bad.length, cut.k);
    }
    return bad;
  }

  /** The same for what was not found where it had been: compaction may have moved it meanwhile. */
  async #restoreAnew(
    address: Address,
    segment: number,
    before: Located,
    memory: SegmentMemory,
  ): Promise<void> {
    const located = this.locate(address, segment) ?? before;
    await this.#restore(address, segment, located, memory);
  }

  /** Notes durably that a segment is lost, once for each of its bad fragments. */
  async #confess(
    address: Address,
    segment: number,
    { held }: Located,
    bad: readonly number[],
  ): Promise<void> {
    for (const index of bad) {
      for (const { disk, row } of held.get(index) ?? []) {
        if (row.damaged || disk.failure) continue;
        const place = { ...address, segment, index };
        await noteDamaged(disk, place, row).catch(() => {});
        await this.#report(disk, place, "lost");
      }
    }
  }

  async #remake(
    address: Address,
    segment: number,
    { cut, held, created, expires }: Located,
    memory: SegmentMemory,
    anew: readonly number[],
    bad: readonly number[],
  ): Promise<Uncommitted> {
    const fragments = fragmentsIn(memory.bytes, cut);
    const taken = new Map<DiskStore, number>();
    for (const [index, copies] of held) {
      const [copy] = copies;
      if (copy && !anew.includes(index))
        taken.set(copy.disk, (taken.get(copy.disk) ?? 0) + 1);
    }
    const written = await this.#spread(
      anew.map((index) => {
        const bytes = fragments[index] as Buffer;
        return {
          ...address,
          segment,
          index,
          k: cut.k,
          m: cut.m,
          segmentLength: cut.segmentLength,
          length: fragmentLength(cut),
          created,
          expires,
          name: held.get(index)?.[0]?.row.name ?? merkleRoot(bytes),
          bytes,
        };
      }),
      taken,
    );
    await this.commit([written]);
    for (const { disk, rows } of written)
      for (const { index } of rows)
        if (bad.includes(index))
          await this.#report(
            disk,
            { ...address, segment, index },
            held.has(index) ? "rotten" : "missing",
          );
    return written;
  }

  /** Voids all copies of each fragment but one: the one that was just made, else the first that was read and found sound. */
  async #dropSpares(
    address: Address,
    segment: number,
    { held }: Located,
    made: Uncommitted,
  ): Promise<void> {
    const fresh = new Map(
      made.flatMap(({ disk, rows }) =>
        rows.map(({ index }) => [index, disk] as const),
      ),
    );
    const spare = new Map<DiskStore, Place[]>();
    for (const [index, copies] of held) {
      const kept =
        fresh.get(index) ??
        (copies.find(({ row }) => !row.damaged) ?? copies[0])?.disk;
      for (const { disk } of copies) {
        if (disk === kept || disk.failure) continue;
        const list = spare.get(disk) ?? [];
        list.push({ ...address, segment, index });
        spare.set(disk, list);
      }
    }
    for (const [disk, places] of spare) await disk.commit([], places);
  }

  /** Writes fragments to the disks that suit best; where one fails or is full, to the others. */
  async #spread(
    fragments: readonly NewFragment[],
    taken: ReadonlyMap<DiskStore, number>,
  ): Promise<Uncommitted> {
    const written: Uncommitted = [];
    const refused = new Set<DiskStore>();
    let waiting = fragments;
    let reason: unknown;
    while (waiting.length > 0) {
      const candidates = this.accepting.filter((disk) => !refused.has(disk));
      const placed = await placeFragments(candidates, waiting, taken);
      if (!placed) {
        this.abandon([written]);
        throw (
          reason ??
          (this.accepting.length === 0
            ? this.#noDisk()
            : new DiskFullError(
                "No data disk has room. Delete something, or add a disk.",
              ))
        );
      }
      const failed: NewFragment[] = [];
      await Promise.all(
        [...placed].map(async ([disk, list]) => {
          try {
            written.push({ disk, rows: await disk.append(list) });
          } catch (error) {
            if (!(error instanceof CoppiceError)) throw error;
            reason = error;
            refused.add(disk);
            failed.push(...list);
          }
        }),
      );
      waiting = failed;
    }
    return written;
  }

  /** Why nothing can be written. */
  #noDisk(): DiskError {
    return (
      [...this.#disks.values()].find(({ failure }) => failure)?.failure ??
      new DiskError(
        "No data disk takes anything. Check cables and power, or add a disk.",
      )
    );
  }

  #queue(address: Address, segment: number): void {
    const key = addressKey(address) + segment;
    if (this.#queued.has(key) || this.#queued.size > 10_000) return;
    this.#queued.add(key);
    this.#later(async () => {
      this.#queued.delete(key);
      await this.mend(address, segment);
    });
  }

  /** Does something in the background, after all that was to be done before; a failure is in the disks' states, or is tried again by the scrub. */
  #later(work: () => Promise<unknown>): void {
    this.#background = this.#background.then(async () => {
      if (this.#ending.signal.aborted) return;
      await work().catch((error: unknown) => {
        if (!this.#ending.signal.aborted) this.#onError(error);
      });
    });
  }

  async #report(
    disk: DiskStore,
    place: Place,
    cause: Mending["cause"],
  ): Promise<void> {
    // The disk may have failed meanwhile; then its state says so.
    await noteMending(disk, place, cause).catch(() => {});
  }
}

/** A segment's bytes, from another place; `undefined` where they are not there either. */
export type Elsewhere = (
  address: Address,
  segment: number,
) => Promise<Buffer | undefined>;

function isMissing(error: unknown): boolean {
  return error instanceof NoBlockError || error instanceof SegmentLostError;
}

/** Fragments that are written to disks and not durable yet. */
export type Uncommitted = { disk: DiskStore; rows: PlacedRow[] }[];
