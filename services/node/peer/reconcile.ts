import { setImmediate as turn } from "node:timers/promises";
import type { Holding, Locations } from "./locations.ts";
import type { FragmentTuple } from "./messages.ts";

const atOnce = 2000;
const dropAtOnce = 500;

/** How a friend is asked. */
export interface ReconcileInit {
  locations: Locations;
  /** What the friend keeps, in pages. */
  list(): AsyncIterable<readonly FragmentTuple[]>;
  drop(places: readonly Holding[]): Promise<void>;
}

/**
 * Compares what a friend keeps with what it should keep: what it lacks is noted, to be sent again; what nobody needs there
 * is dropped; all else stays as it is. @returns how many fragments it lacks, and how many were dropped
 */
export async function reconcile(
  id: string,
  { locations, list, drop }: ReconcileInit,
  signal: AbortSignal,
): Promise<{ lacking: number; dropped: number }> {
  // What is sent from now on may be missing in the list, and is no loss.
  const expected = new Map<string, Holding>();
  let count = 0;
  for (const holding of locations.heldBy(id)) {
    expected.set(
      keyOf([holding.block, holding.segment, holding.index]),
      holding,
    );
    if (++count % atOnce === 0) await turn();
  }
  const needless: Holding[] = [];
  for await (const fragments of list()) {
    signal.throwIfAborted();
    for (const [bytes, segment, index, , , , name] of fragments) {
      const block = Buffer.from(bytes);
      const holder = locations.get(block, segment)?.holders[index];
      if (holder?.id === id && holder.name.equals(name))
        expected.delete(keyOf([block, segment, index]));
      else if (holder?.id !== id) needless.push({ block, segment, index });
    }
  }
  let lacking = 0;
  for (const { block, segment, index } of expected.values()) {
    signal.throwIfAborted();
    const location = locations.get(block, segment);
    if (location?.holders[index]?.id !== id) continue;
    await locations.set([
      { ...location, holders: location.holders.with(index, undefined) },
    ]);
    lacking++;
  }
  for (let at = 0; at < needless.length; at += dropAtOnce)
    await drop(needless.slice(at, at + dropAtOnce));
  return { lacking, dropped: needless.length };
}

function keyOf([block, segment, index]: readonly [
  Uint8Array,
  number,
  number,
]): string {
  return `${Buffer.from(block).toString("hex")} ${segment} ${index}`;
}
