import { DiskError } from "../../shared/errors.ts";
import type { DiskStore, NewFragment } from "./disk-store.ts";
import { noteDamaged, noteMending } from "./history.ts";
import { merkleRoot } from "./merkle.ts";
import { encodePlace, type Place } from "./record.ts";
import type { PlacedRow, Row } from "./rows.ts";
import type { Address, Located } from "./segment.ts";

/** Where they are kept: the fragment store. */
export interface Shelves {
  readonly disks: ReadonlyMap<string, DiskStore>;
  readonly accepting: readonly DiskStore[];
  admit(account: Buffer, bytes: number): Promise<void>;
  keep(fragments: readonly NewFragment[]): Promise<void>;
  collect(): void;
}

/** Fragments that are kept for others: single ones, which their owner can make anew and this box cannot. */
export class ForeignFragments {
  #store: Shelves;

  constructor(store: Shelves) {
    this.#store = store;
  }

  /** Keeps fragments of one account, durably when it resolves. @throws QuotaError, DiskFullError, DiskError */
  async put(account: Buffer, fragments: readonly NewFragment[]): Promise<void> {
    const bytes = fragments.reduce((sum, { length }) => sum + length, 0);
    await this.#store.admit(account, bytes);
    await this.#store.keep(fragments);
  }

  /** A fragment that is what its name says; `undefined` where it is not there or was found rotten. @throws DiskError */
  async get(place: Place): Promise<{ row: Row; bytes: Buffer } | undefined> {
    for (const { disk, row } of this.#copies(place)) {
      if (row.damaged) continue;
      const bytes = Buffer.allocUnsafe(row.length);
      const read = await disk.read(row, bytes).catch((error: unknown) => {
        if (error instanceof DiskError) return false;
        throw error;
      });
      if (read && merkleRoot(bytes).equals(row.name)) return { row, bytes };
      await this.#confess(disk, place, row);
    }
    return undefined;
  }

  /** What is known of a fragment. */
  row(place: Place): Row | undefined {
    return this.#copies(place).find(({ row }) => !row.damaged)?.row;
  }

  /** At most `limit` sound rows of an account behind a place, in order of their places. */
  after(account: Buffer, place: Place | undefined, limit: number): PlacedRow[] {
    const start = place
      ? encodePlace(place)
      : Buffer.concat([account, Buffer.alloc(21)]);
    const rows = [...this.#store.disks.values()]
      .flatMap((disk) => disk.rowsAfter(start, limit))
      .filter((one) => one.account.equals(account))
      .sort((a, b) => encodePlace(a).compare(encodePlace(b)))
      .slice(0, limit);
    return rows.filter(({ row }) => !row.damaged);
  }

  /** Voids places. Durable when it resolves. @returns how many there were. @throws DiskError */
  async remove(places: readonly Place[]): Promise<number> {
    const voids = new Map<DiskStore, Place[]>();
    for (const place of places)
      for (const { disk } of this.#copies(place)) {
        const list = voids.get(disk);
        if (list) list.push(place);
        else voids.set(disk, [place]);
      }
    for (const [disk, list] of voids) await disk.commit([], list);
    if (voids.size > 0) this.#store.collect();
    return [...voids.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** Removes all that is kept for an account, a slice at a time. @throws DiskError */
  async removeAll(account: Buffer): Promise<void> {
    for (;;) {
      const rows = [...this.#store.disks.values()].flatMap((disk) =>
        disk.failure
          ? []
          : disk
              .rowsAfter(Buffer.concat([account, Buffer.alloc(21)]), 500)
              .filter((one) => one.account.equals(account)),
      );
      if (rows.length === 0) return;
      await this.remove(rows);
    }
  }

  /** Checks what is held of a segment, confesses what is rotten, and moves what is on a disk that is to be emptied. */
  async mend(
    address: Address,
    segment: number,
    { held }: Located,
    also: readonly number[],
  ): Promise<{ mended: number; moved: number }> {
    const accepting = this.#store.accepting;
    let moved = 0;
    for (const [index, copies] of held) {
      const place = { ...address, segment, index };
      const stays = copies.some(
        ({ disk, row }) => !row.damaged && accepting.includes(disk),
      );
      const found = await this.get(place);
      if (!found || (stays && !also.includes(index))) continue;
      const { row, bytes } = found;
      await this.#store.keep([{ ...place, ...row, bytes }]);
      const old = copies.filter(
        ({ disk }) => !disk.failure && !accepting.includes(disk),
      );
      for (const { disk } of old) await disk.commit([], [place]);
      moved++;
    }
    return { mended: 0, moved };
  }

  #copies(place: Place): { disk: DiskStore; row: Row }[] {
    return [...this.#store.disks.values()].flatMap((disk) => {
      const row = disk.failure ? undefined : disk.row(place);
      return row ? [{ disk, row }] : [];
    });
  }

  async #confess(disk: DiskStore, place: Place, row: Row): Promise<void> {
    await noteDamaged(disk, place, row).catch(() => {});
    await noteMending(disk, place, "lost").catch(() => {});
  }
}
