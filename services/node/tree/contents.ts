import { collect } from "../../shared/collect.ts";
import { freshBytes } from "../../shared/random.ts";
import {
  type Code,
  fragmentCount,
  type Range,
  readBody,
} from "../store/body.ts";
import { writeBody } from "../store/body-writer.ts";
import type { FragmentStore } from "../store/fragments.ts";
import { headerSegment } from "../store/record.ts";
import {
  type Address,
  NoBlockError,
  SegmentLostError,
} from "../store/segment.ts";
import type { PageLists, Released } from "./body-counts.ts";
import {
  bodiesOf,
  type Content,
  emptyContent,
  type Layout,
  pageSize,
  readPage,
  stored,
  writePage,
} from "./content.ts";
import {
  type BodyRef,
  cut,
  type ExtentList,
  hole,
  lengthOf,
  noExtents,
  overlay,
  resize,
  wholeBody,
} from "./extents.ts";

/** Bodies up to this stand in the block's header. */
const inlineBody = 2048;
/** A list with more than this is slow to read: its content is written anew as one body. */
const mostBodies = 128;
const mostExtents = 4096;
/** Shorter pieces are read through segments that are kept for a while. */
const smallPiece = 128 * 1024;
const keptSegments = 16;
const zeros = Buffer.alloc(64 * 1024);

/** Content that was written, and that nothing names yet. */
export interface Written extends Disposable {
  content: Content;
  /** Extents of its pages. */
  pages: PageLists;
}

/** Patches whose bytes are stored: they can be put into content, and into what it became meanwhile. */
export interface Patching extends Disposable {
  /**
   * Content with the patches in it. @param size bytes afterwards; what is cut off is gone, what is added is zeros.
   * @throws DiskFullError, DiskError
   */
  onto(content: Content, size: number): Promise<Written>;
}

/** Bytes to put in the place of others. */
export interface Patch {
  /** First byte that is replaced. */
  at: number;
  /** How many bytes. */
  length: number;
}

/** Reads and writes files' contents in the fragment store. */
export class Contents {
  #store: FragmentStore;
  #account: Buffer;
  #readers = new Map<string, number>();
  #segments = new Map<string, Promise<Buffer>>();

  constructor(store: FragmentStore, account: Buffer) {
    this.#store = store;
    this.#account = account;
  }

  /** One disk still mends rot; two survive the loss of either; more do so with less. */
  get code(): Code {
    return this.#store.accepting.length === 2 ? { k: 4, m: 4 } : { k: 4, m: 2 };
  }

  /** @throws DiskFullError, QuotaError, DiskError where so many bytes of content have no room. */
  async admit(size: number): Promise<void> {
    const { code } = this;
    await this.#store.admit(
      this.#account,
      Math.ceil((size * fragmentCount(code)) / code.k),
    );
  }

  /** Bytes of content that fit on the disks, in all and beside what is there. */
  async room(): Promise<{ total: number; free: number }> {
    const { code } = this;
    const share = code.k / fragmentCount(code);
    const { total, free } = await this.#store.room();
    return { total: total * share, free: free * share };
  }

  /**
   * Stores what comes as the content of a file. Dispose of the result when something names it.
   * @throws DiskFullError, DiskError, QuotaError and what the source throws; then nothing is stored.
   */
  async write(
    source: AsyncIterable<Uint8Array>,
    layout: Layout,
    signal: AbortSignal,
  ): Promise<Written> {
    const writing = new Writing(this.#store, this.#account);
    try {
      const list = wholeBody(await writing.body(source, this.code, signal));
      return await this.#lay(writing, layout, list, signal);
    } catch (error) {
      await writing.undo();
      throw error;
    }
  }

  /**
   * Stores the bytes of patches, to be put into a file's content without writing that anew.
   * @param patches in order of their places, none over another. @param source gives the bytes of all, one after the other.
   * @throws DiskFullError, DiskError, and what the source throws
   */
  async patching(
    patches: readonly Patch[],
    source: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Patching> {
    const writing = new Writing(this.#store, this.#account);
    const undone = async (error: unknown): Promise<never> => {
      await writing.undo();
      throw error;
    };
    const fresh = await writing
      .body(source, this.code, signal)
      .then(wholeBody, undone);
    let from = 0;
    const pieces = patches.map(({ at, length }) => {
      const piece = pieceOf(fresh, from, length);
      from += length;
      return { at, piece };
    });
    const onto = async (content: Content, size: number): Promise<Written> => {
      // Somebody may write another version meanwhile, and this one go.
      using _held = this.#hold(stored(bodiesOf(content)));
      if (content.layout === "random")
        return await this.#patchPages(writing, content, pieces, size, signal);
      const changed = resize(overlay(content.list, pieces), size);
      const list = await this.#compact(writing, changed, signal);
      return writing.done({ layout: "sequential", size, list }, new Map());
    };
    return {
      onto: async (content, size) => await onto(content, size).catch(undone),
      [Symbol.dispose]: () => writing[Symbol.dispose](),
    };
  }

  /** Content of the same bytes in another layout or code. @throws as `write` and `read` */
  async rewrite(
    content: Content,
    layout: Layout,
    signal: AbortSignal,
  ): Promise<Written> {
    return await this.write(
      this.read(content, { start: 0, end: content.size }, signal),
      layout,
      signal,
    );
  }

  /** The bytes from `start` to before `end`. While it runs, they stay. @throws SegmentLostError, DiskError */
  async *read(
    content: Content,
    { start, end }: Range,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    const until = Math.min(end, content.size);
    if (start >= until) return;
    if (content.layout === "sequential") {
      yield* this.#readList(content.list, start, until, signal);
      return;
    }
    using _held = this.#hold(stored(bodiesOf(content)));
    for (let at = start; at < until; ) {
      const number = Math.floor(at / pageSize);
      const base = number * pageSize;
      const stop = Math.min(until, base + pageSize);
      const list = resize(
        await this.#loadPage(content.pages[number], signal),
        Math.min(pageSize, content.size - base),
      );
      yield* this.#readList(list, at - base, stop - base, signal);
      at = stop;
    }
  }

  /** The extents of those pages of content that are kept outside it. */
  async pageLists(
    content: Content | undefined,
    signal: AbortSignal,
  ): Promise<PageLists> {
    const lists = new Map<string, ExtentList>();
    if (content?.layout !== "random") return lists;
    for (const page of stored(bodiesOf(content)))
      lists.set(page.id.toString("hex"), await this.#loadPage(page, signal));
    return lists;
  }

  /** The bodies that a released page named. */
  async pageOf(page: Released, signal: AbortSignal): Promise<ExtentList> {
    return await this.#loadPage(page, signal);
  }

  /** Removes a body that nothing names, and that is not in use. @throws DiskError */
  async remove({ id }: BodyRef): Promise<void> {
    await this.#store.remove(this.#addressOf(id));
  }

  /** Whether somebody reads a body, or writes it. */
  isInUse(id: Buffer): boolean {
    return (
      this.#readers.has(id.toString("hex")) ||
      this.#store.isWriting(this.#addressOf(id))
    );
  }

  /** Whether all bodies of content have the code that they should have with the present disks. */
  isCoded(content: Content): boolean {
    const { k, m } = this.code;
    return bodiesOf(content).every(({ body }) => body.k === k && body.m === m);
  }

  async #lay(
    writing: Writing,
    layout: Layout,
    list: ExtentList,
    signal: AbortSignal,
  ): Promise<Written> {
    const size = lengthOf(list);
    if (layout === "sequential")
      return writing.done({ layout, size, list }, new Map());
    const empty = emptyContent("random") as Extract<
      Content,
      { layout: "random" }
    >;
    return await this.#patchPages(
      writing,
      empty,
      size === 0 ? [] : [{ at: 0, piece: list }],
      size,
      signal,
    );
  }

  async #patchPages(
    writing: Writing,
    content: Extract<Content, { layout: "random" }>,
    pieces: readonly { at: number; piece: ExtentList }[],
    size: number,
    signal: AbortSignal,
  ): Promise<Written> {
    const count = Math.ceil(size / pageSize);
    const pages = Array.from({ length: count }, (_, n) => content.pages[n]);
    const touched = new Map<number, { at: number; piece: ExtentList }[]>();
    for (const { at, piece } of pieces) {
      const end = at + lengthOf(piece);
      for (let n = Math.floor(at / pageSize); n * pageSize < end; n++) {
        const [first, last] = [n * pageSize, (n + 1) * pageSize];
        const part = cut(piece, Math.max(0, first - at), last - at);
        const list = touched.get(n) ?? [];
        list.push({ at: Math.max(0, at - first), piece: part });
        touched.set(n, list);
      }
    }
    // The page in which the file ends now: what was behind must not come back when it grows again.
    const lastPage = count - 1;
    if (size < content.size && lastPage >= 0 && !touched.has(lastPage))
      touched.set(lastPage, []);
    const lists = new Map<string, ExtentList>();
    for (const [n, parts] of touched) {
      if (n >= count) continue;
      let list = await this.#loadPage(content.pages[n], signal);
      list = cut(list, 0, Math.min(size, content.size) - n * pageSize);
      list = overlay(list, parts);
      list = cut(list, 0, Math.min(pageSize, size - n * pageSize));
      list = await this.#compact(writing, list, signal);
      const page = await writing.body([writePage(list)], this.code, signal);
      pages[n] = page;
      if (page.body.inline.length === 0)
        lists.set(page.id.toString("hex"), list);
    }
    return writing.done({ layout: "random", size, pages }, lists);
  }

  /** The same content as one body, where it consists of too many pieces. */
  async #compact(
    writing: Writing,
    list: ExtentList,
    signal: AbortSignal,
  ): Promise<ExtentList> {
    if (list.bodies.length <= mostBodies && list.extents.length <= mostExtents)
      return list;
    return wholeBody(
      await writing.body(
        this.#readList(list, 0, lengthOf(list), signal),
        this.code,
        signal,
      ),
    );
  }

  async *#readList(
    list: ExtentList,
    start: number,
    end: number,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    const wanted = cut(list, start, end);
    using _held = this.#hold(stored(wanted.bodies));
    for (const { length, body, from } of wanted.extents) {
      const ref = wanted.bodies[body];
      if (ref)
        yield* this.#readBody(ref, { start: from, end: from + length }, signal);
      else
        for (let left = length; left > 0; left -= zeros.length)
          yield Buffer.from(zeros.subarray(0, Math.min(left, zeros.length)));
    }
  }

  async *#readBody(
    { id, body }: BodyRef,
    range: Range,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    try {
      if (body.inline.length > 0 || range.end - range.start >= smallPiece)
        yield* readBody(this.#store, this.#addressOf(id), body, signal, range);
      else
        for (let at = range.start; at < range.end; ) {
          const number = Math.floor(at / body.segmentSize);
          const base = number * body.segmentSize;
          const segment = await this.#segment({ id, body }, number, signal);
          const end = Math.min(range.end, base + segment.length);
          yield Buffer.from(segment.subarray(at - base, end - base));
          at = end;
        }
    } catch (error) {
      if (error instanceof NoBlockError)
        throw new SegmentLostError(headerSegment, 0, body.k);
      throw error;
    }
  }

  /** A whole segment, kept for a while: content that was changed in many places is many small pieces of few segments. */
  async #segment(
    { id, body }: BodyRef,
    number: number,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const key = `${id.toString("hex")} ${number}`;
    const known = this.#segments.get(key);
    if (known) {
      this.#segments.delete(key);
      this.#segments.set(key, known);
      return await known;
    }
    const start = number * body.segmentSize;
    const end = Math.min(body.size, start + body.segmentSize);
    const range = { start, end };
    const reading = collect(
      readBody(this.#store, this.#addressOf(id), body, signal, range),
    );
    reading.catch(() => this.#segments.delete(key));
    this.#segments.set(key, reading);
    for (const oldest of this.#segments.keys()) {
      if (this.#segments.size <= keptSegments) break;
      this.#segments.delete(oldest);
    }
    return await reading;
  }

  async #loadPage(
    page: BodyRef | undefined,
    signal: AbortSignal,
  ): Promise<ExtentList> {
    if (!page) return noExtents;
    const { body } = page;
    if (body.inline.length > 0) return readPage(body.inline);
    const range = { start: 0, end: body.size };
    return readPage(await collect(this.#readBody(page, range, signal)));
  }

  #hold(refs: readonly BodyRef[]): Disposable {
    const keys = refs.map(({ id }) => id.toString("hex"));
    for (const key of keys)
      this.#readers.set(key, (this.#readers.get(key) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        for (const key of keys) {
          const left = (this.#readers.get(key) ?? 1) - 1;
          if (left > 0) this.#readers.set(key, left);
          else this.#readers.delete(key);
        }
      },
    };
  }

  #addressOf(id: Buffer): Address {
    return { account: this.#account, block: id };
  }
}

/** Bodies that are being written, until something names them. */
class Writing implements Disposable {
  #store: FragmentStore;
  #account: Buffer;
  #bodies: { ref: BodyRef; writing: Disposable }[] = [];

  constructor(store: FragmentStore, account: Buffer) {
    this.#store = store;
    this.#account = account;
  }

  async body(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    code: Code,
    signal: AbortSignal,
  ): Promise<BodyRef> {
    const id = freshBytes(16);
    const address = { account: this.#account, block: id };
    const writing = this.#store.writing(address);
    try {
      const body = await writeBody(
        this.#store,
        address,
        source,
        code,
        signal,
        inlineBody,
      );
      const ref = { id, body };
      this.#bodies.push({ ref, writing });
      return ref;
    } catch (error) {
      writing[Symbol.dispose]();
      throw error;
    }
  }

  done(content: Content, pages: PageLists): Written {
    return {
      content,
      pages,
      [Symbol.dispose]: () => this[Symbol.dispose](),
    };
  }

  /** What nothing names now is garbage. */
  [Symbol.dispose](): void {
    for (const { writing } of this.#bodies.splice(0)) writing[Symbol.dispose]();
  }

  async undo(): Promise<void> {
    for (const { ref, writing } of this.#bodies.splice(0)) {
      writing[Symbol.dispose]();
      if (ref.body.inline.length === 0)
        await this.#store
          .remove({ account: this.#account, block: ref.id })
          .catch(() => {});
    }
  }
}

/** A piece of a list that is one body. */
function pieceOf(list: ExtentList, from: number, length: number): ExtentList {
  return length === 0
    ? noExtents
    : { bodies: list.bodies, extents: [{ length, body: 0, from }] };
}

/** Content of nothing but zeros. */
export function zeroContent(layout: Layout, size: number): Content {
  return layout === "sequential"
    ? { layout, size, list: hole(size) }
    : {
        layout,
        size,
        pages: Array.from({ length: Math.ceil(size / pageSize) }),
      };
}
