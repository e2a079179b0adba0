import { Mutex } from "../../shared/mutex.ts";
import type { Coder, SegmentMemory } from "./coder.ts";
import { type Cipher, type Code, type Cut, fragmentsIn } from "./coding.ts";
import { compact } from "./compaction.ts";
import { DiskPool, type Uncommitted } from "./disk-pool.ts";
import type { NewFragment } from "./disk-store.ts";
import { ForeignFragments } from "./foreign.ts";
import { type Mended, Mender } from "./mending.ts";
import { headerSegment } from "./record.ts";
import {
  type Address,
  addressKey,
  NoBlockError,
  namesOf,
  SegmentLostError,
} from "./segment.ts";

/** Fragments on all data disks of the box. */
export class FragmentStore extends DiskPool implements AsyncDisposable {
  readonly coder: Coder;
  /** What is kept for others. */
  readonly foreign = new ForeignFragments(this);
  #mender: Mender;
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

  /** @param onError hears of what went wrong in the background and is no disk's state. */
  constructor(coder: Coder, onError: (error: unknown) => void) {
    super();
    this.coder = coder;
    this.#mender = new Mender(this, coder);
    this.#onError = onError;
  }

  /** Closes a disk and does without it. */
  async detach(uuid: string): Promise<void> {
    const disk = this.leave(uuid);
    await this.idle();
    await disk?.[Symbol.asyncDispose]();
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
    return await this.spread(
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
    await this.commit([await this.spread(fragments, new Map())]);
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
      const missing = await this.#mender.fetch(located, memory, cut.k);
      opened =
        missing.length <= cut.m &&
        (await this.coder.open(memory, cut, cipher, missing));
      if (!opened) {
        await this.#mender.restoreAnew(address, segment, located, memory);
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
      const missing = await this.#mender.fetch(located, memory, cut.k);
      const { rotten, whole } =
        missing.length <= cut.m
          ? await this.coder.restore(memory, cut, namesOf(located), missing)
          : { rotten: [], whole: false };
      if (!whole || rotten.length > 0)
        await this.#mender.restoreAnew(address, segment, located, memory);
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
      return await this.#mender.mend(address, segment, located, also);
    });
  }

  /** Removes a block from all disks. Durable when it resolves. @throws DiskError */
  async remove(address: Address): Promise<void> {
    await this.#repairs.run(async () => {
      const disks = [...this.disks.values()].filter(
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
    for (const uuid of [...this.disks.keys()])
      await this.leave(uuid)?.[Symbol.asyncDispose]();
    await this.coder[Symbol.asyncDispose]();
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
}

/** A segment's bytes, from another place; `undefined` where they are not there either. */
export type Elsewhere = (
  address: Address,
  segment: number,
) => Promise<Buffer | undefined>;

function isMissing(error: unknown): boolean {
  return error instanceof NoBlockError || error instanceof SegmentLostError;
}
