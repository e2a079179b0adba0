import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { freshBytes } from "../../shared/random.ts";
import type { FragmentStore } from "../store/fragments.ts";
import type { OrderedIndex } from "../store/ordered-index.ts";
import { headerSegment } from "../store/record.ts";
import { SegmentLostError } from "../store/segment.ts";
import { segmentsOf } from "../store/walk.ts";
import type { Block, Header, Kind } from "./block.ts";
import { type Chain, demand, type Right, verifyChain } from "./capability.ts";
import type { Layout } from "./content.ts";
import { Contents, type Patch, type Written, zeroContent } from "./contents.ts";
import {
  BadNameError,
  ChangedError,
  ExistsError,
  ForgedError,
  IsDirectoryError,
  LoopError,
  NoEntryError,
  NotDirectoryError,
  NotEmptyError,
  ReadOnlyError,
} from "./errors.ts";
import { Journal } from "./journal.ts";
import { Locks } from "./locks.ts";
import type { Node } from "./node-row.ts";
import type { Person } from "./person.ts";
import type { RootKey } from "./rootkey.ts";
import { TreeIndex, type TreeTable } from "./tree-index.ts";
import { type Draft, type TreeEvent, TreeState } from "./tree-state.ts";

/** The account of the block tree's fragments. */
export const treeAccount = Buffer.alloc(16);

/** Who acts, and with which caps; the owner has none. */
export interface Actor {
  person: Person;
  chain: Chain;
}

/** A path, or a block's id. */
export type Place = string | Buffer;

/** How a new entry is to be. */
export interface NewEntry {
  mode?: number;
  uid?: number;
  gid?: number;
  modified?: number;
}

/** What is changed of an entry beside its content. */
export interface Attributes {
  mode?: number;
  uid?: number;
  gid?: number;
  modified?: number;
  attributes?: ReadonlyMap<string, Buffer>;
}

/** How content is written. */
export interface WriteOptions extends NewEntry {
  layout?: Layout;
  /** The version that the writer knows; the one at the start of the write without. */
  base?: number;
  /** Refuse to write over a version that the writer does not know, instead of keeping it as a conflict. */
  strict?: boolean;
  /** Fencing token of the writer's lock. */
  token?: number;
  /** Keep the version before however young it is. */
  keep?: boolean;
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

/** Entries that one change of many takes at once, so that nothing else waits for long. */
const slice = 100;
/** Versions that follow each other faster are one. */
const together = 60_000;
const mostVersions = 50;
const day = 86_400_000;
/** How long old versions, and what was thrown away, are kept. */
export const keptDays = { versions: 90, bin: 30 };

const systemNames = ["bin", "snapshots", "sharing"] as const;
type SystemName = (typeof systemNames)[number];

/** The owner's block tree: directories and files as signed, encrypted blocks. Paths begin with `/`, which is the root. */
export class Tree implements AsyncDisposable {
  readonly state: TreeState;
  readonly contents: Contents;
  readonly locks: Locks;
  readonly root: RootKey;
  #store: FragmentStore;
  #revoked = new Map<string, number>();
  #reaping: Promise<void> | undefined;
  #ending = new AbortController();
  #onError: (error: unknown) => void;

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
    this.#onError = onError;
    this.locks = new Locks(() => {
      const token = this.state.fact("token") + 1;
      this.state.change((draft) => draft.setFact("token", token));
      return token;
    });
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
      async ({ content }) =>
        await contents.pageLists(content, () => false, never),
      onError,
    );
    return new Tree(store, root, state, contents, onError);
  }

  /** The owner, who may do everything. */
  readonly owner: Actor;

  /** Makes the directories that every tree has. */
  async ensureRoot(): Promise<void> {
    if (this.state.node(this.rootId)) return;
    this.state.change((draft) => {
      this.#make(draft, this.rootId, Buffer.alloc(16), "", "directory");
      for (const name of systemNames)
        this.#make(
          draft,
          this.systemId(name),
          this.rootId,
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
      if (commit)
        await this.state.replay(
          commit,
          async ({ content }) =>
            await this.contents.pageLists(content, () => false, signal),
        );
    }
    return found.length;
  }

  /** Id of the root directory. */
  get rootId(): Buffer {
    return this.#derivedId("root");
  }

  /** Id of a directory that the tree keeps for itself. */
  systemId(name: SystemName): Buffer {
    return this.#derivedId(name);
  }

  /** What was taken back, as the owner's signed list says. */
  get revoked(): ReadonlyMap<string, number> {
    return this.#revoked;
  }

  setRevoked(revoked: Map<string, number>): void {
    this.#revoked = revoked;
  }

  /** The entry at a place. @throws NoEntryError, NotDirectoryError */
  find(place: Place): Node {
    if (typeof place !== "string") {
      const node = this.state.node(place);
      if (!node) throw new NoEntryError(place.toString("hex"));
      return node;
    }
    let node = this.find(this.rootId);
    for (const name of namesOf(place)) {
      if (node.kind !== "directory") throw new NotDirectoryError(node.name);
      const next = this.state.child(node.id, name);
      if (!next) throw new NoEntryError(place);
      node = next;
    }
    return node;
  }

  /** The path of an entry. @throws NoEntryError */
  pathOf(id: Buffer): string {
    const { parent, name } = this.find(id);
    return this.state.pathOf(parent, name);
  }

  /** The entry at a place, for somebody who may see it. @throws RefusedError, NoEntryError */
  stat(place: Place, actor: Actor): Node {
    const node = this.find(place);
    this.#authorize(actor, "read", node.id);
    return node;
  }

  /**
   * At most `limit` entries behind the name `after`, in the byte order of their names.
   * @throws NotDirectoryError, RefusedError
   */
  list(place: Place, actor: Actor, after = "", limit = 1000): Node[] {
    const node = this.find(place);
    this.#authorize(actor, "list", node.id);
    if (node.kind !== "directory")
      throw new NotDirectoryError(this.pathOf(node.id));
    const found = this.state.children(node.id, after, limit);
    if (!node.id.equals(this.rootId)) return found;
    return found.filter(({ id }) => !this.#isSystem(id));
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
    const directory = this.#writable(parent, actor);
    const known = this.state.child(directory.id, name);
    if (known) this.#authorizeContent(known, actor, options.token);
    const layout = options.layout ?? (known && this.#layoutOf(known.id));
    using written = await this.contents.write(
      source,
      layout ?? "sequential",
      signal,
    );
    const node = this.state.change((draft) => {
      const current = this.state.child(this.find(directory.id).id, name);
      return current
        ? this.#setContent(draft, current, written, actor, {
            base: known?.version ?? 0,
            keep: true,
            ...options,
          })
        : this.#make(draft, freshBytes(16), directory.id, name, "file", {
            actor,
            ...options,
            content: written.content,
            pages: written.pages,
          });
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
    const { id } = this.find(place);
    for (;;) {
      const known = this.find(id);
      this.#authorizeContent(known, actor, options.token);
      const { content } = this.state.block(id).header;
      if (!content) throw new IsDirectoryError(this.pathOf(id));
      using written = await this.contents.patch(
        content,
        patches,
        size,
        source,
        signal,
      );
      return this.state.change((draft) =>
        this.#setContent(draft, this.find(id), written, actor, {
          base: known.version,
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
    const { size } = this.find(place);
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
    const node = this.find(place);
    this.#authorize(actor, "read", node.id);
    const block = this.#versionOf(node, version);
    const { content } = block.header;
    if (!content) throw new IsDirectoryError(this.pathOf(node.id));
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
    const node = this.find(place);
    this.#authorizeContent(node, actor, token);
    return this.state.change((draft) =>
      this.#revise(draft, node.id, actor, false, {
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
    const node = this.find(place);
    this.#authorizeContent(node, actor, token);
    const to = this.#writable(parent, actor);
    this.#refuseLoop(node, to);
    const there = this.state.child(to.id, name);
    if (there?.id.equals(node.id)) return node;
    if (there && !replace)
      throw new ExistsError(join(this.pathOf(to.id), name));
    return this.state.change((draft) => {
      if (there) {
        const merged = this.#replace(draft, node, there, actor, token);
        if (merged) return merged;
      }
      return this.#relocate(draft, node, to, name, actor, {});
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
    const node = this.find(place);
    this.#authorize(actor, "read", node.id);
    const to = this.#writable(parent, actor);
    this.#refuseLoop(node, to);
    return await this.#cloneTo(node, to.id, name, actor);
  }

  /** Throws an entry into the bin, where it stays for a month. @throws RefusedError, LockedError */
  remove(place: Place, actor: Actor, token?: number): Node {
    const node = this.find(place);
    this.#authorizeContent(node, actor, token);
    const origin = this.pathOf(node.id);
    return this.state.change((draft) =>
      this.#relocate(
        draft,
        node,
        this.find(this.systemId("bin")),
        node.id.toString("hex"),
        this.owner,
        { origin, time: Date.now() },
      ),
    );
  }

  /** What is in the bin. */
  bin(): { node: Node; origin: string; removed: number }[] {
    return this.state
      .children(this.systemId("bin"), "", 100_000)
      .map((node) => {
        const { origin, time } = this.state.block(node.id).header;
        return { node, origin, removed: time };
      })
      .filter(({ origin }) => origin !== "");
  }

  /** Puts something from the bin where it was, or under another name where that is taken. @throws NoEntryError */
  restore(id: Buffer): Node {
    const node = this.find(id);
    if (!node.parent.equals(this.systemId("bin")))
      throw new NoEntryError(id.toString("hex"));
    const { origin } = this.state.block(id).header;
    const names = namesOf(origin);
    const last = names.pop() ?? "restored";
    let parent = this.find(this.rootId);
    for (const name of names)
      parent =
        this.state.child(parent.id, name) ??
        this.makeDirectory(parent.id, name, this.owner);
    const name = this.#freeName(parent.id, last, "restored");
    return this.state.change((draft) =>
      this.#relocate(draft, node, parent, name, this.owner, { origin: "" }),
    );
  }

  /** Takes a file or an empty directory out for good, with all its versions. @throws NotEmptyError, RefusedError, LockedError */
  discard(place: Place, actor: Actor, token?: number): void {
    const node = this.find(place);
    this.#authorizeContent(node, actor, token);
    this.#refuseSystem(node);
    if (this.state.children(node.id, "", 1).length > 0)
      throw new NotEmptyError(this.pathOf(node.id));
    this.state.change((draft) => draft.remove(node.id));
  }

  /** Takes something that is in the bin, or a snapshot, out for good, with all that is beneath it. @throws NoEntryError */
  async purge(id: Buffer): Promise<void> {
    const node = this.find(id);
    const kept = ["bin", "snapshots"] as const;
    if (!kept.some((name) => this.systemId(name).equals(node.parent)))
      throw new NoEntryError(id.toString("hex"));
    await this.#purge(node.id);
    await this.flush();
  }

  /** The versions of a file, the newest first. */
  history(place: Place, actor: Actor): Version[] {
    const node = this.find(place);
    this.#authorize(actor, "read", node.id);
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
    const node = this.find(place);
    this.#authorizeContent(node, actor, undefined);
    const { content, modified } = this.#versionOf(node, version).header;
    if (!content) throw new IsDirectoryError(this.pathOf(node.id));
    return this.state.change((draft) =>
      this.#revise(draft, node.id, actor, true, {
        content,
        modified,
        conflict: 0,
      }),
    );
  }

  /** Says that a conflict was looked at. */
  settle(place: Place, actor: Actor): Node {
    const node = this.find(place);
    this.#authorizeContent(node, actor, undefined);
    return this.state.change((draft) =>
      this.#revise(draft, node.id, actor, true, { conflict: 0 }),
    );
  }

  /**
   * Keeps a directory as it is now, under `/.snapshots`, where nobody changes it. What is changed while a large one is made
   * may be in it or not.
   * @throws ExistsError
   */
  async snapshot(place: Place, name: string): Promise<Node> {
    checkName(name);
    const to = this.systemId("snapshots");
    return await this.#cloneTo(this.find(place), to, name, this.owner);
  }

  /** The snapshots that there are. */
  snapshots(): Node[] {
    return this.state.children(this.systemId("snapshots"), "", 100_000);
  }

  /** Sets who may read a block, and what is beneath it, beside those who may read its parent. With fewer readers, keys are fresh. */
  setReaders(place: Place, readers: Header["readers"]): Node {
    const node = this.find(place);
    const old = this.state.block(node.id).header.readers;
    const fewer = old.some(
      ({ principal }) =>
        !readers.some((one) => one.principal.equals(principal)),
    );
    return this.state.change((draft) => {
      const revised = this.#revise(draft, node.id, this.owner, false, {
        readers,
      });
      if (fewer) this.#rekey(draft, node.id);
      return revised;
    });
  }

  /** Resolves when everything so far is durable. @throws DiskFullError, DiskError */
  async flush(): Promise<void> {
    await this.state.flush();
    this.#reap();
  }

  /** Resolves when bodies that nothing names any more are removed. */
  async reaped(): Promise<void> {
    await this.flush();
    await this.#reaping;
  }

  /** What happens at and beneath a path, as it happens. Ends when `signal` aborts. */
  async *watch(
    place: Place,
    actor: Actor,
    signal: AbortSignal,
  ): AsyncGenerator<{ kind: TreeEvent["kind"]; path: string }> {
    const top = this.find(place);
    this.#authorize(actor, "list", top.id);
    const queue: { kind: TreeEvent["kind"]; path: string }[] = [];
    let wake: () => void = () => {};
    using _listening = this.state.listen(({ kind, from, to }) => {
      // A reader who is far too slow gets no list of what he missed, but that it was something.
      if (queue.length > 10_000) queue.splice(1);
      for (const where of kind === "moved" ? [from, to] : [to ?? from])
        if (where && this.#isBeneath(where.parent, top.id))
          queue.push({
            kind:
              kind === "moved" ? (where === to ? "written" : "removed") : kind,
            path: join(this.pathOf(where.parent), where.name),
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

  /** Writes files anew whose code is not what it should be with the present disks. */
  async recode(signal: AbortSignal): Promise<void> {
    let after: Buffer = Buffer.alloc(0);
    for (;;) {
      const nodes = [...this.state.nodesAfter(after, 500)];
      for (const { id, kind } of nodes) {
        signal.throwIfAborted();
        if (kind !== "file" || !this.state.node(id)) continue;
        const { version, header } = this.state.block(id);
        if (!header.content || this.contents.isCoded(header.content)) continue;
        using written = await this.contents.rewrite(
          header.content,
          header.content.layout,
          signal,
        );
        // Somebody who wrote it meanwhile wrote it in the right code.
        if (this.state.node(id)?.version !== version) continue;
        this.state.change((draft) => {
          draft.write(
            id,
            { ...header, content: written.content, time: Date.now() },
            this.root.person,
            false,
            written.pages,
          );
        });
      }
      const last = nodes.at(-1);
      if (!last) break;
      after = last.id;
    }
    await this.flush();
  }

  /** Empties what is too old out of the bin and out of histories, and tidies the journal. */
  async tidy(signal: AbortSignal, now = Date.now()): Promise<void> {
    for (const { id } of this.state.children(
      this.systemId("bin"),
      "",
      100_000,
    )) {
      const { origin, time } = this.state.block(id).header;
      // Without an origin it is a copy that was never finished.
      if (time < now - (origin === "" ? 1 : keptDays.bin) * day)
        await this.#purge(id);
    }
    let after: Buffer = Buffer.alloc(0);
    for (;;) {
      const nodes = [...this.state.nodesAfter(after, 500)];
      for (const { id, version } of nodes) {
        signal.throwIfAborted();
        const old = this.state.versions(id).slice(0, -1);
        for (const number of old) {
          const time = this.state.version(id, number)?.header.time ?? now;
          if (number !== version && time < now - keptDays.versions * day)
            this.state.change((draft) => draft.drop({ id, version: number }));
        }
      }
      const last = nodes.at(-1);
      if (!last) break;
      after = last.id;
      await this.flush();
    }
    await this.flush();
    while (!signal.aborted && (await this.state.clean())) await this.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#reaping;
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
    const directory = this.#writable(parent, actor);
    if (this.state.child(directory.id, name))
      throw new ExistsError(join(this.pathOf(directory.id), name));
    return this.state.change((draft) =>
      this.#make(draft, freshBytes(16), directory.id, name, kind, {
        actor,
        ...entry,
        ...more,
      }),
    );
  }

  #make(
    draft: Draft,
    id: Buffer,
    parent: Buffer,
    name: string,
    kind: Kind,
    {
      actor = this.owner,
      mode,
      uid = 0,
      gid = 0,
      modified,
      content,
      target = "",
      pages,
      attributes = new Map(),
    }: NewEntry & {
      actor?: Actor;
      content?: Header["content"];
      target?: string;
      pages?: Written["pages"];
      attributes?: Header["attributes"];
    } = {},
  ): Node {
    const now = Date.now();
    return draft.write(
      id,
      {
        kind,
        parent,
        name,
        time: now,
        modified: modified ?? now,
        mode: (mode ?? (kind === "directory" ? 0o755 : 0o644)) & 0o7777,
        uid,
        gid,
        attributes,
        conflict: 0,
        origin: "",
        chain: actor.chain,
        readers: [],
        keys: kind === "directory" ? [freshBytes(32)] : [],
        ...(content ? { content } : {}),
        target,
      },
      actor.person,
      false,
      pages,
    );
  }

  #revise(
    draft: Draft,
    id: Buffer,
    actor: Actor,
    keep: boolean,
    change: Partial<Header>,
    pages?: Written["pages"],
  ): Node {
    const { header } = this.state.block(id);
    return draft.write(
      id,
      { ...header, time: Date.now(), chain: actor.chain, ...change },
      actor.person,
      keep,
      pages,
    );
  }

  #setContent(
    draft: Draft,
    current: Node,
    written: Written,
    actor: Actor,
    { base, strict, keep = false, mode, modified, token }: WriteOptions,
  ): Node {
    if (current.kind === "directory")
      throw new IsDirectoryError(this.pathOf(current.id));
    this.locks.check(current.id, current.name, token);
    const missed = base !== undefined && base !== current.version;
    if (missed && strict) throw new ChangedError(this.pathOf(current.id));
    const old = this.state.block(current.id).header;
    const kept =
      (old.content?.size ?? 0) > 0 &&
      (keep || missed || Date.now() - old.time > together);
    const node = this.#revise(
      draft,
      current.id,
      actor,
      kept,
      {
        kind: "file",
        target: "",
        content: written.content,
        modified: modified ?? Date.now(),
        conflict: missed ? current.version : old.conflict,
        ...(mode === undefined ? {} : { mode: mode & 0o7777 }),
      },
      written.pages,
    );
    const versions = this.state.versions(current.id);
    if (versions.length > mostVersions)
      draft.drop({ id: current.id, version: versions[0] as number });
    return node;
  }

  #relocate(
    draft: Draft,
    node: Node,
    to: Node,
    name: string,
    actor: Actor,
    change: Partial<Header>,
  ): Node {
    const before = this.#readersAbove(node.parent);
    const after = new Set(this.#readersAbove(to.id));
    const moved = this.#revise(draft, node.id, actor, false, {
      parent: to.id,
      name,
      ...change,
    });
    if (before.some((principal) => !after.has(principal)))
      this.#rekey(draft, node.id);
    return moved;
  }

  /** Puts a file's content into the place of another, which keeps its id and its history. */
  #replace(
    draft: Draft,
    node: Node,
    there: Node,
    actor: Actor,
    token: number | undefined,
  ): Node | undefined {
    this.#authorizeContent(there, actor, token);
    const path = this.pathOf(there.id);
    if (there.kind === "directory") {
      if (node.kind !== "directory") throw new IsDirectoryError(path);
      if (this.state.children(there.id, "", 1).length > 0)
        throw new NotEmptyError(path);
      draft.remove(there.id);
      return undefined;
    }
    if (node.kind === "directory") throw new NotDirectoryError(path);
    const { kind, content, target, mode, uid, gid, modified, attributes } =
      this.state.block(node.id).header;
    const old = this.state.block(there.id).header;
    const merged = this.#revise(
      draft,
      there.id,
      actor,
      (old.content?.size ?? 0) > 0,
      {
        kind,
        target,
        mode,
        uid,
        gid,
        modified,
        attributes,
        ...(content ? { content } : {}),
      },
    );
    draft.remove(node.id);
    return merged;
  }

  /** Makes a copy where nobody sees it, a slice at a time, and puts it into its place in one step. */
  async #cloneTo(
    node: Node,
    parent: Buffer,
    name: string,
    actor: Actor,
  ): Promise<Node> {
    const taken = (): boolean => this.state.child(parent, name) !== undefined;
    if (taken()) throw new ExistsError(join(this.pathOf(parent), name));
    const hidden = `copy ${freshBytes(16).toString("hex")}`;
    const copy = await this.#clone(node, this.systemId("bin"), hidden, actor);
    if (taken()) {
      await this.#purge(copy.id);
      throw new ExistsError(join(this.pathOf(parent), name));
    }
    const placed = this.state.change((draft) =>
      this.#relocate(draft, copy, this.find(parent), name, actor, {}),
    );
    await this.flush();
    return placed;
  }

  async #clone(
    node: Node,
    parent: Buffer,
    name: string,
    actor: Actor,
  ): Promise<Node> {
    const { header } = this.state.block(node.id);
    const copy = this.state.change((draft) =>
      this.#make(draft, freshBytes(16), parent, name, node.kind, {
        ...header,
        actor,
      }),
    );
    let done = 0;
    for (const child of this.#childrenOf(node.id)) {
      await this.#clone(child, copy.id, child.name, actor);
      if (++done % slice === 0) await setImmediate();
    }
    return copy;
  }

  async #purge(id: Buffer): Promise<void> {
    for (;;) {
      const children = this.state.children(id, "", slice);
      for (const child of children)
        if (child.kind === "directory") await this.#purge(child.id);
      this.state.change((draft) => {
        for (const child of children) draft.remove(child.id);
        if (children.length < slice) draft.remove(id);
      });
      if (children.length < slice) return;
      await setImmediate();
    }
  }

  /** Fresh keys for a directory and all beneath it: who has only the old ones reads nothing that is written from now on. */
  #rekey(draft: Draft, id: Buffer): void {
    if (this.find(id).kind !== "directory") return;
    const { keys } = this.state.block(id).header;
    this.#revise(draft, id, this.owner, false, {
      keys: [...keys, freshBytes(32)],
    });
    for (const child of this.#childrenOf(id)) this.#rekey(draft, child.id);
  }

  *#childrenOf(id: Buffer): Generator<Node> {
    let after = "";
    for (;;) {
      const slice = this.state.children(id, after, 1000);
      yield* slice;
      const last = slice.at(-1);
      if (!last || slice.length < 1000) return;
      after = last.name;
    }
  }

  #versionOf(node: Node, version: number | undefined): Block {
    const block =
      version === undefined
        ? this.state.block(node.id)
        : this.state.version(node.id, version);
    if (!block)
      throw new NoEntryError(`${this.pathOf(node.id)}, version ${version}`);
    return block;
  }

  #layoutOf(id: Buffer): Layout | undefined {
    return this.state.block(id).header.content?.layout;
  }

  /** Principals of those who read a directory because of itself or of one above it. */
  #readersAbove(id: Buffer): string[] {
    const found: string[] = [];
    for (
      let node = this.state.node(id);
      node;
      node = this.state.node(node.parent)
    )
      if (node.shared)
        for (const { principal } of this.state.block(node.id).header.readers)
          found.push(principal.toString("hex"));
    return found;
  }

  #writable(place: Place, actor: Actor): Node {
    const node = this.find(place);
    if (node.kind !== "directory")
      throw new NotDirectoryError(this.pathOf(node.id));
    this.#authorizeContent(node, actor, undefined);
    return node;
  }

  /** @throws RefusedError, ReadOnlyError, LockedError where this actor may not write an entry now */
  #authorizeContent(node: Node, actor: Actor, token: number | undefined): void {
    this.#authorize(actor, "write", node.id);
    this.#refuseReadOnly(node.id);
    if (this.locks.of(node.id) || token !== undefined)
      this.locks.check(node.id, this.pathOf(node.id), token);
  }

  #authorize(actor: Actor, right: Right, id: Buffer): void {
    if (
      actor.chain.length === 0 &&
      actor.person.principal.equals(this.root.principal)
    )
      return;
    const now = Date.now();
    const grant = verifyChain(
      actor.chain,
      this.root.person,
      now,
      this.#revoked,
    );
    demand(grant, right, this.pathOf(id));
  }

  #refuseReadOnly(id: Buffer): void {
    if (
      this.#isBeneath(id, this.systemId("snapshots")) ||
      this.#isBeneath(id, this.systemId("bin"))
    )
      throw new ReadOnlyError(this.pathOf(id));
  }

  #refuseLoop(node: Node, to: Node): void {
    this.#refuseSystem(node);
    if (this.#isBeneath(to.id, node.id))
      throw new LoopError(this.pathOf(node.id));
  }

  #refuseSystem(node: Node): void {
    if (node.id.equals(this.rootId) || this.#isSystem(node.id))
      throw new ReadOnlyError(this.pathOf(node.id));
  }

  #isBeneath(id: Buffer, top: Buffer): boolean {
    for (
      let node = this.state.node(id);
      node;
      node = this.state.node(node.parent)
    )
      if (node.id.equals(top)) return true;
    return false;
  }

  #isSystem(id: Buffer): boolean {
    return systemNames.some((name) => this.systemId(name).equals(id));
  }

  #freeName(parent: Buffer, name: string, word: string): string {
    if (!this.state.child(parent, name)) return name;
    for (let number = 1; ; number++) {
      const dot = name.lastIndexOf(".");
      const [stem, end] =
        dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
      const tried = `${stem} (${word}${number > 1 ? ` ${number}` : ""})${end}`;
      if (!this.state.child(parent, tried)) return tried;
    }
  }

  #ids = new Map<string, Buffer>();
  #derivedId(name: string): Buffer {
    let id = this.#ids.get(name);
    if (!id) {
      id = createHash("sha256")
        .update(`coppice ${name}`)
        .update(this.root.principal)
        .digest()
        .subarray(0, 16);
      this.#ids.set(name, id);
    }
    return id;
  }

  /** Removes bodies that nothing names any more, in the background. */
  #reap(): void {
    if (this.#reaping || this.state.bodies.released(1).length === 0) return;
    const { signal } = this.#ending;
    this.#reaping = this.#reapAll(signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#onError(error);
      })
      .finally(() => {
        this.#reaping = undefined;
      });
  }

  async #reapAll(signal: AbortSignal): Promise<void> {
    const { bodies } = this.state;
    let held = 0;
    while (!signal.aborted) {
      const released = bodies.released(100 + held).slice(held);
      if (released.length === 0) break;
      // A body goes only after the durable word that nothing names it.
      await this.state.flush();
      for (const one of released) {
        if (!bodies.isReleased(one.id)) continue;
        if (this.contents.isInUse(one.id)) {
          held++;
          continue;
        }
        const list = one.page
          ? await this.contents.pageOf(one, signal)
          : undefined;
        this.state.change(() => {
          if (list) bodies.nameAll(list, -1);
          bodies.removed(one.id);
        });
        await this.contents.remove(one);
      }
    }
    await this.state.clean();
  }
}

/** The names in a path. */
export function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

/** A directory's path and a name as one path. */
export function join(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/** @throws BadNameError unless this can name an entry: 1 to 255 bytes of UTF-8, without a slash or a zero. */
export function checkName(name: string): void {
  if (
    name === "" ||
    name === "." ||
    name === ".." ||
    name.includes("/") ||
    name.includes("\0") ||
    Buffer.byteLength(name) > 255 ||
    !name.isWellFormed()
  )
    throw new BadNameError();
}
