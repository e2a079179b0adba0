import { createHash } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import {
  leafSize,
  merkleRoot,
} from "../../../../services/node/store/merkle.ts";

/** RFC 6962 section 2.1, word for word, over leaves. */
function reference(leaves: Buffer[]): Buffer {
  const sha = (...parts: Buffer[]): Buffer =>
    createHash("sha256").update(Buffer.concat(parts)).digest();
  if (leaves.length === 0) return sha();
  if (leaves.length === 1) return sha(Buffer.of(0), leaves[0] as Buffer);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha(
    Buffer.of(1),
    reference(leaves.slice(0, split)),
    reference(leaves.slice(split)),
  );
}

test("the root is RFC 6962's for every length", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9 * leafSize }), (length) => {
      const bytes = Buffer.alloc(length, length % 251);
      const leaves: Buffer[] = [];
      for (let at = 0; at < length; at += leafSize)
        leaves.push(bytes.subarray(at, at + leafSize));
      t.deepEqual(merkleRoot(bytes), reference(leaves));
    }),
    { numRuns: 60 },
  );
});
