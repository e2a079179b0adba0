import { CoppiceError } from "../../shared/errors.ts";
import { segmentCount } from "../store/body.ts";
import type { VerifyLine } from "./api.ts";
import { type Block, hashOf, verifyBlock } from "./block.ts";
import { bodiesOf } from "./content.ts";
import type { Node } from "./node-row.ts";
import type { Place, Tree } from "./tree.ts";

/** How far a walk is told of, in versions. */
const tellEvery = 500;

/**
 * Walks a subtree and checks every version that is kept: its signature, its writer's chain of caps, its place, that it names
 * the hash of the one before, and that its content is whole. What is wrong comes as lines with a `problem`.
 */
export async function* verifyTree(
  tree: Tree,
  place: Place,
  signal: AbortSignal,
): AsyncGenerator<VerifyLine> {
  const counts = { blocks: 0, segments: 0 };
  const top = tree.places.find(place);
  for (const node of walk(tree, top)) {
    const path = tree.places.pathOf(node.id);
    let before: { version: number; hash: Buffer } | undefined;
    for (const version of tree.state.versions(node.id)) {
      signal.throwIfAborted();
      const sealed = tree.state.sealed(node.id, version);
      if (!sealed) continue;
      try {
        const block = verify(tree, node, path, version, sealed);
        if (
          before?.version === version - 1 &&
          !block.header.previous.equals(before.hash)
        )
          yield {
            path,
            problem: `version ${version} does not follow version ${before.version}`,
            ...counts,
          };
        counts.segments += await readAll(tree, block, signal);
      } catch (error) {
        if (!(error instanceof CoppiceError)) throw error;
        yield {
          path,
          problem: `version ${version}: ${error.message}`,
          ...counts,
        };
      }
      before = { version, hash: hashOf(sealed) };
      if (++counts.blocks % tellEvery === 0) yield { path, ...counts };
    }
  }
  yield { path: tree.places.pathOf(top.id), ...counts };
}

/** Opens a version as somebody would who was given it: by the key of the directory that it is in. */
function verify(
  tree: Tree,
  node: Node,
  path: string,
  version: number,
  sealed: Buffer,
): Block {
  const newest = version === node.version;
  // An older version may have been elsewhere, under another name.
  const { parent, name } = newest
    ? node
    : (tree.state.version(node.id, version)?.header ?? node);
  const above = tree.state.node(parent);
  const opener =
    newest && above
      ? { parentKeys: tree.state.block(parent).header.keys }
      : { treeKey: tree.root.treeKey };
  return verifyBlock(sealed, opener, {
    root: tree.root.person,
    id: node.id,
    parent,
    name,
    path,
    version,
    revoked: tree.revoked,
  });
}

/** Reads a version's content to its end: each segment is checked by its tag, and what does not fit by its fragments' names. */
async function readAll(
  tree: Tree,
  { header: { content } }: Block,
  signal: AbortSignal,
): Promise<number> {
  if (!content) return 0;
  const bodies = content.layout === "sequential" ? bodiesOf(content) : [];
  for await (const _chunk of tree.contents.read(
    content,
    { start: 0, end: content.size },
    signal,
  ))
    signal.throwIfAborted();
  return bodies.reduce((sum, { body }) => sum + segmentCount(body), 0);
}

function* walk(tree: Tree, top: Node): Generator<Node> {
  yield top;
  for (const child of tree.places.childrenOf(top.id)) yield* walk(tree, child);
}
