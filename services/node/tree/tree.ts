import { freshBytes } from "../../shared/random.ts";
import type { FragmentStore } from "../store/fragments.ts";
import type { OrderedIndex } from "../store/ordered-index.ts";
import { headerSegment } from "../store/record.ts";
import { SegmentLostError } from "../store/segment.ts";
import { segmentsOf } from "../store/walk.ts";
import { Bin } from "./bin.ts";
import type { Header, Kind } from "./block.ts";
import type { Actor } from "./capability.ts";
import type { Layout } from "./content.ts";
import { Contents, type Patch, zeroContent } from "./contents.ts";
import {
  ExistsError,
  ForgedError,
  IsDirectoryError,
  NotDirectoryError,
  NotEmptyError,
} from "./errors.ts";
import { Guard } from "./guard.ts";
import { History } from "./history.ts";
import { Journal } from "./journal.ts";
import { Locks } from "./locks.ts";
import type { Node } from "./node-row.ts";
import { checkName, join, type Place, Places } from "./places.ts";
import { Reaper } from "./reaper.ts";
import { type NewEntry, Revisions, type WriteOptions } from "./revisions.ts";
import type { RootKey } from "./rootkey.ts";
import { Subtrees } from "./subtrees.ts";
import { TreeIndex, type TreeTable } from "./tree-index.ts";
import { TreeState } from "./tree-state.ts";
import { Upkeep } from "./upkeep.ts";
import { type Happening, watch } from "./watch.ts";

export type { Place } from "./places.ts";

/** The account of the block tree's fragments. */
export const treeAccount = Buffer.alloc(16);

/** What is changed of an entry beside its content. */
export interface Attributes {
  mode?: number;
  uid?: number;
  gid?: number;
  modified?: number;
  attributes?: ReadonlyMap<string, Buffer>;
}

/** The owner's block tree: directories and files as signed, encrypted blocks. Paths begin with `/`, which is the root. */
export class Tree implements AsyncDisposable {
  readonly state: TreeState;
  readonly contents: Contents;
  readonly locks: Locks;
  readonly root: RootKey;
  /** Which entry is where. */
  readonly places: Places;
  /** What was thrown away. */
  readonly bin: Bin;
  /** Older versions. */
  readonly history: History;
  /** Keeps it as it should be. */
  readonly upkeep: Upkeep;
  /** The owner, who may do everything. */
  readonly owner: Actor;
  #store: FragmentStore;
  #guard: Guard;
  #revisions: Revisions;
  #subtrees: Subtrees;
  #reaper: Reaper;

  private constructor(
    store: FragmentStore,
    root: RootKey,
    state: TreeState,
    contents: Contents,
    onError: (error: unknown) => void,
  ) {
    this.#store = store;
    this.root = root;
    this.state = state;
    this.contents = contents;
    this.owner = { person: root.person, chain: [] };
    this.locks = new Locks(() => {
      const token = this.state.fact("token") + 1;
      this.state.change((draft) => draft.setFact("token", token));
      return token;
    });
    const { locks, owner } = this;
    const places = new Places(state);
    this.places = places;
    this.#guard = new Guard(places, locks, root);
    this.#revisions = new Revisions(state, places, this.#guard, locks, owner);
    this.#subtrees = new Subtrees(state, places, this.#revisions);
    this.bin = new Bin(
      state,
      places,
      this.#guard,
      this.#revisions,
      this.#subtrees,
      owner,
    );
    this.history = new History(state, places, this.#guard, this.#revisions);
    this.upkeep = new Upkeep(state, places, contents, this.#subtrees, owner);
    this.#reaper = new Reaper(state, contents, onError);
  }

  /**
   * Opens the tree of a root key; a tree that has nothing yet gets its root.
   * @param index of its own. @param onError hears of what went wrong in the background.
   */
  static async open(
    store: FragmentStore,
    root: RootKey,
    index: OrderedIndex<TreeTable>,
    onError: (error: unknown) => void,
  ): Promise<Tree> {
    const contents = new Contents(store, treeAccount);
    const journal = new Journal(
      store,
      treeAccount,
      root.person,
      () => contents.code,
    );
    const never = new AbortController().signal;
    const state = await TreeState.open(
      root,
      journal,
      new TreeIndex(index),
      async ({ content }) => await contents.pageLists(content, never),
      onError,
    );
    return new Tree(store, root, state, contents, onError);
  }

  /** Makes the directories that every tree has. */
  async ensureRoot(): Promise<void> {
    if (this.state.node(this.places.rootId)) return;
    this.state.change((draft) => {
      this.#revisions.make(
        draft,
        this.places.rootId,
        Buffer.alloc(16),
        "",
        "directory",
      );
      for (const name of this.places.systemNames)
        this.#revisions.make(
          draft,
          this.places.systemId(name),
          this.places.rootId,
          `.${name}`,
          "directory",
        );
    });
    await this.state.flush();
  }

  /**
   * Takes in the journal that is on the disks, where the index has nothing: on a new box, or after its loss.
   * @returns how many commits there were.
   */
  async discover(signal: AbortSignal): Promise<number> {
    if (this.state.journal.head.number > 0) return 0;
    const { journal } = this.state;
    const found: { number: number; block: Buffer }[] = [];
    for await (const { account, block, segment } of segmentsOf(this.#store)) {
      signal.throwIfAborted();
      if (segment !== headerSegment || !account.equals(treeAccount)) continue;
      const commit = await journal.open(block).catch((error: unknown) => {
        if (error instanceof ForgedError || error instanceof SegmentLostError)
          return undefined;
        throw error;
      });
      if (commit) found.push({ number: commit.number, block });
    }
    found.sort((a, b) => a.number - b.number);
    for (const { block } of found) {
      signal.throwIfAborted();
      const commit = await journal.open(block);
      if (commit) await this.state.replay(commit);
    }
    return found.length;
  }

  /** Signs what the owner does here from now on: somebody with caps for the whole tree. */
  writeAs(writer: Actor): void {
    this.state.writer = writer;
  }

  /** What was taken back, as the owner's signed list says. */
  get revoked(): ReadonlyMap<string, number> {
    return this.#guard.revoked;
  }

  set revoked(revoked: ReadonlyMap<string, number>) {
    this.#guard.revoked = revoked;
  }

  /** The entry at a place, for somebody who may see it. @throws RefusedError, NoEntryError */
  stat(place: Place, actor: Actor): Node {
    const node = this.places.find(place);
    this.#guard.authorize(actor, "read", node.id);
    return node;
  }

  /**
   * At most `limit` entries behind the name `after`, in the byte order of their names.
   * @throws NotDirectoryError, RefusedError
   */
  list(place: Place, actor: Actor, after = "", limit = 1000): Node[] {
    const node = this.places.find(place);
    this.#guard.authorize(actor, "list", node.id);
    if (node.kind !== "directory")
      throw new NotDirectoryError(this.places.pathOf(node.id));
    if (!node.id.equals(this.places.rootId))
      return this.state.children(node.id, after, limit);
    // What is hidden takes no place in a slice: an empty one would look like the end.
    return this.state
      .children(node.id, after, limit + this.places.systemNames.length)
      .filter(({ id }) => !this.places.isSystem(id))
      .slice(0, limit);
  }

  /** Makes a directory. @throws ExistsError, NoEntryError, RefusedError */
  makeDirectory(
    parent: Place,
    name: string,
    actor: Actor,
    entry: NewEntry = {},
  ): Node {
    return this.#create(parent, name, "directory", actor, entry, {});
  }

  /** Makes a symbolic link. @throws as `makeDirectory` */
  makeLink(
    parent: Place,
    name: string,
    target: string,
    actor: Actor,
    entry: NewEntry = {},
  ): Node {
    return this.#create(parent, name, "link", actor, entry, { target });
  }

  /** Makes a file without content. @throws as `makeDirectory` */
  makeFile(
    parent: Place,
    name: string,
    actor: Actor,
    { layout = "sequential", ...entry }: WriteOptions = {},
  ): Node {
    return this.#create(parent, name, "file", actor, entry, {
      content: zeroContent(layout, 0),
    });
  }

  /**
   * Stores what comes as a file; an older version of it stays in its history. Durable when it resolves.
   * @throws DiskFullError, DiskError, IsDirectoryError, ChangedError, LockedError, RefusedError; then nothing is changed.
   */
  async put(
    parent: Place,
    name: string,
    source: AsyncIterable<Uint8Array>,
    actor: Actor,
    signal: AbortSignal,
    options: WriteOptions = {},
  ): Promise<Node> {
    checkName(name);
    const directory = this.#guard.writable(parent, actor);
    const known = this.state.child(directory.id, name);
    if (known) this.#guard.mayWrite(known, actor, options.token);
    const layout = options.layout ?? (known && this.#layoutOf(known.id));
    using written = await this.contents.write(
      source,
      layout ?? "sequential",
      signal,
    );
    const node = this.state.change((draft) => {
      const current = this.state.child(this.places.find(directory.id).id, name);
      return current
        ? this.#revisions.setContent(draft, current, written, actor, {
            base: known?.version ?? 0,
            keep: true,
            ...options,
          })
        : this.#revisions.make(
            draft,
            freshBytes(16),
            directory.id,
            name,
            "file",
            {
              actor,
              ...options,
              content: written.content,
              pages: written.pages,
            },
          );
    });
    await this.flush();
    return node;
  }

  /**
   * Changes pieces of a file, and its size, without writing it anew; two who do so at the same moment both do. Visible when
   * it resolves, durable after `flush`.
   * @param source gives the bytes of all patches, one after the other. @throws as `put`
   */
  async patch(
    place: Place,
    patches: readonly Patch[],
    size: number,
    source: AsyncIterable<Uint8Array>,
    actor: Actor,
    signal: AbortSignal,
    options: WriteOptions = {},
  ): Promise<Node> {
    const { id } = this.places.find(place);
    const known = this.places.find(id);
    this.#guard.mayWrite(known, actor, options.token);
    using patching = await this.contents.patching(patches, source, signal);
    for (;;) {
      const { version, size: there } = this.places.find(id);
      const { content } = this.state.block(id).header;
      if (!content) throw new IsDirectoryError(this.places.pathOf(id));
      const written = await patching.onto(
        content,
        sizeAfter(known.size, size, there),
      );
      const now = this.places.find(id);
      // Whoever changed other pieces meanwhile does not lose them.
      if (now.version === version)
        return this.state.change((draft) =>
          this.#revisions.setContent(draft, now, written, actor, {
            base: version,
            ...options,
          }),
        );
    }
  }

  /** Adds what comes at the end of a file. @throws as `put` */
  async append(
    place: Place,
    source: AsyncIterable<Uint8Array>,
    length: number,
    actor: Actor,
    signal: AbortSignal,
    options: WriteOptions = {},
  ): Promise<Node> {
    const { size } = this.places.find(place);
    return await this.patch(
      place,
      [{ at: size, length }],
      size + length,
      source,
      actor,
      signal,
      options,
    );
  }

  /** The bytes of a file from `start` to before `end`. @param version an older one. @throws RefusedError, SegmentLostError */
  read(
    place: Place,
    actor: Actor,
    signal: AbortSignal,
    {
      start,
      end,
      version,
    }: { start?: number; end?: number; version?: number } = {},
  ): { node: Node; size: number; bytes: AsyncGenerator<Buffer> } {
    const node = this.places.find(place);
    this.#guard.authorize(actor, "read", node.id);
    const block = this.history.block(node, version);
    const { content } = block.header;
    if (!content) throw new IsDirectoryError(this.places.pathOf(node.id));
    return {
      node,
      size: content.size,
      bytes: this.contents.read(
        content,
        { start: start ?? 0, end: end ?? content.size },
        signal,
      ),
    };
  }

  /** Everything that is known of an entry. */
  header(place: Place, actor: Actor): Header {
    return this.state.block(this.stat(place, actor).id).header;
  }

  /** Changes an entry's attributes. @throws RefusedError, LockedError */
  setAttributes(
    place: Place,
    { mode, uid, gid, modified, attributes }: Attributes,
    actor: Actor,
    token?: number,
  ): Node {
    const node = this.places.find(place);
    this.#guard.mayWrite(node, actor, token);
    return this.state.change((draft) =>
      this.#revisions.revise(draft, node.id, actor, false, {
        ...(mode === undefined ? {} : { mode: mode & 0o7777 }),
        ...(uid === undefined ? {} : { uid }),
        ...(gid === undefined ? {} : { gid }),
        ...(modified === undefined ? {} : { modified }),
        ...(attributes ? { attributes } : {}),
      }),
    );
  }

  /**
   * Moves or renames an entry, in one step. With `replace`, a file takes another's place and goes on with its history; an
   * empty directory takes an empty one's.
   * @returns the entry at its new place. @throws ExistsError, NotEmptyError, RefusedError, LockedError
   */
  move(
    place: Place,
    parent: Place,
    name: string,
    actor: Actor,
    { replace = false, token }: { replace?: boolean; token?: number } = {},
  ): Node {
    checkName(name);
    const node = this.places.find(place);
    this.#guard.mayWrite(node, actor, token);
    const to = this.#guard.writable(parent, actor);
    this.#guard.refuseLoop(node, to);
    const there = this.state.child(to.id, name);
    if (there?.id.equals(node.id)) return node;
    if (there && !replace)
      throw new ExistsError(join(this.places.pathOf(to.id), name));
    return this.state.change((draft) => {
      if (there) {
        const merged = this.#revisions.replace(
          draft,
          node,
          there,
          actor,
          token,
        );
        if (merged) return merged;
      }
      return this.#revisions.relocate(draft, node, to, name, actor, {});
    });
  }

  /** Copies an entry, and what is beneath it, without copying data; it appears when it is whole. @throws ExistsError, RefusedError */
  async copy(
    place: Place,
    parent: Place,
    name: string,
    actor: Actor,
  ): Promise<Node> {
    checkName(name);
    const node = this.places.find(place);
    this.#guard.authorize(actor, "read", node.id);
    const to = this.#guard.writable(parent, actor);
    this.#guard.refuseLoop(node, to);
    return await this.#subtrees.cloneTo(node, to.id, name, actor);
  }

  /** Takes a file or an empty directory out for good, with all its versions. @throws NotEmptyError, RefusedError, LockedError */
  discard(place: Place, actor: Actor, token?: number): void {
    const node = this.places.find(place);
    this.#guard.mayWrite(node, actor, token);
    this.#guard.refuseSystem(node);
    if (this.state.children(node.id, "", 1).length > 0)
      throw new NotEmptyError(this.places.pathOf(node.id));
    this.state.change((draft) => draft.remove(node.id));
  }

  /**
   * Keeps a directory as it is now, under `/.snapshots`, where nobody changes it. What is changed while a large one is made
   * may be in it or not.
   * @throws ExistsError
   */
  async snapshot(place: Place, name: string): Promise<Node> {
    checkName(name);
    const to = this.places.systemId("snapshots");
    return await this.#subtrees.cloneTo(
      this.places.find(place),
      to,
      name,
      this.owner,
    );
  }

  /** The snapshots that there are. */
  snapshots(): Node[] {
    return this.state.children(this.places.systemId("snapshots"), "", 100_000);
  }

  /**
   * Sets who may read a block, and what is beneath it, beside those who may read its parent. With fewer readers it resolves
   * when all keys beneath are fresh.
   */
  async setReaders(place: Place, readers: Header["readers"]): Promise<void> {
    const node = this.places.find(place);
    const old = this.state.block(node.id).header.readers;
    const fewer = old.some(
      ({ principal }) =>
        !readers.some((one) => one.principal.equals(principal)),
    );
    this.state.change((draft) =>
      this.#revisions.revise(draft, node.id, this.owner, false, { readers }),
    );
    if (fewer) await this.#subtrees.rekey(node.id);
  }

  /** Fresh keys for an entry and all beneath it. */
  async rekey(id: Buffer): Promise<void> {
    await this.#subtrees.rekey(id);
  }

  /** Resolves when everything so far is durable. @throws DiskFullError, DiskError */
  async flush(): Promise<void> {
    await this.state.flush();
    this.#reaper.reap();
  }

  /** Resolves when bodies that nothing names any more are removed. */
  async reaped(): Promise<void> {
    await this.flush();
    await this.#reaper.idle();
  }

  /** What happens at and beneath a path, as it happens. Ends when `signal` aborts. @throws RefusedError */
  watch(
    place: Place,
    actor: Actor,
    signal: AbortSignal,
  ): AsyncGenerator<Happening> {
    const top = this.places.find(place);
    this.#guard.authorize(actor, "list", top.id);
    return watch(this.state, this.places, top.id, signal);
  }

  /** Whether something leads to a block of the fragment store. */
  leadsTo(block: Buffer): boolean {
    return this.state.needs(block) || this.contents.isInUse(block);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reaper[Symbol.asyncDispose]();
    await this.state[Symbol.asyncDispose]();
  }

  #create(
    parent: Place,
    name: string,
    kind: Kind,
    actor: Actor,
    entry: NewEntry,
    more: { target?: string; content?: Header["content"] },
  ): Node {
    checkName(name);
    const directory = this.#guard.writable(parent, actor);
    if (this.state.child(directory.id, name))
      throw new ExistsError(join(this.places.pathOf(directory.id), name));
    return this.state.change((draft) =>
      this.#revisions.make(draft, freshBytes(16), directory.id, name, kind, {
        actor,
        ...entry,
        ...more,
      }),
    );
  }

  #layoutOf(id: Buffer): Layout | undefined {
    return this.state.block(id).header.content?.layout;
  }
}

/** How large a file is after a patch that somebody began when it was of size `known`, where it has become `now` meanwhile. */
function sizeAfter(known: number, wanted: number, now: number): number {
  if (wanted === known) return now;
  return wanted > known ? Math.max(wanted, now) : wanted;
}
