import { type Block, openBlock, type SealedBlock } from "./block.ts";
import type { PageLists } from "./body-counts.ts";
import { readRevocations } from "./capability.ts";
import type { Draft } from "./draft.ts";
import type { Commit } from "./journal.ts";
import { Revocations } from "./revocations.ts";
import type { Tree } from "./tree.ts";
import type { TreeState } from "./tree-state.ts";

/** What came of taking in a branch. */
export interface Taken {
  /** Versions that are here now as they were signed there. */
  versions: number;
  /** Files that were changed on both sides. */
  conflicts: number;
}

interface Opened {
  sealed: SealedBlock;
  block: Block;
  pages: PageLists;
}

const word = "from the other box";

/**
 * Takes in what a lost box had written and this one did not know when it went on from an older state: the journal's other
 * branch. What was not touched here since is taken as it was signed. Of a file that both changed the present content
 * stays the newest, and the other is in its history, shown as a conflict. Nothing is dropped; what was taken back there is
 * taken back here.
 * @param commits of the branch, in order. @throws DiskFullError, DiskError, ForgedError
 */
export async function takeBranch(
  tree: Tree,
  commits: readonly Commit[],
  signal: AbortSignal,
): Promise<Taken> {
  const { state, contents, places } = tree;
  const isHere = ({ id, version, bytes }: SealedBlock): boolean =>
    state.sealed(id, version)?.equals(bytes) === true;
  const first = new Map<string, SealedBlock>();
  for (const entry of commits.flatMap(({ entries }) => entries)) {
    const key = entry.id.toString("hex");
    if (!first.has(key)) first.set(key, entry);
  }
  const split = new Set(
    [...first].flatMap(([key, entry]) =>
      (state.node(entry.id)?.version ?? 0) >= entry.version && !isHere(entry)
        ? [key]
        : [],
    ),
  );
  const newest = new Map<string, Opened>();
  const records: Opened[] = [];
  const taken: Taken = { versions: 0, conflicts: 0 };
  for (const { entries, drops } of commits) {
    const opened: Opened[] = [];
    for (const sealed of entries) {
      signal.throwIfAborted();
      if (isHere(sealed)) continue;
      const block = openBlock(sealed.bytes, { treeKey: state.root.treeKey });
      const pages = await contents.pageLists(block.header.content, signal);
      const key = sealed.id.toString("hex");
      const { parent } = block.header;
      const record = parent.equals(places.systemId("sharing"));
      // What the tree keeps about itself the box writes anew; both may have begun the same record.
      if (record && (split.has(key) || isTaken(state, block)))
        records.push({ sealed, block, pages });
      else if (split.has(key)) newest.set(key, { sealed, block, pages });
      else opened.push({ sealed, block, pages });
    }
    state.change((draft) => {
      for (const one of opened) place(tree, draft, one, split);
      for (const drop of drops)
        if (!split.has(drop.id.toString("hex"))) draft.drop(drop);
    });
    taken.versions += opened.length;
  }
  for (const other of newest.values())
    if (state.change((draft) => keepBoth(tree, draft, other)))
      taken.conflicts++;
  await tree.flush();
  await takeRevocations(tree, records, signal);
  return taken;
}

/** Whether another entry has a block's name. */
function isTaken(state: TreeState, { id, header }: Block): boolean {
  const there = state.child(header.parent, header.name);
  return there !== undefined && !there.id.equals(id);
}

/** Puts a version where it was there, or, where something else is by now, beside it. */
function place(
  { state, places, owner }: Tree,
  draft: Draft,
  { sealed, block, pages }: Opened,
  split: ReadonlySet<string>,
): void {
  const { header } = block;
  const parent = state.node(header.parent);
  const free = parent && !isTaken(state, block);
  // Readers of a directory that was changed here have other keys than those under which this was sealed.
  if (free && !split.has(header.parent.toString("hex"))) {
    draft.adopt(block, sealed, pages);
    return;
  }
  const into = parent ? header.parent : places.rootId;
  const name = free ? header.name : places.freeName(into, header.name, word);
  draft.write(block.id, { ...header, parent: into, name }, owner, true, pages);
}

/** Keeps the other's content of a file in its history; whether there was anything to keep. */
function keepBoth(
  { state, owner }: Tree,
  draft: Draft,
  { block: { id, header: other }, pages }: Opened,
): boolean {
  const node = state.node(id);
  if (node?.kind !== "file" || !other.content) return false;
  const { header } = state.block(id);
  const kept = draft.write(
    id,
    {
      ...header,
      content: other.content,
      modified: other.modified,
      time: other.time,
    },
    owner,
    true,
    pages,
  );
  draft.write(id, { ...header, conflict: kept.version }, owner, true);
  return true;
}

/** What was taken back there stays so, also where both sides took something back. */
async function takeRevocations(
  tree: Tree,
  others: readonly Opened[],
  signal: AbortSignal,
): Promise<void> {
  const revocations = new Revocations(tree);
  await revocations.load();
  for (const { block } of others) {
    const { content, name } = block.header;
    if (!content || name !== Revocations.record) continue;
    const range = { start: 0, end: content.size };
    const list = Buffer.concat(
      await Array.fromAsync(tree.contents.read(content, range, signal)),
    );
    const { revoked } = readRevocations(list, tree.root.person);
    await revocations.addAll(revoked);
  }
}
