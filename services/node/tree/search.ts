import { setImmediate as nextTurn } from "node:timers/promises";
import { fold } from "../../shared/fold.ts";
import type { Actor } from "./capability.ts";
import type { Node } from "./node-row.ts";
import type { Tree } from "./tree.ts";

/** Blocks that are looked at before others may go on: a few milliseconds. */
const slice = 500;
/** Milliseconds for which somebody waits at most. */
const patience = 2000;

/** What was found by its name. */
export interface Found {
  entries: { node: Node; path: string }[];
  /** Whether all was looked through. */
  complete: boolean;
}

/**
 * Entries whose names hold all of some words, whatever their case and accents; those that the tree keeps for itself, in the bin
 * or in snapshots are left out. @throws RefusedError for whoever may not see everything
 */
export async function findByName(
  tree: Tree,
  text: string,
  limit: number,
  actor: Actor,
  signal: AbortSignal,
): Promise<Found> {
  // Right of way is checked at the top: who may list that may list all.
  tree.list("/", actor, "", 1);
  const words = fold(text).split(/\s+/).filter(Boolean);
  const entries: Found["entries"] = [];
  if (words.length === 0) return { entries, complete: true };
  const ends = performance.now() + patience;
  let after: Buffer = Buffer.alloc(0);
  for (;;) {
    let seen = 0;
    for (const node of tree.state.nodesAfter(after, slice)) {
      seen++;
      after = node.id;
      const name = fold(node.name);
      if (!words.every((word) => name.includes(word))) continue;
      if (!isOwners(tree, node)) continue;
      if (entries.length === limit) return { entries, complete: false };
      entries.push({ node, path: tree.places.pathOf(node.id) });
    }
    if (seen < slice) return { entries, complete: true };
    if (signal.aborted || performance.now() > ends)
      return { entries, complete: false };
    await nextTurn();
  }
}

/** Whether an entry is in the tree, and not of what that keeps for itself. */
function isOwners({ places }: Tree, { id }: Node): boolean {
  return (
    !id.equals(places.rootId) &&
    places.isBeneath(id, places.rootId) &&
    !places.systemNames.some((name) =>
      places.isBeneath(id, places.systemId(name)),
    )
  );
}
