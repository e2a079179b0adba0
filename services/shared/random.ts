import { randomBytes } from "node:crypto";

const poolSize = 4096;
let pool = Buffer.alloc(0);

/** Random bytes for keys, nonces and ids that are needed by the thousand: drawn from the system in larger pieces, given out once. */
export function freshBytes(size: number): Buffer {
  if (pool.length < size) pool = randomBytes(Math.max(size, poolSize));
  // A copy, so that a small key does not keep its whole piece in memory.
  const bytes = Buffer.from(pool.subarray(0, size));
  pool.fill(0, 0, size);
  pool = pool.subarray(size);
  return bytes;
}
