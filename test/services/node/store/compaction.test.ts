import test from "ava";
import { compact } from "../../../../services/node/store/compaction.ts";
import type { DiskStore } from "../../../../services/node/store/disk-store.ts";
import { objectAccount } from "../../../../services/node/store/objects.ts";
import { scanPack } from "../../../../services/node/store/pack-scan.ts";
import type { Place } from "../../../../services/node/store/record.ts";
import { Machine } from "./simulated-disk.ts";
import { freshDisks, never, StoreStand } from "./store-stand.ts";

const many = 9_000;

function removed(count: number): Place[] {
  return Array.from({ length: count }, (_, segment) => ({
    account: objectAccount,
    block: Buffer.alloc(16, 7),
    segment,
    index: 0,
  }));
}

/** How often each place's mark stands on the disk. */
async function marksOn(disk: DiskStore): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  for (const number of disk.packs.numbers)
    for await (const { header } of scanPack(disk.packs, number, 0, false))
      if (
        header.kind === "tombstone" &&
        header.block.equals(Buffer.alloc(16, 7))
      )
        times.set(header.segment, (times.get(header.segment) ?? 0) + 1);
  return times;
}

async function opened(): Promise<{
  stand: StoreStand;
  disk: DiskStore;
  kept: string;
}> {
  const machine = new Machine();
  const stand = await StoreStand.open(machine, freshDisks(machine, 1), {
    packSize: 64 * 2 ** 20,
    patience: 10_000,
  });
  const [disk] = stand.store.disks.values();
  if (!disk) throw new Error("no disk");
  const kept = await stand.put(Buffer.alloc(60_000, 1));
  const gone = await stand.put(Buffer.alloc(9_000, 2));
  await stand.objects.remove(gone);
  await stand.store.idle();
  await disk.packs.seal();
  return { stand, disk, kept };
}

test("marks of many removals that are still needed are not written anew, and go with what they void", async (t) => {
  const { stand, disk, kept } = await opened();
  await disk.commit([], removed(many));
  let writes = 0;
  const ending = new AbortController();
  stand.machine.faults.refuse = (operation) => {
    // It would never end.
    if (operation === "write" && ++writes > 50) ending.abort();
    return undefined;
  };
  await compact(disk, ending.signal);
  t.is(writes, 0);
  await disk.packs.seal();
  writes = 0;
  await compact(disk, ending.signal);
  t.is(writes, 0);
  t.is((await marksOn(disk)).size, many);
  t.deepEqual(await stand.inconsistencies(), []);

  await stand.objects.remove(kept);
  await stand.store.idle();
  await disk.packs.seal();
  await compact(disk, never);
  await disk.packs.seal();
  await compact(disk, never);
  t.is((await marksOn(disk)).size, 0);
  t.is(disk.mark(removed(1)[0] as Place), undefined);
  const { machine, disks } = await stand.end();
  await using again = await StoreStand.open(machine, disks);
  t.deepEqual(await again.inconsistencies(), []);
});

test("two that compact at once, and a place that is voided twice, leave each needed mark once", async (t) => {
  const { stand, disk } = await opened();
  // One by one each takes a sector: that is worth to be written anew.
  for (const place of removed(40)) await disk.commit([], [place]);
  await disk.commit([], removed(20));
  t.is((await marksOn(disk)).get(0), 2);
  await disk.packs.seal();
  await Promise.all([compact(disk, never), compact(disk, never)]);
  const times = await marksOn(disk);
  t.is(times.size, 40);
  t.deepEqual([...new Set(times.values())], [1]);
  t.deepEqual(await stand.inconsistencies(), []);
  const { machine, disks } = await stand.end();
  await using again = await StoreStand.open(machine, disks);
  t.deepEqual(await again.inconsistencies(), []);
  for (const one of again.store.disks.values()) await one.reindex(never);
  t.deepEqual(await again.inconsistencies(), []);
});
