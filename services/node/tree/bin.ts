import { freshBytes } from "../../shared/random.ts";
import type { Actor } from "./capability.ts";
import { NoEntryError } from "./errors.ts";
import type { Guard } from "./guard.ts";
import type { Node } from "./node-row.ts";
import { namesOf, type Place, type Places } from "./places.ts";
import type { Revisions } from "./revisions.ts";
import type { Subtrees } from "./subtrees.ts";
import type { TreeState } from "./tree-state.ts";

/** What was thrown away, and waits for a month. */
export class Bin {
  #state: TreeState;
  #places: Places;
  #guard: Guard;
  #revisions: Revisions;
  #subtrees: Subtrees;
  #owner: Actor;

  constructor(
    state: TreeState,
    places: Places,
    guard: Guard,
    revisions: Revisions,
    subtrees: Subtrees,
    owner: Actor,
  ) {
    this.#state = state;
    this.#places = places;
    this.#guard = guard;
    this.#revisions = revisions;
    this.#subtrees = subtrees;
    this.#owner = owner;
  }

  /** Throws an entry into it. @throws RefusedError, LockedError */
  take(place: Place, actor: Actor, token?: number): Node {
    const node = this.#places.find(place);
    this.#guard.mayWrite(node, actor, token);
    const origin = this.#places.pathOf(node.id);
    return this.#state.change((draft) =>
      this.#revisions.relocate(
        draft,
        node,
        this.#places.find(this.#places.systemId("bin")),
        node.id.toString("hex"),
        this.#owner,
        { origin, time: Date.now() },
      ),
    );
  }

  /** What is in it, where that was, and since when, milliseconds since 1970. */
  list(): { node: Node; origin: string; removed: number }[] {
    return this.#state
      .children(this.#places.systemId("bin"), "", 100_000)
      .map((node) => {
        const { origin, time } = this.#state.block(node.id).header;
        return { node, origin, removed: time };
      })
      .filter(({ origin }) => origin !== "");
  }

  /** Puts something where it was, or under another name where that is taken. @throws NoEntryError */
  restore(id: Buffer): Node {
    const node = this.#places.find(id);
    if (!node.parent.equals(this.#places.systemId("bin")))
      throw new NoEntryError(id.toString("hex"));
    const names = namesOf(this.#state.block(id).header.origin);
    const last = names.pop() ?? "restored";
    return this.#state.change((draft) => {
      let parent = this.#places.find(this.#places.rootId);
      for (const name of names)
        parent =
          this.#state.child(parent.id, name) ??
          this.#revisions.make(
            draft,
            freshBytes(16),
            parent.id,
            name,
            "directory",
          );
      const name = this.#places.freeName(parent.id, last, "restored");
      return this.#revisions.relocate(draft, node, parent, name, this.#owner, {
        origin: "",
      });
    });
  }

  /** Takes something that is in it, or a snapshot, out for good, with all that is beneath it. @throws NoEntryError */
  async purge(id: Buffer): Promise<void> {
    const node = this.#places.find(id);
    const kept = ["bin", "snapshots"] as const;
    if (!kept.some((name) => this.#places.systemId(name).equals(node.parent)))
      throw new NoEntryError(id.toString("hex"));
    await this.#subtrees.purge(node.id);
  }
}
