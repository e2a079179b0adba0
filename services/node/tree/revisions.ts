import { freshBytes } from "../../shared/random.ts";
import type { Header, Kind } from "./block.ts";
import type { Actor } from "./capability.ts";
import type { Layout } from "./content.ts";
import type { Written } from "./contents.ts";
import type { Draft } from "./draft.ts";
import {
  ChangedError,
  IsDirectoryError,
  NotDirectoryError,
  NotEmptyError,
} from "./errors.ts";
import type { Guard } from "./guard.ts";
import type { Locks } from "./locks.ts";
import type { Node } from "./node-row.ts";
import type { Places } from "./places.ts";
import type { TreeState } from "./tree-state.ts";

/** How a new entry is to be. */
export interface NewEntry {
  mode?: number;
  uid?: number;
  gid?: number;
  modified?: number;
}

/** How content is written. */
export interface WriteOptions extends NewEntry {
  layout?: Layout;
  /** The version that the writer knows; the one at the start of the write without. */
  base?: number;
  /** Refuse to write over a version that the writer does not know, instead of keeping it as a conflict. */
  strict?: boolean;
  /** When it was done, milliseconds since 1970: whoever collects changes in memory brings them later. */
  changed?: number;
  /** Fencing token of the writer's lock. */
  token?: number;
  /** Keep the version before however young it is. */
  keep?: boolean;
}

/** Versions that follow each other faster are one. */
const together = 60_000;
const mostVersions = 50;

/** What the next version of a block says, for each thing that can happen to it. */
export class Revisions {
  #state: TreeState;
  #places: Places;
  #guard: Guard;
  #locks: Locks;
  #owner: Actor;

  constructor(
    state: TreeState,
    places: Places,
    guard: Guard,
    locks: Locks,
    owner: Actor,
  ) {
    this.#state = state;
    this.#places = places;
    this.#guard = guard;
    this.#locks = locks;
    this.#owner = owner;
  }

  /** The first version of a new block. */
  make(
    draft: Draft,
    id: Buffer,
    parent: Buffer,
    name: string,
    kind: Kind,
    {
      actor = this.#owner,
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
        readers: [],
        keys: kind === "directory" ? [freshBytes(32)] : [],
        ...(content ? { content } : {}),
        target,
      },
      actor,
      false,
      pages,
    );
  }

  /** The next version, with something changed. @param keep whether the one before stays in the history. */
  revise(
    draft: Draft,
    id: Buffer,
    actor: Actor,
    keep: boolean,
    change: Partial<Header>,
    pages?: Written["pages"],
  ): Node {
    const { header } = this.#state.block(id);
    return draft.write(
      id,
      { ...header, time: Date.now(), ...change },
      actor,
      keep,
      pages,
    );
  }

  /** The next version of a file, with other content; one that its writer did not know stays in the history. @throws ChangedError, LockedError */
  setContent(
    draft: Draft,
    current: Node,
    written: Written,
    actor: Actor,
    {
      base,
      strict,
      keep = false,
      mode,
      uid,
      gid,
      modified,
      changed = Number.POSITIVE_INFINITY,
      token,
    }: WriteOptions,
  ): Node {
    if (current.kind === "directory")
      throw new IsDirectoryError(this.#places.pathOf(current.id));
    this.#locks.check(current.id, current.name, token);
    const missed = base !== undefined && base !== current.version;
    if (missed && strict)
      throw new ChangedError(this.#places.pathOf(current.id));
    const old = this.#state.block(current.id).header;
    const kept =
      (old.content?.size ?? 0) > 0 &&
      (keep || missed || Date.now() - old.time > together);
    const node = this.revise(
      draft,
      current.id,
      actor,
      kept,
      {
        kind: "file",
        time: Math.max(old.time, Math.min(changed, Date.now())),
        target: "",
        content: written.content,
        modified: modified ?? Date.now(),
        conflict: missed ? current.version : old.conflict,
        ...(mode === undefined ? {} : { mode: mode & 0o7777 }),
        ...(uid === undefined ? {} : { uid }),
        ...(gid === undefined ? {} : { gid }),
      },
      written.pages,
    );
    this.#trim(draft, current.id);
    return node;
  }

  /** Puts an entry elsewhere; where fewer may read it now, it has fresh keys. */
  relocate(
    draft: Draft,
    node: Node,
    to: Node,
    name: string,
    actor: Actor,
    change: Partial<Header>,
  ): Node {
    const before = this.#readersAbove(node.parent);
    const after = new Set(this.#readersAbove(to.id));
    const moved = this.revise(draft, node.id, actor, false, {
      parent: to.id,
      name,
      ...change,
    });
    if (before.some((principal) => !after.has(principal)))
      this.rekey(draft, node.id);
    return moved;
  }

  /** Puts a file's content into the place of another, which keeps its id and its history. */
  replace(
    draft: Draft,
    node: Node,
    there: Node,
    actor: Actor,
    token: number | undefined,
  ): Node | undefined {
    this.#guard.mayWrite(there, actor, token);
    const path = this.#places.pathOf(there.id);
    if (there.kind === "directory") {
      if (node.kind !== "directory") throw new IsDirectoryError(path);
      if (this.#state.children(there.id, "", 1).length > 0)
        throw new NotEmptyError(path);
      draft.remove(there.id);
      return undefined;
    }
    if (node.kind === "directory") throw new NotDirectoryError(path);
    const { kind, content, target, mode, uid, gid, modified, attributes } =
      this.#state.block(node.id).header;
    const old = this.#state.block(there.id).header;
    const merged = this.revise(
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
    this.#trim(draft, there.id);
    draft.remove(node.id);
    return merged;
  }

  /** Fresh keys for a directory and all beneath it: who has only the old ones reads nothing that is written from now on. */
  rekey(draft: Draft, id: Buffer): void {
    if (this.#places.find(id).kind !== "directory") return;
    this.refresh(draft, id);
    for (const child of this.#places.childrenOf(id))
      this.rekey(draft, child.id);
  }

  /** A fresh key for one directory. */
  refresh(draft: Draft, id: Buffer): Node {
    const { keys } = this.#state.block(id).header;
    return this.revise(draft, id, this.#owner, false, {
      keys: [...keys, freshBytes(32)],
    });
  }

  #trim(draft: Draft, id: Buffer): void {
    const versions = this.#state.versions(id);
    if (versions.length > mostVersions)
      draft.drop({ id, version: versions[0] as number });
  }

  /** Principals of those who read a directory because of itself or of one above it. */
  #readersAbove(id: Buffer): string[] {
    const found: string[] = [];
    for (
      let node = this.#state.node(id);
      node;
      node = this.#state.node(node.parent)
    )
      if (node.shared)
        for (const { principal } of this.#state.block(node.id).header.readers)
          found.push(principal.toString("hex"));
    return found;
  }
}
