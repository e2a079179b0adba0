import { setImmediate } from "node:timers/promises";
import { CoppiceError } from "../../shared/errors.ts";
import {
  type Block,
  type Header,
  hashOf,
  openBlock,
  type SealedBlock,
} from "./block.ts";
import { BodyCounts, type PageLists } from "./body-counts.ts";
import type { Actor } from "./capability.ts";
import { Draft, type TreeEvent } from "./draft.ts";
import type { Commit, Journal } from "./journal.ts";
import { decodeNode, type Node } from "./node-row.ts";
import type { RootKey } from "./rootkey.ts";
import type { TreeIndex } from "./tree-index.ts";
import {
  blockKey,
  blockRow,
  commitKey,
  derivedId,
  entryKey,
  headRow,
  numberKey,
  readHead,
  remember,
} from "./tree-keys.ts";

const headKey = Buffer.from("head");
const liveKey = Buffer.from("live");
const storedKey = Buffer.from("stored");
/** Changes wait at most so long for somebody who wants them durable. */
const patience = 500;
const mostWaiting = 4096;
const leastStored = 4096;
/** Groups of changes by which the index may be behind the journal. */
const mostBehind = 4;

/** The newest versions of all blocks, and changes to them: visible at once, durable after `flush`. */
export class TreeState implements AsyncDisposable {
  readonly root: RootKey;
  readonly journal: Journal;
  readonly bodies: BodyCounts;
  readonly #index: TreeIndex;
  #cache = new Map<string, { block: Block; hash: Buffer }>();
  #flushing: Promise<void> | undefined;
  /** How many commits were begun. */
  #commits = 0;
  /** The index on its way behind the journal. */
  #settling: Promise<void> = Promise.resolve();
  /** Why the index stayed behind. */
  #broken: CoppiceError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #listeners = new Set<(event: TreeEvent) => void>();
  #loadPages: (header: Header) => Promise<PageLists>;
  #onError: (error: unknown) => void;
  /** The directory of what the tree keeps about itself. */
  readonly recordsId: Buffer;
  /** Signs for the owner; without one, the root key does. */
  writer: Actor | undefined;
  #changing = false;

  private constructor(
    root: RootKey,
    journal: Journal,
    index: TreeIndex,
    loadPages: (header: Header) => Promise<PageLists>,
    onError: (error: unknown) => void,
  ) {
    this.root = root;
    this.recordsId = derivedId("sharing", root.principal);
    this.journal = journal;
    this.bodies = new BodyCounts(index);
    this.#index = index;
    this.#loadPages = loadPages;
    this.#onError = onError;
  }

  /**
   * Opens the tree's state; what the journal has beyond the index is taken in.
   * @param loadPages reads the extents of pages that a version names. @param onError hears why changes that nobody waited for were lost.
   */
  static async open(
    root: RootKey,
    journal: Journal,
    index: TreeIndex,
    loadPages: (header: Header) => Promise<PageLists>,
    onError: (error: unknown) => void,
  ): Promise<TreeState> {
    const state = new TreeState(root, journal, index, loadPages, onError);
    journal.follow(readHead(index.get("facts", headKey)));
    for (;;) {
      const commit = await journal.read(journal.head.number + 1);
      if (!commit?.previous.equals(journal.head.hash)) break;
      await state.replay(commit);
    }
    return state;
  }

  /** The newest version's facts; `undefined` where there is no such block. */
  node(id: Buffer): Node | undefined {
    const row = this.#index.get("nodes", id);
    return row && decodeNode(id, row);
  }

  /** The entry of a directory that has this name. */
  child(parent: Buffer, name: string): Node | undefined {
    const id = this.#index.get("entries", entryKey(parent, name));
    return id && this.node(id);
  }

  /** At most `limit` entries of a directory behind `after`, in the byte order of their names. */
  children(parent: Buffer, after: string, limit: number): Node[] {
    return this.#index
      .range(
        "entries",
        parent,
        limit,
        after === ""
          ? parent
          : Buffer.concat([entryKey(parent, after), Buffer.alloc(1)]),
      )
      .flatMap(([, id]) => this.node(id) ?? []);
  }

  /** A block's newest version. @throws Error where there is none */
  block(id: Buffer): Block {
    return this.#newest(id).block;
  }

  /** A version of a block; `undefined` where it is not kept. */
  version(id: Buffer, version: number): Block | undefined {
    const row = this.#index.get("blocks", blockKey(id, version));
    return row && openBlock(row.subarray(8), { treeKey: this.root.treeKey });
  }

  /** Numbers of the versions that are kept, the oldest first. */
  versions(id: Buffer): number[] {
    return this.#index
      .range("blocks", id, 100_000)
      .map(([key]) => Number(key.readBigUInt64BE(16)));
  }

  /** A version as it is stored and handed on. */
  sealed(id: Buffer, version: number): Buffer | undefined {
    return this.#index.get("blocks", blockKey(id, version))?.subarray(8);
  }

  /** Blocks behind `after`, in order of their ids, a slice at a time. */
  *nodesAfter(after: Buffer, limit: number): Generator<Node> {
    const start = Buffer.concat([after, Buffer.alloc(after.length ? 1 : 0)]);
    for (const [id, row] of this.#index.range(
      "nodes",
      Buffer.alloc(0),
      limit,
      start,
    ))
      yield decodeNode(id, row);
  }

  /** The path of an entry that is, or will be, in a directory. */
  pathOf(parent: Buffer, name: string): string {
    const names = [name];
    for (
      let node = this.node(parent);
      node && node.name !== "";
      node = this.node(node.parent)
    )
      names.unshift(node.name);
    return `/${names.join("/")}`;
  }

  /** A number that is kept beside the tree; 0 where it was never set. */
  fact(name: string): number {
    return this.#number(Buffer.from(name));
  }

  /**
   * Changes blocks: all that `work` does, or, where it throws, nothing. It is seen at once by whoever reads, and durable
   * together after `flush`.
   */
  change<T>(work: (draft: Draft) => T): T {
    if (this.#broken) throw this.#broken;
    if (this.#changing) throw new Error("a change within a change");
    this.#changing = true;
    const draft = new Draft(this, this.#index, this.#cache);
    let result: T;
    try {
      result = work(draft);
      const { entries, drops } = draft;
      if (entries.length + drops.length > 0) {
        const number = this.journal.add({ entries, drops });
        for (const { id, version, bytes } of entries)
          this.#index.set(
            "blocks",
            blockKey(id, version),
            blockRow(number, bytes),
          );
        this.#count(number, entries, entries.length + drops.length);
      }
      this.#index.accept();
    } catch (error) {
      this.#index.reject();
      this.#cache.clear();
      throw error;
    } finally {
      this.#changing = false;
    }
    for (const event of draft.events)
      for (const listener of this.#listeners) listener(event);
    if (this.journal.waiting > mostWaiting) this.flush().catch(this.#onError);
    else
      this.#timer ??= setTimeout(() => {
        this.flush().catch(this.#onError);
      }, patience).unref();
    return result;
  }

  /**
   * Resolves when what was changed so far is durable, in the journal: the index may be behind, and catches up when it is opened.
   * @throws DiskFullError, DiskError; then none of it happened.
   */
  async flush(): Promise<void> {
    const before = this.#commits;
    const nothing = this.journal.waiting === 0 && !this.#index.dirty;
    if (nothing && !this.#flushing) return;
    do {
      // One turn of the event loop lets those who come at the same moment into the same commit; who comes later shares the next.
      this.#flushing ??= setImmediate()
        .then(async () => await this.#commit())
        .finally(() => {
          this.#flushing = undefined;
        });
      await this.#flushing;
    } while (!nothing && this.#commits === before);
  }

  /** Resolves when what was changed so far is durable in the index too: also what the journal does not tell. @throws as `flush` */
  async settle(): Promise<void> {
    await this.flush();
    await this.#settling;
    if (this.#broken) throw this.#broken;
  }

  /** Calls `listener` with whatever happens, until it is disposed of. */
  listen(listener: (event: TreeEvent) => void): Disposable {
    this.#listeners.add(listener);
    return {
      [Symbol.dispose]: () => void this.#listeners.delete(listener),
    };
  }

  /** Takes a commit of the journal into the index. */
  async replay(commit: Commit): Promise<void> {
    const opened = [];
    for (const entry of commit.entries) {
      const block = openBlock(entry.bytes, { treeKey: this.root.treeKey });
      opened.push({ entry, block, pages: await this.#loadPages(block.header) });
    }
    const draft = new Draft(this, this.#index, this.#cache);
    for (const { entry, block, pages } of opened) {
      draft.take(block, entry, pages);
      this.#index.set(
        "blocks",
        blockKey(entry.id, entry.version),
        blockRow(commit.number, entry.bytes),
      );
    }
    this.#count(
      commit.number,
      commit.entries,
      commit.entries.length + commit.drops.length,
    );
    for (const drop of commit.drops) draft.drop(drop);
    this.journal.follow(commit);
    this.#index.set("facts", headKey, headRow(commit));
    this.#index.accept();
    await this.#index.commit(this.#index.freeze());
  }

  /** Whether a block of the fragment store holds anything that the tree needs. */
  needs(block: Buffer): boolean {
    if (this.bodies.has(block)) return true;
    return this.#index.get("facts", commitKey(block)) !== undefined;
  }

  /** How much of the journal is live, in bytes. */
  get usage(): { live: number; stored: number } {
    return {
      live: this.#number(liveKey),
      stored: this.#number(storedKey),
    };
  }

  /**
   * Carries what is live in the oldest commits into new ones and removes them, while the journal is much larger than what is live.
   * @returns whether it did something.
   */
  async clean(): Promise<boolean> {
    const { live, stored } = this.usage;
    if (stored < 3 * live + 4 * 2 ** 20) return false;
    const oldest = this.#index
      .range("commits", Buffer.alloc(0), 64)
      .map(([key]) => Number(key.readBigUInt64BE()))
      .filter((number) => number < this.journal.head.number);
    if (oldest.length === 0) return false;
    for (const number of oldest) {
      const commit = await this.journal.read(number);
      if (!commit) continue;
      const alive = commit.entries.filter(
        ({ id, version }) => this.#commitOf(id, version) === number,
      );
      // Versions are carried as they were signed.
      if (alive.length > 0) this.#carry(alive);
    }
    // The index must not need them any more to catch up.
    await this.settle();
    await Promise.all(
      oldest.map(async (number) => await this.journal.remove(number)),
    );
    for (const number of oldest) {
      this.#add(storedKey, -this.#commitRow(number).stored);
      this.#index.set("commits", numberKey(number), undefined);
      this.#index.set(
        "facts",
        commitKey(this.journal.addressOf(number).block),
        undefined,
      );
    }
    this.#index.accept();
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.settle().catch(this.#onError);
    await this.#index[Symbol.asyncDispose]();
  }

  /** Takes one from the count of what is live in a version's commit. */
  uncount(row: Buffer): void {
    const number = Number(row.readBigUInt64BE());
    if (number === 0) return;
    const { live, stored } = this.#commitRow(number);
    this.#setCommit(number, live - row.length, stored);
    this.#add(liveKey, -row.length);
  }

  #newest(id: Buffer): { block: Block; hash: Buffer } {
    const key = id.toString("latin1");
    const cached = this.#cache.get(key);
    if (cached) return cached;
    const node = this.node(id);
    const row = node && this.#index.get("blocks", blockKey(id, node.version));
    if (!row) throw new Error(`block ${id.toString("hex")} is not there`);
    const sealed = row.subarray(8);
    const found = {
      block: openBlock(sealed, { treeKey: this.root.treeKey }),
      hash: hashOf(sealed),
    };
    remember(this.#cache, key, found);
    return found;
  }

  /** Whose key and caps a change of somebody is signed with. */
  signing(actor: Actor): Actor {
    return actor.chain.length === 0 ? (this.writer ?? actor) : actor;
  }

  /** Hash of the newest version. */
  hash(id: Buffer): Buffer {
    return this.#newest(id).hash;
  }

  async #commit(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#index.behind >= mostBehind) await this.#settling;
    if (this.#broken) throw this.#broken;
    if (this.journal.waiting === 0 && !this.#index.dirty) return;
    this.#commits++;
    const { head } = this.journal;
    const taken = this.journal.take();
    const changes = this.#index.freeze();
    try {
      await this.journal.write(taken);
    } catch (error) {
      this.#index.rollBack();
      this.#cache.clear();
      this.journal.follow(head);
      throw notWritten(error);
    }
    const value = headRow(this.journal.head);
    this.#settling = this.#settling
      .then(async () => {
        if (!this.#broken)
          await this.#index.commit([
            ...changes,
            { table: "facts", key: headKey, value },
          ]);
      })
      .catch((error: unknown) => {
        this.#broken = notWritten(error);
        this.#onError(this.#broken);
      });
  }

  #carry(entries: readonly SealedBlock[]): void {
    const number = this.journal.add({ entries, drops: [] });
    for (const { id, version, bytes } of entries) {
      const row = this.#index.get("blocks", blockKey(id, version));
      if (row) this.uncount(row);
      this.#index.set("blocks", blockKey(id, version), blockRow(number, bytes));
    }
    this.#count(number, entries, entries.length);
    this.#index.accept();
  }

  #commitOf(id: Buffer, version: number): number {
    const row = this.#index.get("blocks", blockKey(id, version));
    return row ? Number(row.readBigUInt64BE()) : 0;
  }

  #count(
    number: number,
    entries: readonly SealedBlock[],
    records: number,
  ): void {
    const bytes = entries.reduce((sum, one) => sum + one.bytes.length + 8, 0);
    const { live, stored } = this.#commitRow(number);
    const grown = Math.max(leastStored, stored + bytes + 24 * records);
    this.#setCommit(number, live + bytes, grown);
    this.#add(storedKey, grown - stored);
    this.#add(liveKey, bytes);
    if (stored === 0)
      this.#index.set(
        "facts",
        commitKey(this.journal.addressOf(number).block),
        Buffer.alloc(1),
      );
  }

  #commitRow(number: number): { live: number; stored: number } {
    const row = this.#index.get("commits", numberKey(number));
    return {
      live: row?.readDoubleBE(0) ?? 0,
      stored: row?.readDoubleBE(8) ?? 0,
    };
  }

  #setCommit(number: number, live: number, stored: number): void {
    const row = Buffer.alloc(16);
    row.writeDoubleBE(live, 0);
    row.writeDoubleBE(stored, 8);
    this.#index.set("commits", numberKey(number), row);
  }

  #number(key: Buffer): number {
    return this.#index.get("facts", key)?.readDoubleBE() ?? 0;
  }

  #add(key: Buffer, by: number): void {
    const row = Buffer.alloc(8);
    row.writeDoubleBE(this.#number(key) + by);
    this.#index.set("facts", key, row);
  }
}

function notWritten(error: unknown): CoppiceError {
  return error instanceof CoppiceError
    ? error
    : new CoppiceError(
        503,
        "tree-not-written",
        `The box could not write the tree's index (${(error as Error).message}). Restart it.`,
        { cause: error },
      );
}
