import { setImmediate } from "node:timers/promises";
import type { DiskStore } from "./disk-store.ts";
import type { FragmentStore } from "./fragments.ts";
import { encodePlace, type Place } from "./record.ts";
import type { PlacedRow } from "./rows.ts";
import type { Address } from "./segment.ts";

const slice = 500;

/** All rows of a disk, in order of their places, a slice at a time, so that nothing else waits for long. */
export async function* rowsOf(disk: DiskStore): AsyncGenerator<PlacedRow> {
  let after: Buffer | undefined;
  for (;;) {
    const rows = disk.rowsAfter(after, slice);
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < slice) return;
    after = encodePlace(last);
    await setImmediate();
  }
}

/** All segments that any disk has something of, each once, in order, and the latest expiry of its rows. */
export async function* segmentsOf(
  store: FragmentStore,
): AsyncGenerator<Address & { segment: number; expires: number }> {
  const walks = await Promise.all(
    [...store.disks.values()].map(async (disk) => {
      const rows = rowsOf(disk);
      return { rows, next: await rows.next() };
    }),
  );
  for (;;) {
    let least: Buffer | undefined;
    for (const { next } of walks) {
      if (next.done) continue;
      const key = segmentKey(next.value);
      if (!least || key.compare(least) < 0) least = key;
    }
    if (!least) return;
    let expires = 0;
    let place: Place | undefined;
    for (const walk of walks) {
      while (!walk.next.done && segmentKey(walk.next.value).equals(least)) {
        place = walk.next.value;
        expires = Math.max(expires, walk.next.value.row.expires);
        walk.next = await walk.rows.next();
      }
    }
    if (place) {
      const { account, block, segment } = place;
      yield { account, block, segment, expires };
    }
  }
}

function segmentKey(place: Place): Buffer {
  return encodePlace({ ...place, index: 0 }).subarray(0, 36);
}
