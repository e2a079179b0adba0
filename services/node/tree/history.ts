import type { Block } from "./block.ts";
import { type Actor, verifyChain } from "./capability.ts";
import { IsDirectoryError, NoEntryError } from "./errors.ts";
import type { Guard } from "./guard.ts";
import type { Node } from "./node-row.ts";
import type { Place, Places } from "./places.ts";
import type { Revisions } from "./revisions.ts";
import type { TreeState } from "./tree-state.ts";

/** A version of a file, as its history shows it. */
export interface Version {
  version: number;
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
  written: number;
  /** Principal of the writer, hex; of the node where one signed for the owner. */
  writer: string;
  /** The version that its writer did not know, and wrote over; 0 for none. */
  conflict: number;
}

/** The older versions of entries. */
export class History {
  #state: TreeState;
  #places: Places;
  #guard: Guard;
  #revisions: Revisions;

  constructor(
    state: TreeState,
    places: Places,
    guard: Guard,
    revisions: Revisions,
  ) {
    this.#state = state;
    this.#places = places;
    this.#guard = guard;
    this.#revisions = revisions;
  }

  /** The versions of a file, the newest first. @throws RefusedError */
  list(place: Place, actor: Actor): Version[] {
    const node = this.#places.find(place);
    this.#guard.authorize(actor, "read", node.id);
    return this.#state
      .versions(node.id)
      .toReversed()
      .flatMap((number) => {
        const block = this.#state.version(node.id, number);
        if (!block) return [];
        const { content, modified, time, chain, conflict } = block.header;
        const { node: box, subject } = verifyChain(
          chain,
          this.#state.root.person,
          0,
          new Map(),
        );
        return {
          version: number,
          size: content?.size ?? 0,
          modified,
          written: time,
          writer: (box ?? subject.principal).toString("hex"),
          conflict,
        };
      });
  }

  /** A version of an entry, the newest without a number. @throws NoEntryError where it is not kept */
  block(node: Node, version: number | undefined): Block {
    const block =
      version === undefined
        ? this.#state.block(node.id)
        : this.#state.version(node.id, version);
    if (!block)
      throw new NoEntryError(
        `${this.#places.pathOf(node.id)}, version ${version}`,
      );
    return block;
  }

  /** Makes an older version the newest. @throws NoEntryError, RefusedError */
  restore(place: Place, version: number, actor: Actor): Node {
    const node = this.#places.find(place);
    this.#guard.mayWrite(node, actor, undefined);
    const { content, modified } = this.block(node, version).header;
    if (!content) throw new IsDirectoryError(this.#places.pathOf(node.id));
    return this.#state.change((draft) =>
      this.#revisions.revise(draft, node.id, actor, true, {
        content,
        modified,
        conflict: 0,
      }),
    );
  }

  /** Says that a conflict was looked at. @throws RefusedError */
  settle(place: Place, actor: Actor): Node {
    const node = this.#places.find(place);
    this.#guard.mayWrite(node, actor, undefined);
    return this.#state.change((draft) =>
      this.#revisions.revise(draft, node.id, actor, true, { conflict: 0 }),
    );
  }
}
