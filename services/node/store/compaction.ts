import type { DiskStore } from "./disk-store.ts";
import { Packs } from "./pack.ts";
import { scanPack } from "./pack-scan.ts";
import { type Place, packHeaderSize, recordHeaderSize } from "./record.ts";
import type { PackState } from "./rows.ts";

/** A pack is written anew when less than this part of it is alive. */
const aliveFraction = 0.5;
/** Less than this is not worth it to seal a pack that is still written to. */
const worthwhile = 2 ** 20;
const batchBytes = 4 * 2 ** 20;
/** Records in a batch: a commit is made in one turn of the event loop. */
const batchRecords = 1000;

/**
 * Gives the room of dead fragments back: packs without live ones are removed, those that are mostly dead are written anew,
 * the deadest first (as in Storj's hashstore). One run at a time for each disk; what it wrote is for the next one to look at.
 * @throws DiskFullError, DiskError; then every fragment is where it was.
 */
export async function compact(
  disk: DiskStore,
  signal: AbortSignal,
): Promise<void> {
  await disk.compaction.run(async () => {
    const newest = Math.max(0, ...disk.packs.numbers);
    for (;;) {
      signal.throwIfAborted();
      const number = await choose(disk, newest);
      if (number === undefined || !(await compactPack(disk, number, signal)))
        return;
    }
  });
}

function sizeOf({ end }: PackState): number {
  return end - packHeaderSize;
}

/** The deadest pack up to `newest` that is worth it; `undefined` where none is, or where what it holds has no room. */
async function choose(
  disk: DiskStore,
  newest: number,
): Promise<number | undefined> {
  const present = new Set(disk.packs.numbers);
  const needed = oldestDead(disk);
  const [first] = [...disk.packStates()]
    .map(([number, state]) => ({
      number,
      size: sizeOf(state),
      // Marks that keep dead records dead are no garbage: they would be written anew for nothing, again and again.
      alive: state.live + (state.lastMark > needed(number) ? state.marks : 0),
    }))
    .filter(
      ({ number, size, alive }) =>
        number <= newest &&
        present.has(number) &&
        !disk.isPending(number) &&
        alive < size * aliveFraction &&
        (number !== disk.packs.open || size - alive >= worthwhile),
    )
    .sort((a, b) => a.alive / a.size - b.alive / b.size);
  if (!first) return undefined;
  const { free } = await disk.packs.room();
  return first.alive < free / 2 ? first.number : undefined;
}

/** Writes the live part of a pack anew and removes it; false where some of it could not be found, and then it stays. */
async function compactPack(
  disk: DiskStore,
  number: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (disk.packs.open === number) await disk.packs.seal();
  // Somebody may have written to it in the last moment, and has no rows for that yet.
  if (disk.isPending(number)) return false;
  const needed = oldestDead(disk)(number);
  let waiting: Parameters<DiskStore["rewrite"]>[0][number][] = [];
  let bytes = 0;
  const dropped: Place[] = [];
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await disk.rewrite(waiting);
    waiting = [];
    bytes = 0;
  };
  const keep = async (record: (typeof waiting)[number]): Promise<void> => {
    waiting.push(record);
    bytes += record.fragment?.length ?? recordHeaderSize;
    if (bytes >= batchBytes || waiting.length >= batchRecords) await flush();
  };
  for await (const { header, offset } of scanPack(
    disk.packs,
    number,
    packHeaderSize,
    false,
  )) {
    signal.throwIfAborted();
    const from = { pack: number, offset, length: header.length };
    const isMark = header.kind !== "fragment";
    const known = isMark ? disk.mark(header) : disk.row(header);
    if (known?.pack !== number || known.offset !== offset) continue;
    if (isMark) {
      if (header.sequence > needed) await keep({ header, from });
      else dropped.push(header);
      continue;
    }
    const fragment = Buffer.allocUnsafe(header.length);
    const read = await disk.packs.read(number, Packs.payload(from), fragment);
    // What the disk does not give any more is for the scrub to find and mend.
    if (read < header.length) return false;
    await keep({ header, fragment, from });
  }
  await flush();
  if ((disk.packState(number)?.live ?? 0) > 0) return false;
  await disk.removePack(number, dropped);
  return true;
}

/** For a pack, the lowest sequence that a dead record in another may have: later marks may be what keeps it dead. */
function oldestDead(disk: DiskStore): (number: number) => number {
  const dead = [...disk.packStates()]
    .filter(([, state]) => state.live < sizeOf(state))
    .sort(([, a], [, b]) => a.first - b.first);
  return (number) =>
    dead.find(([other]) => other !== number)?.[1].first ??
    Number.POSITIVE_INFINITY;
}
