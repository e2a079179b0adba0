import { CoppiceError, DiskError, DiskFullError } from "../../shared/errors.ts";
import type { DiskStore, NewFragment } from "./disk-store.ts";
import { placeFragments } from "./placement.ts";
import type { PlacedRow } from "./rows.ts";
import { type Address, isOwn, type Located, QuotaError } from "./segment.ts";

/** Fragments that are written to disks and not durable yet. */
export type Uncommitted = { disk: DiskStore; rows: PlacedRow[] }[];

/** The data disks of the box: what is where on them, what may be written to which, and what makes it durable. */
export class DiskPool {
  #disks = new Map<string, DiskStore>();
  #draining = new Set<string>();
  #quotas = new Map<string, number>();
  #listeners = new Set<(address: Address, segment: number) => void>();

  /** The disks, by UUID. */
  get disks(): ReadonlyMap<string, DiskStore> {
    return this.#disks;
  }

  /** Adds an opened disk; the store closes it. */
  attach(disk: DiskStore): void {
    this.#disks.set(disk.uuid, disk);
  }

  /** Does without a disk from now on; whoever calls closes it. */
  protected leave(uuid: string): DiskStore | undefined {
    const disk = this.#disks.get(uuid);
    this.#disks.delete(uuid);
    this.#draining.delete(uuid);
    return disk;
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

  /** Whether any disk has anything of a block. */
  has(address: Address): boolean {
    return [...this.#disks.values()].some((disk) => disk.hasBlock(address));
  }

  /** Writes fragments to the disks that suit best; where one fails or is full, to the others. @param taken how many of the segment a disk has already. @throws DiskFullError, DiskError */
  async spread(
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
}
