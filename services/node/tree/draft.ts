import {
  type Block,
  type Header,
  hashOf,
  openBlock,
  type SealedBlock,
  sealBlock,
} from "./block.ts";
import { noPages, type PageLists } from "./body-counts.ts";
import type { Actor } from "./capability.ts";
import type { Dropped } from "./journal.ts";
import { encodeNode, type Node, nodeOf } from "./node-row.ts";
import type { TreeIndex } from "./tree-index.ts";
import { blockKey, blockRow, entryKey, remember } from "./tree-keys.ts";
import type { TreeState } from "./tree-state.ts";

/** Something that happened to an entry. */
export interface TreeEvent {
  kind: "written" | "moved" | "removed";
  id: Buffer;
  /** Where it was before, and where it is now. */
  from: { parent: Buffer; name: string } | undefined;
  to: { parent: Buffer; name: string } | undefined;
}

/** A change under way. */
export class Draft {
  readonly entries: SealedBlock[] = [];
  readonly drops: Dropped[] = [];
  readonly events: TreeEvent[] = [];
  #state: TreeState;
  #index: TreeIndex;
  #cache: Map<string, { block: Block; hash: Buffer }>;

  constructor(
    state: TreeState,
    index: TreeIndex,
    cache: Map<string, { block: Block; hash: Buffer }>,
  ) {
    this.#state = state;
    this.#index = index;
    this.#cache = cache;
  }

  /**
   * Writes a block's next version. @param keep whether the version before stays in its history.
   * @param pages extents of pages that nothing named before.
   */
  write(
    id: Buffer,
    header: Omit<Header, "previous" | "path" | "chain">,
    actor: Actor,
    keep: boolean,
    pages: PageLists = noPages,
  ): Node {
    const old = this.#state.node(id);
    const { person, chain } = this.#state.signing(actor);
    const block: Block = {
      id,
      version: (old?.version ?? 0) + 1,
      header: {
        ...header,
        chain,
        path: this.#state.pathOf(header.parent, header.name),
        previous: old ? this.#state.hash(id) : Buffer.alloc(0),
      },
    };
    const parent = this.#state.node(header.parent);
    const { root } = this.#state;
    const sealed = sealBlock(
      block,
      person,
      root.principal,
      root.treeKey,
      parent ? this.#state.block(header.parent).header.keys : [],
    );
    this.adopt(block, sealed, pages);
    if (old && !keep) this.drop({ id, version: old.version });
    return nodeOf(block);
  }

  /** Writes a version that is sealed already. @param pages as `write` */
  adopt(block: Block, sealed: SealedBlock, pages: PageLists): void {
    this.entries.push(sealed);
    this.#index.set(
      "blocks",
      blockKey(block.id, block.version),
      blockRow(0, sealed.bytes),
    );
    this.take(block, sealed, pages);
  }

  /** Takes in a version that the journal holds already. */
  take(block: Block, sealed: SealedBlock, pages: PageLists): void {
    const { id, version, header } = block;
    // The same version, told once more: it was carried from one commit to another.
    const known = this.#index.get("blocks", blockKey(id, version));
    if (!known || this.entries.includes(sealed))
      this.#state.bodies.name(header.content, pages);
    else this.#state.uncount(known);
    const old = this.#state.node(id);
    if (old && old.version > version) return;
    if (old) this.#unlink(old);
    const node = nodeOf(block);
    this.#index.set("nodes", id, encodeNode(node));
    this.#tally(old, node);
    if (node.name !== "")
      this.#index.set("entries", entryKey(node.parent, node.name), id);
    remember(this.#cache, id.toString("latin1"), {
      block,
      hash: hashOf(sealed.bytes),
    });
    const to = { parent: node.parent, name: node.name };
    const from = old && { parent: old.parent, name: old.name };
    const moved =
      from && !(from.parent.equals(to.parent) && from.name === to.name);
    this.events.push({ kind: moved ? "moved" : "written", id, from, to });
  }

  /** Takes a version out of a block's history; with its last one, the block is gone. */
  drop({ id, version }: Dropped): void {
    const key = blockKey(id, version);
    const row = this.#index.get("blocks", key);
    if (!row) return;
    const block = openBlock(row.subarray(8), {
      treeKey: this.#state.root.treeKey,
    });
    this.#index.set("blocks", key, undefined);
    this.#state.bodies.forget(block.header.content);
    const fresh = this.entries.findIndex(
      (entry) => entry.id.equals(id) && entry.version === version,
    );
    if (fresh >= 0) this.entries.splice(fresh, 1);
    else {
      this.#state.uncount(row);
      this.drops.push({ id, version });
    }
    const node = this.#state.node(id);
    if (node?.version !== version) return;
    this.#unlink(node);
    this.#index.set("nodes", id, undefined);
    this.#tally(node, undefined);
    this.#cache.delete(id.toString("latin1"));
    this.events.push({
      kind: "removed",
      id,
      from: { parent: node.parent, name: node.name },
      to: undefined,
    });
  }

  /** Takes a block out with all its versions. */
  remove(id: Buffer): void {
    for (const version of this.#state.versions(id)) this.drop({ id, version });
  }

  /** Sets a number that is kept beside the tree. */
  setFact(name: string, value: number): void {
    const row = Buffer.alloc(8);
    row.writeDoubleBE(value);
    this.#index.set("facts", Buffer.from(name), row);
  }

  /** Counts the owner's files and their bytes: not what the tree keeps about itself. */
  #tally(old: Node | undefined, fresh: Node | undefined): void {
    const counts = (node: Node | undefined): boolean =>
      node?.kind === "file" && !node.parent.equals(this.#state.recordsId);
    const [was, is] = [counts(old), counts(fresh)];
    if (was !== is)
      this.setFact("files", this.#state.fact("files") + (is ? 1 : -1));
    const grown = (is ? (fresh?.size ?? 0) : 0) - (was ? (old?.size ?? 0) : 0);
    if (grown !== 0) this.setFact("bytes", this.#state.fact("bytes") + grown);
  }

  #unlink({ id, parent, name }: Node): void {
    const key = entryKey(parent, name);
    if (this.#index.get("entries", key)?.equals(id))
      this.#index.set("entries", key, undefined);
  }
}
