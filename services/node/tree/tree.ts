import { freshBytes } from "../../shared/random.ts";
import type { FragmentStore } from "../store/fragments.ts";
import type { OrderedIndex } from "../store/ordered-index.ts";
import { headerSegment } from "../store/record.ts";
import { SegmentLostError } from "../store/segment.ts";
import { segmentsOf } from "../store/walk.ts";
import type { Block, Header, Kind } from "./block.ts";
import { verifyChain } from "./capability.ts";
import type { Layout } from "./content.ts";
import { Contents, type Patch, zeroContent } from "./contents.ts";
import type { TreeEvent } from "./draft.ts";
import {
  ExistsError,
  ForgedError,
  IsDirectoryError,
  NoEntryError,
  NotDirectoryError,
  NotEmptyError,
} from "./errors.ts";
import { type Actor, Guard } from "./guard.ts";
import { Journal } from "./journal.ts";
import { Locks } from "./locks.ts";
import type { Node } from "./node-row.ts";
import { checkName, join, namesOf, type Place, Places } from "./places.ts";
import { Reaper } from "./reaper.ts";
import { type NewEntry, Revisions, type WriteOptions } from "./revisions.ts";
import type { RootKey } from "./rootkey.ts";
import { Subtrees } from "./subtrees.ts";
import { TreeIndex, type TreeTable } from "./tree-index.ts";
import { TreeState } from "./tree-state.ts";
import { Upkeep } from "./upkeep.ts";

export type { Actor } from "./guard.ts";
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

/** A version of a file, as its history shows it. */
export interface Version {
  version: number;
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
  written: number;
  /** Principal of the writer, hex. */
  writer: string;
  /** The version that its writer did not know, and wrote over; 0 for none. */
  conflict: number;
}

/** The owner's block tree: directories and files as signed, encrypted blocks. Paths begin with `/`, which is the root. */
export class Tree implements AsyncDisposable {
  readonly state: TreeState;
  readonly contents: Contents;
  readonly locks: Locks;
  readonly root: RootKey;
  /** Which entry is where. */
  readonly places: Places;
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
    this.upkeep = new Upkeep(state, places, contents, this.#subtrees);
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
   * Changes pieces of a file, and its size, without writing it anew. Visible when it resolves, durable after `flush`.
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
    const { content } = this.state.block(id).header;
    if (!content) throw new IsDirectoryError(this.places.pathOf(id));
    using written = await this.contents.patch(
      content,
      patches,
      size,
      source,
      signal,
    );
    return this.state.change((draft) =>
      this.#revisions.setContent(draft, this.places.find(id), written, actor, {
        base: known.version,
        ...options,
      }),
    );
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
    const block = this.#versionOf(node, version);
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

  /** Throws an entry into the bin, where it stays for a month. @throws RefusedError, LockedError */
  remove(place: Place, actor: Actor, token?: number): Node {
    const node = this.places.find(place);
    this.#guard.mayWrite(node, actor, token);
    const origin = this.places.pathOf(node.id);
    return this.state.change((draft) =>
      this.#revisions.relocate(
        draft,
        node,
        this.places.find(this.places.systemId("bin")),
        node.id.toString("hex"),
        this.owner,
        { origin, time: Date.now() },
      ),
    );
  }

  /** What is in the bin. */
  bin(): { node: Node; origin: string; removed: number }[] {
    return this.state
      .children(this.places.systemId("bin"), "", 100_000)
      .map((node) => {
        const { origin, time } = this.state.block(node.id).header;
        return { node, origin, removed: time };
      })
      .filter(({ origin }) => origin !== "");
  }

  /** Puts something from the bin where it was, or under another name where that is taken. @throws NoEntryError */
  restore(id: Buffer): Node {
    const node = this.places.find(id);
    if (!node.parent.equals(this.places.systemId("bin")))
      throw new NoEntryError(id.toString("hex"));
    const { origin } = this.state.block(id).header;
    const names = namesOf(origin);
    const last = names.pop() ?? "restored";
    let parent = this.places.find(this.places.rootId);
    for (const name of names)
      parent =
        this.state.child(parent.id, name) ??
        this.makeDirectory(parent.id, name, this.owner);
    const name = this.places.freeName(parent.id, last, "restored");
    return this.state.change((draft) =>
      this.#revisions.relocate(draft, node, parent, name, this.owner, {
        origin: "",
      }),
    );
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

  /** Takes something that is in the bin, or a snapshot, out for good, with all that is beneath it. @throws NoEntryError */
  async purge(id: Buffer): Promise<void> {
    const node = this.places.find(id);
    const kept = ["bin", "snapshots"] as const;
    if (!kept.some((name) => this.places.systemId(name).equals(node.parent)))
      throw new NoEntryError(id.toString("hex"));
    await this.#subtrees.purge(node.id);
    await this.flush();
  }

  /** The versions of a file, the newest first. */
  history(place: Place, actor: Actor): Version[] {
    const node = this.places.find(place);
    this.#guard.authorize(actor, "read", node.id);
    return this.state
      .versions(node.id)
      .toReversed()
      .flatMap((number) => {
        const block = this.state.version(node.id, number);
        if (!block) return [];
        const { content, modified, time, chain, conflict } = block.header;
        return {
          version: number,
          size: content?.size ?? 0,
          modified,
          written: time,
          writer: verifyChain(
            chain,
            this.root.person,
            0,
            new Map(),
          ).subject.principal.toString("hex"),
          conflict,
        };
      });
  }

  /** Makes an older version the newest. @throws NoEntryError, RefusedError */
  restoreVersion(place: Place, version: number, actor: Actor): Node {
    const node = this.places.find(place);
    this.#guard.mayWrite(node, actor, undefined);
    const { content, modified } = this.#versionOf(node, version).header;
    if (!content) throw new IsDirectoryError(this.places.pathOf(node.id));
    return this.state.change((draft) =>
      this.#revisions.revise(draft, node.id, actor, true, {
        content,
        modified,
        conflict: 0,
      }),
    );
  }

  /** Says that a conflict was looked at. */
  settle(place: Place, actor: Actor): Node {
    const node = this.places.find(place);
    this.#guard.mayWrite(node, actor, undefined);
    return this.state.change((draft) =>
      this.#revisions.revise(draft, node.id, actor, true, { conflict: 0 }),
    );
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

  /** Sets who may read a block, and what is beneath it, beside those who may read its parent. With fewer readers, keys are fresh. */
  setReaders(place: Place, readers: Header["readers"]): Node {
    const node = this.places.find(place);
    const old = this.state.block(node.id).header.readers;
    const fewer = old.some(
      ({ principal }) =>
        !readers.some((one) => one.principal.equals(principal)),
    );
    return this.state.change((draft) => {
      const revised = this.#revisions.revise(
        draft,
        node.id,
        this.owner,
        false,
        {
          readers,
        },
      );
      if (fewer) this.#revisions.rekey(draft, node.id);
      return revised;
    });
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

  /** What happens at and beneath a path, as it happens. Ends when `signal` aborts. */
  async *watch(
    place: Place,
    actor: Actor,
    signal: AbortSignal,
  ): AsyncGenerator<{ kind: TreeEvent["kind"]; path: string }> {
    const top = this.places.find(place);
    this.#guard.authorize(actor, "list", top.id);
    const queue: { kind: TreeEvent["kind"]; path: string }[] = [];
    let wake: () => void = () => {};
    using _listening = this.state.listen(({ kind, from, to }) => {
      // A reader who is far too slow gets no list of what he missed, but that it was something.
      if (queue.length > 10_000) queue.splice(1);
      for (const where of kind === "moved" ? [from, to] : [to ?? from])
        if (where && this.places.isBeneath(where.parent, top.id))
          queue.push({
            kind:
              kind === "moved" ? (where === to ? "written" : "removed") : kind,
            path: join(this.places.pathOf(where.parent), where.name),
          });
      wake();
    });
    const stop = (): void => wake();
    signal.addEventListener("abort", stop, { once: true });
    while (!signal.aborted) {
      const event = queue.shift();
      if (event) yield event;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
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

  #versionOf(node: Node, version: number | undefined): Block {
    const block =
      version === undefined
        ? this.state.block(node.id)
        : this.state.version(node.id, version);
    if (!block)
      throw new NoEntryError(
        `${this.places.pathOf(node.id)}, version ${version}`,
      );
    return block;
  }

  #layoutOf(id: Buffer): Layout | undefined {
    return this.state.block(id).header.content?.layout;
  }
}
