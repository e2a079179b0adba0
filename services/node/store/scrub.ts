import { setTimeout as sleep } from "node:timers/promises";
import { CoppiceError } from "../../shared/errors.ts";
import type { DiskStore } from "./disk-store.ts";
import type { FragmentStore } from "./fragments.ts";
import { noteVerified } from "./history.ts";
import { sizeOf } from "./ledger.ts";
import { isSettled } from "./placement.ts";
import { type Place, packHeaderSize } from "./record.ts";
import { Scanner } from "./scanner.ts";
import { type Address, NoBlockError, SegmentLostError } from "./segment.ts";
import type { ScrubProgress, ScrubReport, ScrubSettings } from "./state.ts";
import { rowsOf, segmentsOf } from "./walk.ts";

/** How the scrub is, until the owner wants it otherwise. */
export const defaultScrub: ScrubSettings = {
  periodDays: 30,
  rate: 40e6,
  pausedUntil: 0,
};

const day = 86_400_000;
const quiet = 250;
const patience = 5_000;

/** Reads all packs in turn and compares every fragment with its name; what is rotten is made anew. */
export class Scrubber implements AsyncDisposable {
  settings: ScrubSettings;
  #store: FragmentStore;
  #scanner = new Scanner();
  #progress: ScrubProgress | undefined;
  #last: (ScrubReport & { ended: number }) | undefined;
  #running: Promise<ScrubReport> | undefined;
  #hurried = false;

  constructor(store: FragmentStore, settings: ScrubSettings = defaultScrub) {
    this.#store = store;
    this.settings = settings;
  }

  /** The pass that is under way. */
  get progress(): ScrubProgress | undefined {
    return this.#progress;
  }

  /** What the last pass since the start found; milliseconds since 1970. */
  get last(): (ScrubReport & { ended: number }) | undefined {
    return this.#last;
  }

  /** Reads everything now, as fast as the disks give it. Whoever asks during a pass gets that one, hurried. @throws where `signal` aborts */
  async now(signal: AbortSignal): Promise<ScrubReport> {
    this.#hurried = true;
    try {
      // One that is under way has left out what was not due.
      await this.#running?.catch(() => {});
      return await this.#pass(signal);
    } finally {
      this.#hurried = false;
    }
  }

  /**
   * Reads packs for ever: each once in the owner's period, slowly, and only while nobody else wants the disks.
   * @param daily is called at the start and once a day. Resolves when `signal` aborts.
   */
  async run(signal: AbortSignal, daily: () => Promise<void>): Promise<void> {
    let swept = 0;
    while (!signal.aborted) {
      try {
        const sweep = Date.now() - swept >= day;
        if (sweep) await daily();
        if (sweep || this.#hasDue()) await this.#pass(signal);
        if (sweep) swept = Date.now();
      } catch (error) {
        if (signal.aborted) return;
        // A disk that failed says so in its state; the others are looked at again after a while.
        if (!(error instanceof CoppiceError)) throw error;
      }
      await sleep(60_000, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  #isDue(verified: number): boolean {
    return verified + this.settings.periodDays * day <= Date.now();
  }

  #hasDue(): boolean {
    return [...this.#store.disks.values()].some(
      (disk) =>
        !disk.failure &&
        [...disk.packStates()].some(
          ([pack, { verified }]) =>
            pack !== disk.packs.open && this.#isDue(verified),
        ),
    );
  }

  /** Puts each fragment where it should be with the present disks, as fast as they take it. @throws where `signal` aborts */
  async settle(signal: AbortSignal): Promise<void> {
    await this.#settle(begun(), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.catch(() => {});
    await this.#scanner[Symbol.asyncDispose]();
  }

  async #pass(signal: AbortSignal): Promise<ScrubReport> {
    this.#running ??= this.#passAll(signal).finally(() => {
      this.#running = undefined;
      this.#progress = undefined;
    });
    return await this.#running;
  }

  async #passAll(signal: AbortSignal): Promise<ScrubReport> {
    const progress = begun();
    const due: { disk: DiskStore; pack: number; verified: number }[] = [];
    for (const disk of this.#store.disks.values()) {
      if (disk.failure) continue;
      const states = disk.packStates();
      for (const pack of disk.packs.numbers) {
        const state = states.get(pack);
        if (!state) continue;
        progress.total += state.end - packHeaderSize;
        due.push({ disk, pack, verified: state.verified });
      }
    }
    // The longest unread first: what a restart interrupts goes on where it was.
    due.sort((a, b) => a.verified - b.verified);
    this.#progress = progress;
    for (const { disk, pack, verified } of due) {
      // One that still grows is read later, unless somebody waits for it.
      if (
        !this.#hurried &&
        (pack === disk.packs.open || !this.#isDue(verified))
      )
        continue;
      progress.disk = disk.uuid;
      await this.#pack(disk, pack, progress, signal);
    }
    delete progress.disk;
    await this.#settle(progress, signal);
    const { verified, damaged, mended, moved, lost } = progress;
    const report = { verified, damaged, mended, moved, lost };
    this.#last = { ...report, ended: Date.now() };
    return report;
  }

  async #pack(
    disk: DiskStore,
    pack: number,
    progress: ScrubProgress,
    signal: AbortSignal,
  ): Promise<void> {
    // A pack that grows while it is read could hide a record that is gone.
    if (pack === disk.packs.open) await disk.packs.seal();
    const seen = new Set<number>();
    let reached = packHeaderSize;
    let live = 0;
    const bad: (Place & { anew: readonly number[] })[] = [];
    for await (const found of this.#scanner.scan(disk, pack)) {
      signal.throwIfAborted();
      const began = reached;
      for (const { header, offset, end, sound, scarred } of found) {
        reached = end;
        if (header.kind !== "fragment") continue;
        const row = disk.row(header);
        if (row?.pack !== pack || row.offset !== offset) continue;
        seen.add(offset);
        live += sizeOf(row);
        if (!sound || scarred)
          bad.push({ ...header, anew: scarred ? [header.index] : [] });
      }
      progress.verified += reached - began;
      for (const { anew, ...place } of bad.splice(0))
        await this.#mend(place, progress, anew);
      await this.#breathe(reached - began, signal);
    }
    const state = disk.packState(pack);
    if (state && state.live > live && !disk.isPending(pack))
      await this.#mendUnseen(disk, pack, seen, progress);
    await noteVerified(disk, reached - packHeaderSize, pack);
  }

  /** Finds rows whose record was not found in their pack. */
  async #mendUnseen(
    disk: DiskStore,
    pack: number,
    seen: Set<number>,
    progress: ScrubProgress,
  ): Promise<void> {
    for await (const { row, ...place } of rowsOf(disk)) {
      if (row.pack !== pack || seen.has(row.offset)) continue;
      // It may have been moved since the slice of rows was read.
      const current = disk.row(place);
      if (current?.pack === pack && current.offset === row.offset)
        await this.#mend(place, progress, [place.index]);
    }
  }

  /** Looks through all segments for fragments that are nowhere, on a failed disk or in a pack that is gone. */
  async #settle(progress: ScrubProgress, signal: AbortSignal): Promise<void> {
    for await (const { segment, ...address } of segmentsOf(this.#store)) {
      signal.throwIfAborted();
      const located = this.#store.locate(address, segment);
      if (!located || isSettled(this.#store.accepting, located)) continue;
      await this.#mend({ ...address, segment }, progress);
    }
    for (const disk of this.#store.disks.values())
      if (!disk.failure) await disk.forgetLost();
  }

  async #mend(
    { account, block, segment }: Address & { segment: number },
    progress: ScrubProgress,
    anew: readonly number[] = [],
  ): Promise<void> {
    try {
      const { mended, moved } = await this.#store.mend(
        { account, block },
        segment,
        anew,
      );
      progress.damaged += mended;
      progress.mended += mended;
      progress.moved += moved;
    } catch (error) {
      if (error instanceof NoBlockError) return;
      if (!(error instanceof SegmentLostError)) throw error;
      progress.damaged++;
      const lost = {
        account: account.toString("hex"),
        block: block.toString("hex"),
        segment,
      };
      if (
        !progress.lost.some(
          (other) =>
            other.block === lost.block && other.segment === lost.segment,
        )
      )
        progress.lost.push(lost);
    }
  }

  /** Waits as long as the owner's rate wants it, and while somebody else uses the disks. */
  async #breathe(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#hurried) return;
    await sleep((bytes / this.settings.rate) * 1000, undefined, {
      signal,
      ref: false,
    });
    const since = performance.now();
    while (
      !this.#hurried &&
      (Date.now() < this.settings.pausedUntil ||
        (performance.now() - this.#store.lastUse < quiet &&
          performance.now() - since < patience))
    )
      await sleep(quiet, undefined, { signal, ref: false });
  }
}

function begun(): ScrubProgress {
  return {
    started: Date.now(),
    total: 0,
    verified: 0,
    damaged: 0,
    mended: 0,
    moved: 0,
    lost: [],
  };
}
