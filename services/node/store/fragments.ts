import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Database, RootDatabase } from "lmdb";
import { open } from "lmdb";
import { CoppiceError } from "../../shared/errors.ts";
import { ErasureCode, TooFewFragmentsError } from "./erasure.ts";
import { merkleRoot } from "./merkle.ts";
import { type Extent, Packs } from "./pack.ts";
import { recordSize } from "./record.ts";

/** A segment cannot be restored: more of its fragments are lost than its code tolerates. */
export class SegmentLostError extends CoppiceError {
  override name = "SegmentLostError";
  constructor(cause: TooFewFragmentsError) {
    super(
      503,
      "segment-lost",
      `Part of this file is lost: ${cause.message}. Restore it from another copy.`,
      { cause },
    );
  }
}

/** Where the fragments of a segment are: their names in order, and the segment's length in bytes. */
export interface SegmentRef {
  length: number;
  fragments: Uint8Array[];
}

/** A segment and where it belongs: its block's id (16 bytes) and its number there. */
export interface Segment extends SegmentRef {
  block: Buffer;
  segment: number;
}

/** A segment whose fragments are written, but not yet durable nor in the index. */
export interface Written extends Segment {
  extents: Extent[];
}

/** How the store is doing. */
export interface StoreState {
  mended: number;
  /** Milliseconds since 1970. */
  lastMended?: number;
  failure?: string;
}

/** The fragment store of one data disk: erasure code, packs, and an LMDB index that is durable before anything is acknowledged. */
export class FragmentStore implements AsyncDisposable {
  readonly code: ErasureCode;
  #packs: Packs;
  #root: RootDatabase;
  #index: Database<Buffer, Buffer>;
  #meta: Database<number, string>;

  private constructor(
    code: ErasureCode,
    packs: Packs,
    root: RootDatabase,
    index: Database<Buffer, Buffer>,
    meta: Database<number, string>,
  ) {
    this.code = code;
    this.#packs = packs;
    this.#root = root;
    this.#index = index;
    this.#meta = meta;
  }

  /** Opens the store in a folder, or makes it. @throws DiskError, NativeLibraryError */
  static async open(folder: string): Promise<FragmentStore> {
    await mkdir(join(folder, "index"), { recursive: true });
    // overlappingSync with `flushed` before each acknowledgement survives power cuts; noSync and writemap do not.
    const root = open({
      path: join(folder, "index"),
      maxDbs: 8,
      overlappingSync: true,
      safeRestore: true,
    } as Parameters<typeof open>[0]);
    const index = root.openDB<Buffer, Buffer>({
      name: "fragments",
      keyEncoding: "binary",
      encoding: "binary",
    });
    const meta = root.openDB<number, string>({
      name: "meta",
      encoding: "json",
    });
    const live = new Map<number, Extent[]>();
    let seen = 0;
    for (const { value } of index.getRange()) {
      const extent = decodeExtent(value);
      const list = live.get(extent.pack) ?? [];
      list.push(extent);
      live.set(extent.pack, list);
      if (++seen % 5000 === 0) await setImmediate();
    }
    const packs = await Packs.open(join(folder, "packs"), live);
    return new FragmentStore(
      await ErasureCode.create(4, 2),
      packs,
      root,
      index,
      meta,
    );
  }

  /** A table of the same index: what is put there in `commit` becomes durable with the fragments. */
  table(name: string): Database<Buffer, string> {
    return this.#root.openDB<Buffer, string>({ name, encoding: "binary" });
  }

  /** Mended fragments so far, and what is wrong with the disk, if anything. */
  state(): StoreState {
    const lastMended = this.#meta.get("lastMended");
    const failure = this.#packs.failure?.message;
    return {
      mended: this.#meta.get("mended") ?? 0,
      ...(lastMended === undefined ? {} : { lastMended }),
      ...(failure === undefined ? {} : { failure }),
    };
  }

  /** @throws DiskFullError where a file of this size has no room, DiskError where the disk failed. */
  async admit(bytes: number): Promise<void> {
    await this.#packs.admit(
      Math.ceil((bytes * (this.code.k + this.code.m)) / this.code.k),
    );
  }

  /** Codes a segment and writes its fragments. Nothing is durable before `commit`. @throws DiskFullError, DiskError */
  async write(block: Buffer, segment: number, bytes: Buffer): Promise<Written> {
    const fragments = await this.code.encode(bytes);
    const names: Buffer[] = [];
    const extents: Extent[] = [];
    for (const [index, fragment] of fragments.entries()) {
      const name = merkleRoot(fragment);
      names.push(name);
      extents.push(
        await this.#append(block, segment, index, bytes.length, name, fragment),
      );
    }
    return { block, segment, length: bytes.length, fragments: names, extents };
  }

  /**
   * Makes segments durable: flush of the packs, then the index with what `change` puts beside them, then its flush.
   * @throws DiskError; then nothing of it is in the index.
   */
  async commit(
    written: readonly Written[],
    removed: readonly Segment[],
    change: () => void,
  ): Promise<void> {
    await this.#packs.sync();
    const freed: Extent[] = [];
    await this.#root.transaction(() => {
      for (const { extents, ...segment } of written) {
        for (const [index, extent] of extents.entries())
          this.#index.put(place(segment, index), encodeExtent(extent));
      }
      for (const segment of removed) {
        for (const index of segment.fragments.keys()) {
          const key = place(segment, index);
          const value = this.#index.get(key);
          if (value) freed.push(decodeExtent(value));
          this.#index.remove(key);
        }
      }
      change();
    });
    await this.#root.flushed;
    for (const extent of freed) await this.#packs.free(extent);
  }

  /** Gives back what was written for a block that will not be kept. */
  async discard(written: readonly Written[]): Promise<void> {
    for (const { extents } of written)
      for (const extent of extents)
        await this.#packs.free(extent).catch(() => {});
  }

  /**
   * Reads a segment. Fragments that do not match their name are restored from the others, and written anew.
   * @throws SegmentLostError where fewer than k are left, DiskError
   */
  async read(segment: Segment): Promise<Buffer> {
    const { k } = this.code;
    const data = await Promise.all(
      segment.fragments
        .slice(0, k)
        .map((_, index) => this.#fragment(segment, index)),
    );
    const whole = data.includes(undefined)
      ? await this.mend(segment)
      : (data as Buffer[]);
    return Buffer.concat(whole.slice(0, k)).subarray(0, segment.length);
  }

  /** Checks all fragments of a segment and writes anew those that are damaged. @throws SegmentLostError, DiskError */
  async mend(segment: Segment): Promise<Buffer[]> {
    const found: (Buffer | undefined)[] = [];
    for (const index of segment.fragments.keys())
      found.push(await this.#fragment(segment, index));
    let whole: Buffer[];
    try {
      whole = await this.code.restore(found);
    } catch (error) {
      throw error instanceof TooFewFragmentsError
        ? new SegmentLostError(error)
        : error;
    }
    const damaged = [...found.keys()].filter(
      (index) => found[index] === undefined,
    );
    if (damaged.length === 0) return whole;
    const rows: [Buffer, Extent, Buffer | undefined][] = [];
    for (const index of damaged) {
      const name = Buffer.from(segment.fragments[index] as Uint8Array);
      const key = place(segment, index);
      const extent = await this.#append(
        segment.block,
        segment.segment,
        index,
        segment.length,
        name,
        whole[index] as Buffer,
      );
      rows.push([key, extent, this.#index.get(key)]);
    }
    await this.#packs.sync();
    await this.#root.transaction(() => {
      for (const [key, extent] of rows)
        this.#index.put(key, encodeExtent(extent));
      this.#meta.put(
        "mended",
        (this.#meta.get("mended") ?? 0) + damaged.length,
      );
      this.#meta.put("lastMended", Date.now());
    });
    await this.#root.flushed;
    for (const [, , old] of rows)
      if (old) await this.#packs.free(decodeExtent(old));
    return whole;
  }

  /** Takes out of the index, and gives back, the fragments of all blocks but those in `live` (ids as hex). */
  async sweep(live: ReadonlySet<string>): Promise<void> {
    const orphans: [Buffer, Extent][] = [];
    for (const { key, value } of this.#index.getRange()) {
      if (!live.has(key.subarray(32, 48).toString("hex")))
        orphans.push([Buffer.from(key), decodeExtent(value)]);
    }
    if (orphans.length === 0) return;
    await this.#root.transaction(() => {
      for (const [key] of orphans) this.#index.remove(key);
    });
    await this.#root.flushed;
    for (const [, extent] of orphans) await this.#packs.free(extent);
  }

  /** Bytes that a segment takes on the disk. */
  size(ref: SegmentRef): number {
    return (
      ref.fragments.length * recordSize(this.code.fragmentLength(ref.length))
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#root.flushed;
    await this.#packs[Symbol.asyncDispose]();
    await this.#root.close();
  }

  async #append(
    block: Buffer,
    segment: number,
    index: number,
    segmentLength: number,
    fragment: Buffer,
    bytes: Buffer,
  ): Promise<Extent> {
    return await this.#packs.append(
      {
        block,
        segment,
        index,
        k: this.code.k,
        m: this.code.m,
        segmentLength,
        fragment,
        length: bytes.length,
      },
      bytes,
    );
  }

  async #fragment(
    segment: Segment,
    index: number,
  ): Promise<Buffer | undefined> {
    const value = this.#index.get(place(segment, index));
    if (!value) return undefined;
    const bytes = await this.#packs.read(decodeExtent(value));
    return merkleRoot(bytes).equals(segment.fragments[index] as Uint8Array)
      ? bytes
      : undefined;
  }
}

/** The index key of a fragment: its name first, then where it belongs, because equal fragments must be kept twice. */
function place({ block, segment, fragments }: Segment, index: number): Buffer {
  const key = Buffer.alloc(53);
  key.set(fragments[index] as Uint8Array, 0);
  block.copy(key, 32, 0, 16);
  key.writeUInt32BE(segment, 48);
  key.writeUInt8(index, 52);
  return key;
}

function encodeExtent({ pack, offset, length }: Extent): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(pack, 0);
  bytes.writeUIntBE(offset, 4, 6);
  bytes.writeUInt32BE(length, 12);
  return bytes;
}

function decodeExtent(bytes: Buffer): Extent {
  return {
    pack: bytes.readUInt32BE(0),
    offset: bytes.readUIntBE(4, 6),
    length: bytes.readUInt32BE(12),
  };
}
