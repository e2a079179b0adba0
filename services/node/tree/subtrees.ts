import { setImmediate } from "node:timers/promises";
import { freshBytes } from "../../shared/random.ts";
import type { Actor } from "./capability.ts";
import { ExistsError } from "./errors.ts";
import type { Node } from "./node-row.ts";
import { join, type Places } from "./places.ts";
import type { Revisions } from "./revisions.ts";
import type { TreeState } from "./tree-state.ts";

/** Entries that one change of many takes at once, so that nothing else waits for long. */
const slice = 100;

/** Acts upon a directory and all beneath it. */
export class Subtrees {
  #state: TreeState;
  #places: Places;
  #revisions: Revisions;

  constructor(state: TreeState, places: Places, revisions: Revisions) {
    this.#state = state;
    this.#places = places;
    this.#revisions = revisions;
  }

  /** Makes a copy where nobody sees it, a slice at a time, and puts it into its place in one step. */
  async cloneTo(
    node: Node,
    parent: Buffer,
    name: string,
    actor: Actor,
  ): Promise<Node> {
    const taken = (): boolean => this.#state.child(parent, name) !== undefined;
    if (taken()) throw new ExistsError(join(this.#places.pathOf(parent), name));
    const hidden = `copy ${freshBytes(16).toString("hex")}`;
    const copy = await this.#clone(
      node,
      this.#places.systemId("bin"),
      hidden,
      actor,
    );
    if (taken()) {
      await this.purge(copy.id);
      throw new ExistsError(join(this.#places.pathOf(parent), name));
    }
    const placed = this.#state.change((draft) =>
      this.#revisions.relocate(
        draft,
        copy,
        this.#places.find(parent),
        name,
        actor,
        {},
      ),
    );
    await this.#state.flush();
    return placed;
  }

  /** Takes everything out for good, a slice at a time. */
  async purge(id: Buffer): Promise<void> {
    for (;;) {
      const children = this.#state.children(id, "", slice);
      for (const child of children)
        if (child.kind === "directory") await this.purge(child.id);
      this.#state.change((draft) => {
        for (const child of children) draft.remove(child.id);
        if (children.length < slice) draft.remove(id);
      });
      if (children.length < slice) return;
      await setImmediate();
    }
  }

  /**
   * Fresh keys for a directory and all beneath it, from the top down, a slice at a time: who has only the old ones reads
   * nothing that is written after this resolves. Begin anew where it was cut short.
   */
  async rekey(id: Buffer): Promise<void> {
    const queue = [id];
    // What is moved meanwhile may come from where the keys are old to where they are fresh already.
    using _moves = this.#state.listen(({ kind, id: moved }) => {
      if (kind === "moved") queue.push(moved);
    });
    let seen = 0;
    for (let next = queue.shift(); next; next = queue.shift()) {
      const directory = next;
      if (this.#state.node(directory)?.kind !== "directory") continue;
      this.#state.change((draft) => this.#revisions.refresh(draft, directory));
      for (const child of this.#places.childrenOf(directory)) {
        if (child.kind === "directory") queue.push(child.id);
        if (++seen % (10 * slice) === 0) await setImmediate();
      }
      if (++seen % slice === 0) await setImmediate();
    }
    await this.#state.flush();
  }

  async #clone(
    node: Node,
    parent: Buffer,
    name: string,
    actor: Actor,
  ): Promise<Node> {
    const { header } = this.#state.block(node.id);
    const copy = this.#state.change((draft) =>
      this.#revisions.make(draft, freshBytes(16), parent, name, node.kind, {
        ...header,
        actor,
      }),
    );
    let done = 0;
    for (const child of this.#places.childrenOf(node.id)) {
      await this.#clone(child, copy.id, child.name, actor);
      if (++done % slice === 0) await setImmediate();
    }
    return copy;
  }
}
