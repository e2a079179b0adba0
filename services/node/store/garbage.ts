import type { FragmentStore } from "./fragments.ts";
import type { Address } from "./segment.ts";
import { segmentsOf } from "./walk.ts";

/**
 * Whether something still leads to a block; `undefined` where that cannot be told now, and then it is kept.
 * @param expired whether it had a lease that has run out.
 */
export type IsNamed = (
  address: Address,
  expired: boolean,
) => boolean | undefined;

/**
 * Removes blocks that nothing leads to: those that `isNamed` denies, once their lease has run out, if they had one.
 * A block that is being written, or of which nobody knows, stays.
 * @returns how many were removed.
 */
export async function collectGarbage(
  store: FragmentStore,
  isNamed: IsNamed,
  signal: AbortSignal,
  now = Date.now(),
): Promise<number> {
  let removed = 0;
  let last: Address | undefined;
  for await (const { account, block, expires } of segmentsOf(store)) {
    signal.throwIfAborted();
    const address = { account, block };
    if (last?.block.equals(block) && last.account.equals(account)) continue;
    last = address;
    if (store.isWriting(address) || expires > now) continue;
    if (isNamed(address, expires > 0) !== false) continue;
    await store.remove(address);
    removed++;
  }
  return removed;
}
