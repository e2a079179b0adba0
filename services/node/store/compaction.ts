import type { DiskStore } from "./disk-store.ts";
import { Packs } from "./pack.ts";
import { scanPack } from "./pack-scan.ts";
import { type Place, packHeaderSize } from "./record.ts";
import type { PackState } from "./rows.ts";

/** A pack is written anew when less than this part of it is alive. */
const aliveFraction = 0.5;
/** Less than this is not worth it to seal a pack that is still written to. */
const worthwhile = 2 ** 20;
const batchBytes = 4 * 2 ** 20;

/**
 * Gives the room of dead fragments back: packs without live ones are removed, those that are mostly dead are written anew,
 * the deadest first (as in Storj's hashstore).
 * @throws DiskFullError, DiskError; then every fragment is where it was.
 */
export async function compact(
  disk: DiskStore,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const number = await choose(disk);
    if (number === undefined || !(await compactPack(disk, number, signal)))
      return;
  }
}

function sizeOf({ end }: PackState): number {
  return end - packHeaderSize;
}

/** The deadest pack that is worth it; `undefined` where none is, or where its live fragments have no room. */
async function choose(disk: DiskStore): Promise<number | undefined> {
  const present = new Set(disk.packs.numbers);
  const worth = [...disk.packStates()]
    .filter(
      ([number, state]) =>
        present.has(number) &&
        !disk.isPending(number) &&
        state.live < sizeOf(state) * aliveFraction &&
        (number !== disk.packs.open ||
          sizeOf(state) - state.live >= worthwhile),
    )
    .sort(([, a], [, b]) => a.live / sizeOf(a) - b.live / sizeOf(b));
  const [first] = worth;
  if (!first) return undefined;
  const { free } = await disk.packs.room();
  return first[1].live < free / 2 ? first[0] : undefined;
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
  const needed = oldestDead(disk, number);
  let waiting: Parameters<DiskStore["rewrite"]>[0][number][] = [];
  let bytes = 0;
  const dropped: Place[] = [];
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await disk.rewrite(waiting);
    waiting = [];
    bytes = 0;
  };
  for await (const { header, offset } of scanPack(
    disk.packs,
    number,
    packHeaderSize,
    false,
  )) {
    signal.throwIfAborted();
    const from = { pack: number, offset, length: header.length };
    if (header.kind !== "fragment") {
      if (header.sequence > needed) waiting.push({ header, from });
      else dropped.push(header);
      continue;
    }
    const row = disk.row(header);
    if (row?.pack !== number || row.offset !== offset) continue;
    const fragment = Buffer.allocUnsafe(header.length);
    const read = await disk.packs.read(number, Packs.payload(from), fragment);
    // What the disk does not give any more is for the scrub to find and mend.
    if (read < header.length) return false;
    waiting.push({ header, fragment, from });
    bytes += fragment.length;
    if (bytes >= batchBytes) await flush();
  }
  await flush();
  if ((disk.packState(number)?.live ?? 0) > 0) return false;
  await disk.removePack(number, dropped);
  return true;
}

/** The lowest sequence that a dead record in another pack may have: later marks may be what keeps it dead. */
function oldestDead(disk: DiskStore, number: number): number {
  return Math.min(
    ...[...disk.packStates()]
      .filter(
        ([other, state]) => other !== number && state.live < sizeOf(state),
      )
      .map(([, { first }]) => first),
  );
}
