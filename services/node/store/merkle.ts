import { createHash, hash } from "node:crypto";

/** Bytes of a fragment that one leaf covers. */
export const leafSize = 16 * 1024;

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/** The root of the SHA-256 Merkle tree over 16 KiB leaves, with the domain separation and shape of RFC 6962 section 2.1. */
export function merkleRoot(fragment: Buffer): Buffer {
  if (fragment.length === 0) return createHash("sha256").digest();
  return rootOf(leavesOf(fragment));
}

/** The root of the tree over hashes that are its leaves already, at least one. */
export function rootOf(leaves: readonly Buffer[]): Buffer {
  let level = leaves;
  while (level.length > 1) level = above(level);
  return level[0] as Buffer;
}

/** How many leaves a fragment of so many bytes has. */
export function leafCount(length: number): number {
  return Math.ceil(length / leafSize);
}

/** One leaf of a fragment and its audit path (RFC 6962 section 2.1.1), from the leaf upwards. @throws RangeError */
export function proveLeaf(
  fragment: Buffer,
  number: number,
): { leaf: Buffer; path: Buffer[] } {
  if (!(number >= 0 && number < leafCount(fragment.length)))
    throw new RangeError(`a fragment of this length has no leaf ${number}`);
  const path: Buffer[] = [];
  let [level, at] = [leavesOf(fragment), number];
  while (level.length > 1) {
    const sibling = level[at ^ 1];
    if (sibling) path.push(sibling);
    [level, at] = [above(level), at >> 1];
  }
  const start = number * leafSize;
  return { leaf: fragment.subarray(start, start + leafSize), path };
}

/** Whether a leaf with its path belongs to the fragment of this name and length. */
export function isLeaf(
  name: Uint8Array,
  length: number,
  number: number,
  leaf: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  let [count, at, used] = [leafCount(length), number, 0];
  if (!(number >= 0 && number < count)) return false;
  const size = number === count - 1 ? length - number * leafSize : leafSize;
  if (leaf.length !== size) return false;
  let node: Buffer = leafHash(leaf);
  while (count > 1) {
    // A lone last node has no sibling and moves up as it is.
    if ((at ^ 1) < count) {
      const sibling = path[used++];
      if (!sibling) return false;
      node = at & 1 ? nodeHash(sibling, node) : nodeHash(node, sibling);
    }
    [count, at] = [Math.ceil(count / 2), at >> 1];
  }
  return used === path.length && node.equals(name);
}

function leavesOf(fragment: Buffer): Buffer[] {
  const leaves: Buffer[] = [];
  for (let offset = 0; offset < fragment.length; offset += leafSize)
    leaves.push(leafHash(fragment.subarray(offset, offset + leafSize)));
  return leaves;
}

/** Pairing neighbours level by level gives RFC 6962's tree: a lone last node moves up as it is. */
function above(level: readonly Buffer[]): Buffer[] {
  const next: Buffer[] = [];
  for (let index = 0; index < level.length; index += 2) {
    const [left, right] = [level[index] as Buffer, level[index + 1]];
    next.push(right ? nodeHash(left, right) : left);
  }
  return next;
}

function leafHash(leaf: Uint8Array): Buffer {
  return createHash("sha256").update(leafPrefix).update(leaf).digest();
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([nodePrefix, left, right]), "buffer");
}
