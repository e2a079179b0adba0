import { DiskError } from "../../shared/errors.ts";
import type { Coder, SegmentMemory } from "./coder.ts";
import { fragmentLength, fragmentsIn } from "./coding.ts";
import type { DiskPool, Uncommitted } from "./disk-pool.ts";
import type { DiskStore } from "./disk-store.ts";
import { type Mending, noteDamaged, noteMending } from "./history.ts";
import { merkleRoot } from "./merkle.ts";
import { misplaced } from "./placement.ts";
import { headerSegment, type Place } from "./record.ts";
import {
  type Address,
  type Held,
  isOwn,
  type Located,
  NoBlockError,
  namesOf,
  SegmentLostError,
} from "./segment.ts";

/** How many fragments were rotten or missing and made anew, and how many were sound and written elsewhere. */
export interface Mended {
  mended: number;
  moved: number;
}

/** Makes segments of the box's own whole again from what is left of them. */
export class Mender {
  #pool: DiskPool;
  #coder: Coder;

  constructor(pool: DiskPool, coder: Coder) {
    this.#pool = pool;
    this.#coder = coder;
  }

  /**
   * Checks all fragments of a segment, and makes those anew that are bad or stand in the wrong place.
   * @param also numbers of fragments to make anew although they are sound. @throws SegmentLostError, NoBlockError
   */
  async mend(
    address: Address,
    segment: number,
    located: Located,
    also: readonly number[],
  ): Promise<Mended> {
    const memory = this.#coder.memory(located.cut);
    try {
      const bad = await this.restore(address, segment, located, memory);
      const wrong = misplaced(this.#pool.accepting, located);
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
      this.#coder.release(memory);
    }
  }

  /**
   * Reads fragments into a segment's memory until `wanted` are there, data before parity.
   * @returns the numbers of those that are not there.
   */
  async fetch(
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
  async restore(
    address: Address,
    segment: number,
    located: Located,
    memory: SegmentMemory,
  ): Promise<number[]> {
    const { cut } = located;
    const missing = await this.fetch(located, memory, cut.k + cut.m);
    const { rotten, whole } = await this.#coder.restore(
      memory,
      cut,
      namesOf(located),
      missing,
    );
    const bad = [...missing, ...rotten];
    if (!whole) {
      // Half of what was never acknowledged is no loss.
      if (isOwn(address) && !this.#pool.locate(address, headerSegment))
        throw new NoBlockError();
      await this.#confess(address, segment, located, bad);
      throw new SegmentLostError(segment, cut.k + cut.m - bad.length, cut.k);
    }
    return bad;
  }

  /** The same for what was not found where it had been: compaction may have moved it meanwhile. */
  async restoreAnew(
    address: Address,
    segment: number,
    before: Located,
    memory: SegmentMemory,
  ): Promise<void> {
    const located = this.#pool.locate(address, segment) ?? before;
    await this.restore(address, segment, located, memory);
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
    const written = await this.#pool.spread(
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
    await this.#pool.commit([written]);
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

  async #report(
    disk: DiskStore,
    place: Place,
    cause: Mending["cause"],
  ): Promise<void> {
    // The disk may have failed meanwhile; then its state says so.
    await noteMending(disk, place, cause).catch(() => {});
  }
}
