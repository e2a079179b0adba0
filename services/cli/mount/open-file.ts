import type { Entry, TreeClient } from "../../node/client.ts";
import { collect } from "../../shared/collect.ts";
import { Mutex } from "../../shared/mutex.ts";
import { add, cutAt, type Interval, split } from "./intervals.ts";

const pageSize = 4096;
/** What a file may have in memory that is not in the tree yet. */
const mostDirty = 32 * 2 ** 20;
const blockSize = 256 * 1024;
const keptBlocks = 64;
const ahead = 8;

/** Attributes that chmod(2), chown(2) and utimensat(2) set. */
export interface Change {
  mode?: number;
  uid?: number;
  gid?: number;
  /** Milliseconds since 1970. */
  modified?: number;
}

/** A file that somebody has open: what he wrote, over what the tree has. */
export class OpenFile {
  /** As the tree last told it. */
  entry: Entry;
  /** Bytes now, with what was written and cut. */
  size: number;
  handles = 0;
  #tree: TreeClient;
  /** Bytes of the tree's version that still count: what was cut off does not come back. */
  #valid: number;
  #dirty: Interval[] = [];
  #pages = new Map<number, Buffer>();
  #resized = false;
  /** What is to be set together with what was written. */
  #change: Change = {};
  /** The same, on its way into the tree. */
  #sent: Change = {};
  /** When somebody last changed it, milliseconds since 1970. */
  #changed = 0;
  #blocks = new Map<number, Promise<Buffer>>();
  #last = -1;
  #flushes = new Mutex();

  constructor(tree: TreeClient, entry: Entry) {
    this.#tree = tree;
    this.entry = entry;
    this.size = entry.size;
    this.#valid = entry.size;
  }

  /** Whether the tree does not have everything yet. */
  get isDirty(): boolean {
    return this.#dirty.length > 0 || this.#resized;
  }

  /** Its attributes now. */
  get attributes(): Required<Change> {
    const { mode, uid, gid, modified } = this.entry;
    return { mode, uid, gid, modified, ...this.#sent, ...this.#change };
  }

  /** Sets attributes beside what was written; they go into the tree with it. */
  setAttributes(change: Change): void {
    this.#change = { ...this.#change, ...change };
    this.#changed = Date.now();
  }

  /** When anything of it was changed, milliseconds since 1970. */
  get changed(): number {
    return Math.max(this.entry.changed, this.#changed);
  }

  /** Reads into `target`. @returns bytes that are there. */
  async read(target: Buffer, position: number): Promise<number> {
    const end = Math.min(this.size, position + target.length);
    if (position >= end) return 0;
    for (const part of split(this.#dirty, { start: position, end })) {
      const into = target.subarray(part.start - position, part.end - position);
      if (part.inside) this.#copyPages(part.start, into);
      else await this.#readTree(part.start, into);
    }
    return end - position;
  }

  /** Takes bytes; they are in memory until `flush`. */
  async write(bytes: Buffer, position: number): Promise<void> {
    if (this.#dirtyBytes >= mostDirty) await this.flush();
    for (let done = 0; done < bytes.length; ) {
      const at = position + done;
      const number = Math.floor(at / pageSize);
      let page = this.#pages.get(number);
      if (!page) {
        page = Buffer.alloc(pageSize);
        this.#pages.set(number, page);
      }
      done += bytes.copy(page, at - number * pageSize, done);
    }
    this.#dirty = add(this.#dirty, {
      start: position,
      end: position + bytes.length,
    });
    this.size = Math.max(this.size, position + bytes.length);
    this.#changed = Date.now();
    this.#change.modified = this.#changed;
  }

  /** Cuts it off, or fills it up with zeros. */
  truncate(size: number): void {
    this.#dirty = cutAt(this.#dirty, size);
    this.#valid = Math.min(this.#valid, size);
    this.size = size;
    this.#resized = true;
    this.#changed = Date.now();
    this.#change.modified = this.#changed;
  }

  /** Brings what was written into the tree. */
  async flush(): Promise<void> {
    await this.#flushes.run(async () => {
      if (!this.isDirty) return;
      const { size, entry } = this;
      const pieces = this.#dirty;
      const change = this.#change;
      this.#sent = change;
      this.#change = {};
      // Whoever writes meanwhile writes to pages of his own.
      const bytes = pieces.map(({ start, end }) => {
        const piece = Buffer.alloc(end - start);
        this.#copyPages(start, piece);
        return piece;
      });
      const valid = this.#valid;
      try {
        if (valid < entry.size)
          this.entry = await this.#patch(valid, [], [], change);
        this.entry = await this.#patch(size, pieces, bytes, change);
      } catch (error) {
        this.#change = { ...change, ...this.#change };
        throw error;
      } finally {
        this.#sent = {};
      }
      if (this.#dirty === pieces) {
        this.#dirty = [];
        this.#pages = new Map();
        this.#resized = this.size !== size;
      } else this.#keepNewer(pieces, bytes);
      this.#valid = Math.min(this.entry.size, this.#resized ? this.size : size);
      this.#blocks.clear();
    });
  }

  async #patch(
    size: number,
    pieces: readonly Interval[],
    bytes: readonly Buffer[],
    change: Change,
  ): Promise<Entry> {
    return await this.#tree.patch(
      {
        at: this.entry.id,
        size,
        ...change,
        changed: this.#changed,
      },
      pieces.map(({ start, end }) => ({ at: start, length: end - start })),
      bytes,
    );
  }

  /** Leaves only those pieces dirty that were written while others went into the tree. */
  #keepNewer(written: readonly Interval[], bytes: readonly Buffer[]): void {
    let left: Interval[] = [];
    for (const one of this.#dirty)
      for (const part of split(written, one)) {
        if (!part.inside) {
          left = add(left, part);
          continue;
        }
        const index = written.findIndex(({ end }) => end > part.start);
        const old = (bytes[index] as Buffer).subarray(
          part.start - (written[index] as Interval).start,
          part.end - (written[index] as Interval).start,
        );
        const now = Buffer.alloc(old.length);
        this.#copyPages(part.start, now);
        if (!now.equals(old)) left = add(left, part);
      }
    this.#dirty = left;
    const used = new Set<number>();
    for (const { start, end } of left)
      for (let n = Math.floor(start / pageSize); n * pageSize < end; n++)
        used.add(n);
    for (const number of this.#pages.keys())
      if (!used.has(number)) this.#pages.delete(number);
  }

  get #dirtyBytes(): number {
    return this.#pages.size * pageSize;
  }

  #copyPages(start: number, into: Buffer): void {
    for (let done = 0; done < into.length; ) {
      const at = start + done;
      const number = Math.floor(at / pageSize);
      const from = at - number * pageSize;
      const length = Math.min(pageSize - from, into.length - done);
      const page = this.#pages.get(number);
      if (page) page.copy(into, done, from, from + length);
      else into.fill(0, done, done + length);
      done += length;
    }
  }

  /** Reads what the tree has, in blocks; behind its end are zeros. */
  async #readTree(start: number, into: Buffer): Promise<void> {
    const valid = Math.min(this.#valid, this.entry.size);
    const end = Math.min(start + into.length, valid);
    if (end < start + into.length) into.fill(0, Math.max(0, end - start));
    for (let at = start; at < end; ) {
      const number = Math.floor(at / blockSize);
      const block = await this.#block(number);
      const from = at - number * blockSize;
      const length = Math.min(block.length - from, end - at);
      // Somebody else cut it meanwhile.
      if (length <= 0) {
        into.fill(0, at - start, end - start);
        return;
      }
      block.copy(into, at - start, from, from + length);
      at += length;
    }
  }

  async #block(number: number): Promise<Buffer> {
    const wanted = this.#fetch(number);
    // Whoever reads on will want the next ones.
    if (number === this.#last + 1)
      for (let next = 1; next <= ahead; next++)
        if ((number + next) * blockSize < this.entry.size)
          this.#fetch(number + next).catch(() => {});
    this.#last = number;
    return await wanted;
  }

  #fetch(number: number): Promise<Buffer> {
    const known = this.#blocks.get(number);
    if (known) return known;
    const start = number * blockSize;
    const fetched = this.#tree
      .read({
        at: this.entry.id,
        start,
        end: Math.min(start + blockSize, this.entry.size),
      })
      .then(async ({ stream }) => await collect(stream));
    fetched.catch(() => this.#blocks.delete(number));
    this.#blocks.set(number, fetched);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= keptBlocks) break;
      this.#blocks.delete(oldest);
    }
    return fetched;
  }
}
