import type { DiskStore, NewFragment } from "./disk-store.ts";
import { sizeOf } from "./ledger.ts";
import type { Located } from "./segment.ts";

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

/** Whether each fragment of a segment is there once, and where it should be. */
export function isSettled(
  accepting: readonly DiskStore[],
  located: Located,
): boolean {
  return (
    misplaced(accepting, located).length === 0 &&
    [...located.held.values()].every(
      (copies) =>
        copies.filter(({ disk }) => disk.failure === undefined).length <= 1,
    )
  );
}

/** Numbers of fragments that are not where they should be: nowhere, on a failed or draining disk, or too many on one. */
export function misplaced(
  accepting: readonly DiskStore[],
  { cut, held, foreign }: Located,
): number[] {
  if (accepting.length === 0) return [];
  const total = cut.k + cut.m;
  const share = foreign ? total : Math.ceil(total / accepting.length);
  const count = new Map<DiskStore, number>();
  const wrong: number[] = [];
  for (let index = 0; index < total; index++) {
    if (foreign && !held.get(index)?.some(({ row }) => !row.damaged)) continue;
    const good = held
      .get(index)
      ?.find(
        ({ disk, row }) =>
          !row.damaged &&
          accepting.includes(disk) &&
          !disk.lost.includes(row.pack),
      );
    const onDisk = good ? (count.get(good.disk) ?? 0) : 0;
    if (!good || onDisk >= share) wrong.push(index);
    else count.set(good.disk, onDisk + 1);
  }
  return wrong;
}
