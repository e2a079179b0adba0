import { join } from "node:path";
import { DiskError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import { DiskGuard } from "./disk-guard.ts";
import {
  alignUp,
  decodePackHeader,
  encodePackHeader,
  encodeRecordHeader,
  packHeaderSize,
  type RecordHeader,
  recordAlignment,
  recordHeaderSize,
  recordSize,
  saltOf,
  sectorSize,
  tailOffset,
} from "./record.ts";
import type { Storage, StorageFile } from "./storage.ts";

/** Where a fragment stands: number of the pack, offset of its record and bytes of the fragment. */
export interface Extent {
  pack: number;
  offset: number;
  length: number;
}

/** What is appended. */
export interface NewRecord {
  header: RecordHeader;
  fragment?: Uint8Array;
}

/** The index knows packs, and the folder that should hold them is empty: the disk is not mounted. Nothing is lost. */
export class DiskMissingError extends DiskError {
  override name = "DiskMissingError";
}

/** A pack is closed for writing before it would grow over this. */
export const packSize = 256 * 2 ** 20;
const reserveStep = 64 * 2 ** 20;
const maxOpen = 128;
/** As many pieces as Linux takes in one write. */
const mostParts = 1024;

/** How packs are written; tests make them small. */
export interface PackOptions {
  /** Bytes; 256 MiB unless told. */
  packSize?: number;
  /** Milliseconds after which an operation of the disk counts as failed; a minute unless told. */
  patience?: number;
}

interface QueuedWrite {
  number: number;
  offset: number;
  parts: readonly Uint8Array[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** The append-only files of one data disk. Writes are durable after `sync`; a failed flush or write fences the disk. */
export class Packs implements AsyncDisposable {
  readonly salt: Buffer;
  #storage: Storage;
  #disk: string;
  #options: Required<PackOptions>;
  #files = new Map<number, Promise<StorageFile>>();
  #readers = new Map<number, number>();
  #unread = new Map<number, () => void>();
  #names = new Map<number, string>();
  #writer: { number: number; offset: number; reserved: number } | undefined;
  #next = 1;
  #dirty = new Set<number>();
  #namesDirty = false;
  #guard: DiskGuard;
  #queue: QueuedWrite[] = [];
  #writing: Promise<void> | undefined;
  #tail = new Mutex();
  #closed = false;
  /** Reads that the disk refused. */
  readErrors = 0;

  private constructor(
    storage: Storage,
    disk: string,
    options: Required<PackOptions>,
  ) {
    this.#storage = storage;
    this.#disk = disk;
    this.salt = saltOf(disk);
    this.#options = options;
    // What was half written is never continued: the next record begins in a sector of its own.
    this.#guard = new DiskGuard(options.patience, () => {
      if (this.#writer)
        this.#writer.offset = alignUp(this.#writer.offset, sectorSize);
    });
  }

  /** Opens the packs of the disk with this UUID. A pack whose header tells another number than its name goes by its header. */
  static async open(
    storage: Storage,
    disk: string,
    options: PackOptions = {},
  ): Promise<Packs> {
    const packs = new Packs(storage, disk, {
      packSize,
      patience: 60_000,
      ...options,
    });
    const unnamed: [number, string][] = [];
    for (const name of (await storage.list()).sort()) {
      const number = Number(/^(\d{8})\.pack$/.exec(name)?.[1]);
      if (Number.isNaN(number)) continue;
      const file = await storage.open(name, false);
      const bytes = Buffer.alloc(packHeaderSize);
      const read = await file.read(bytes, 0).catch(() => 0);
      // A writer that lost power did not finish its pack, and would keep what it reserved for good.
      await file.release().catch(() => {});
      await file.close();
      const header = decodePackHeader(bytes.subarray(0, read));
      if (header?.disk === disk && !packs.#names.has(header.number))
        packs.#names.set(header.number, name);
      else unnamed.push([number, name]);
    }
    for (const [number, name] of unnamed)
      if (!packs.#names.has(number)) packs.#names.set(number, name);
    packs.#next =
      Math.max(
        0,
        ...packs.#names.keys(),
        ...unnamed.map(([number]) => number),
      ) + 1;
    return packs;
  }

  /** Numbers of the packs that are there, oldest first. */
  get numbers(): number[] {
    return [...this.#names.keys()].sort((a, b) => a - b);
  }

  /** Number of the pack that is written to, if one is. */
  get open(): number | undefined {
    return this.#writer?.number;
  }

  /** Set once the disk failed; nothing is written from then on. */
  get failure(): DiskError | undefined {
    return this.#guard.failure;
  }

  /** The path of a pack's file, where another thread can read it. */
  path(number: number): string | undefined {
    const name = this.#names.get(number);
    return this.#storage.path !== undefined && name !== undefined
      ? join(this.#storage.path, name)
      : undefined;
  }

  /** New packs get higher numbers than this one, which an index remembers. */
  skip(number: number): void {
    this.#next = Math.max(this.#next, number + 1);
  }

  /** Bytes free, and of the whole disk. @throws DiskError */
  async room(): Promise<{ free: number; total: number }> {
    // What cannot even tell its size takes nothing more: left out in silence, nobody would hear of it.
    return await this.#guard.run("look at", () => this.#storage.room(), true);
  }

  /**
   * Appends records, one behind the other; those with a fragment first. Durable only after `sync`.
   * @param placed hears of each record's place before anything is written. @throws DiskFullError, DiskError
   */
  async append(
    records: readonly NewRecord[],
    placed: (extent: Extent) => void,
  ): Promise<Extent[]> {
    const sizes = records.map(({ header }) => recordSize(header));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    // Queued before another can finish the pack: what is reserved behind its last write is given back then.
    const { extents, written } = await this.#tail.run(async () => {
      const { number, offset } = await this.#allocate(
        total,
        records[0]?.fragment ? sectorSize : recordAlignment,
      );
      const { extents, parts } = this.#lay(records, sizes, number, offset);
      for (const extent of extents) placed(extent);
      return { extents, written: this.#write(number, offset, parts) };
    });
    await written;
    return extents;
  }

  /** The bytes of records that stand one behind the other from `offset` on. */
  #lay(
    records: readonly NewRecord[],
    sizes: readonly number[],
    number: number,
    offset: number,
  ): { extents: Extent[]; parts: Uint8Array[] } {
    const parts: Uint8Array[] = [];
    const extents: Extent[] = [];
    let at = offset;
    for (const [index, { header, fragment }] of records.entries()) {
      extents.push({ pack: number, offset: at, length: header.length });
      parts.push(encodeRecordHeader(header, this.salt, false));
      if (fragment) {
        parts.push(fragment);
        const tail = tailOffset(fragment.length);
        const gap = tail - recordHeaderSize - fragment.length;
        if (gap > 0) parts.push(Buffer.alloc(gap));
        parts.push(encodeRecordHeader(header, this.salt, true));
        const rest = (sizes[index] as number) - tail - recordHeaderSize;
        if (rest > 0) parts.push(Buffer.alloc(rest));
      }
      at += sizes[index] as number;
    }
    return { extents, parts };
  }

  /** Flushes all that was appended. @throws DiskError: after a failed flush nobody knows what is on the disk, so it is fenced. */
  async sync(): Promise<void> {
    if (this.#guard.failure) throw this.#guard.failure;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    if (this.#writer)
      this.#writer.offset = alignUp(this.#writer.offset, sectorSize);
    const names = this.#namesDirty;
    this.#namesDirty = false;
    try {
      for (const number of dirty.filter((one) => this.#names.has(one)))
        await this.#guard.patiently("flush", async () =>
          (await this.#file(number)).datasync(),
        );
      if (names)
        await this.#guard.patiently("flush", () => this.#storage.sync());
    } catch (error) {
      throw this.#guard.fence(error, "flush");
    }
  }

  /** Reads from a pack; fewer bytes than asked, or none, where the disk has lost some. @throws DiskError where it is gone. */
  async read(
    number: number,
    offset: number,
    target: Uint8Array,
  ): Promise<number> {
    if (!this.#names.has(number)) return 0;
    this.#readers.set(number, (this.#readers.get(number) ?? 0) + 1);
    try {
      return await this.#guard.run("read from", async () =>
        (await this.#file(number)).read(target, offset),
      );
    } catch (error) {
      // One bad sector is a damaged fragment, not a failed disk.
      if (error instanceof DiskError && !this.#guard.failure) {
        this.readErrors++;
        return 0;
      }
      throw error;
    } finally {
      const left = (this.#readers.get(number) ?? 1) - 1;
      if (left > 0) this.#readers.set(number, left);
      else {
        this.#readers.delete(number);
        this.#unread.get(number)?.();
      }
    }
  }

  /** Where the fragment of a record begins. */
  static payload({ offset }: Extent): number {
    return offset + recordHeaderSize;
  }

  /** Bytes of a pack's file; 0 where there is none. */
  async size(number: number): Promise<number> {
    if (!this.#names.has(number)) return 0;
    return await this.#guard.run("look at", async () =>
      (await this.#file(number)).size(),
    );
  }

  /** Cuts a torn tail off. */
  async truncate(number: number, size: number): Promise<void> {
    await this.#guard.run(
      "write to",
      async () => {
        const file = await this.#file(number);
        await file.truncate(size);
        await file.datasync();
      },
      true,
    );
  }

  /** Stops writing to the open pack; the next record begins another. */
  async seal(): Promise<void> {
    await this.#tail.run(async () => await this.#finish());
  }

  /** Removes a pack that no row points at any more, when its last reader is done. */
  async remove(number: number): Promise<void> {
    if (this.#writer?.number === number) await this.seal();
    const name = this.#names.get(number);
    this.#names.delete(number);
    if (this.#readers.has(number)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#unread.set(number, resolve);
      await promise;
      this.#unread.delete(number);
    }
    this.#dirty.delete(number);
    await this.#close(number);
    if (name === undefined) return;
    await this.#guard.run(
      "write to",
      async () => {
        await this.#storage.remove(name);
        await this.#storage.sync();
      },
      true,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#guard.failure) await this.#finish().catch(() => {});
    for (const number of [...this.#files.keys()])
      await this.#close(number).catch(() => {});
  }

  async #close(number: number): Promise<void> {
    const file = this.#files.get(number);
    this.#files.delete(number);
    await (await file?.catch(() => undefined))?.close();
  }

  /** Gives back what was reserved for the open pack and not needed. */
  async #finish(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    if (!writer) return;
    await this.#writing;
    await this.#guard.run(
      "write to",
      async () => {
        await (await this.#file(writer.number)).release();
      },
      true,
    );
  }

  async #allocate(
    total: number,
    alignment: number,
  ): Promise<{ number: number; offset: number }> {
    if (this.#guard.failure) throw this.#guard.failure;
    if (this.#writer)
      this.#writer.offset = alignUp(this.#writer.offset, alignment);
    if (this.#writer && this.#writer.offset + total > this.#options.packSize)
      await this.#finish();
    if (!this.#writer) {
      const number = this.#next++;
      const name = `${String(number).padStart(8, "0")}.pack`;
      await this.#guard.run(
        "write to",
        async () => {
          const file = await this.#storage.open(name, true);
          this.#files.set(number, Promise.resolve(file));
          this.#names.set(number, name);
          this.#namesDirty = true;
          await file.write([encodePackHeader(number, this.#disk)], 0);
        },
        true,
      );
      this.#writer = { number, offset: packHeaderSize, reserved: 0 };
    }
    const { number, offset, reserved } = this.#writer;
    if (offset + total > reserved) {
      const step = Math.min(reserveStep, this.#options.packSize);
      await (await this.#file(number)).reserve(reserved, step);
      this.#writer.reserved = reserved + step;
    }
    this.#writer.offset = offset + total;
    return { number, offset };
  }

  /** One write at a time: the kernel locks a file for each, and whoever waits meanwhile goes into the next. */
  async #write(
    number: number,
    offset: number,
    parts: readonly Uint8Array[],
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queue.push({ number, offset, parts, resolve, reject });
    this.#writing ??= this.#drain();
    await promise;
  }

  async #drain(): Promise<void> {
    for (let first = this.#queue.shift(); first; first = this.#queue.shift()) {
      const group = [first];
      const parts = [...first.parts];
      let end = first.offset + lengthOf(first.parts);
      for (
        let next = this.#queue[0];
        next &&
        next.number === first.number &&
        next.offset === end &&
        parts.length + next.parts.length <= mostParts;
        next = this.#queue[0]
      ) {
        this.#queue.shift();
        group.push(next);
        parts.push(...next.parts);
        end += lengthOf(next.parts);
      }
      const { number, offset } = first;
      try {
        await this.#guard.run(
          "write to",
          async () => await (await this.#file(number)).write(parts, offset),
          true,
        );
        // Not before: a flush that began earlier does not cover it.
        this.#dirty.add(number);
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    // In the turn in which nobody waits: who comes a moment later begins anew.
    this.#writing = undefined;
  }

  async #file(number: number): Promise<StorageFile> {
    let file = this.#files.get(number);
    if (!file) {
      const name = this.#names.get(number);
      if (name === undefined)
        throw new DiskError(
          `Pack ${number} is not on the disk. Run coppice store scrub --now.`,
        );
      file = this.#storage.open(name, false);
      file.catch(() => this.#files.delete(number));
      this.#files.set(number, file);
      if (this.#files.size > maxOpen) await this.#closeIdle();
    }
    return await file;
  }

  async #closeIdle(): Promise<void> {
    for (const number of this.#files.keys()) {
      if (this.#files.size <= maxOpen / 2) return;
      if (
        number !== this.#writer?.number &&
        !this.#dirty.has(number) &&
        (this.#readers.get(number) ?? 0) === 0
      )
        await this.#close(number);
    }
  }
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** Room that stays free on a disk of this many bytes, so that collecting and the index always have some: 5 % and two packs, less on small disks. */
export function reserveOf(total: number): number {
  return Math.min(total * 0.05 + 2 * packSize, total * 0.2);
}
