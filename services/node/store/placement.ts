import type { DiskStore, NewFragment } from "./disk-store.ts";
import { sizeOf } from "./ledger.ts";

/**
 * Spreads the fragments of one segment over disks: as few as possible on each, and among equals on the emptier one.
 * @param taken how many of the segment's fragments a disk has already. @returns `undefined` where they have no room.
 */
export async function placeFragments(
  disks: readonly DiskStore[],
  fragments: readonly NewFragment[],
  taken: ReadonlyMap<DiskStore, number>,
): Promise<Map<DiskStore, NewFragment[]> | undefined> {
  const rooms = (
    await Promise.all(
      disks.map(async (disk) => {
        const room = await disk.room().catch(() => undefined);
        return room && { disk, ...room, count: taken.get(disk) ?? 0 };
      }),
    )
  ).filter((room) => room !== undefined);
  const placed = new Map<DiskStore, NewFragment[]>();
  for (const fragment of fragments) {
    const size = sizeOf(fragment);
    let best: (typeof rooms)[number] | undefined;
    for (const room of rooms) {
      if (room.free < size) continue;
      if (
        !best ||
        room.count < best.count ||
        (room.count === best.count &&
          room.free / room.total > best.free / best.total)
      )
        best = room;
    }
    if (!best) return undefined;
    best.free -= size;
    best.count++;
    const list = placed.get(best.disk);
    if (list) list.push(fragment);
    else placed.set(best.disk, [fragment]);
  }
  return placed;
}
