import { createHash, hash } from "node:crypto";

/** Bytes of a fragment that one leaf covers. */
export const leafSize = 16 * 1024;

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/** The root of the SHA-256 Merkle tree over 16 KiB leaves, with the domain separation and shape of RFC 6962 section 2.1. */
export function merkleRoot(fragment: Buffer): Buffer {
  if (fragment.length === 0) return createHash("sha256").digest();
  let level: Buffer[] = [];
  for (let offset = 0; offset < fragment.length; offset += leafSize)
    level.push(
      createHash("sha256")
        .update(leafPrefix)
        .update(fragment.subarray(offset, offset + leafSize))
        .digest(),
    );
  // Pairing neighbours level by level gives RFC 6962's tree: a lone last node moves up as it is.
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index] as Buffer, level[index + 1]];
      above.push(
        right
          ? hash("sha256", Buffer.concat([nodePrefix, left, right]), "buffer")
          : left,
      );
    }
    level = above;
  }
  return level[0] as Buffer;
}
