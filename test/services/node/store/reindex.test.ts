import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { StoreHere } from "../../../../services/node/store/here.ts";
import { NoBlockError } from "../../../../services/node/store/segment.ts";
import { temporaryFolder } from "../../../folder.ts";
import { randomFrom } from "./simulated-disk.ts";
import { never } from "./store-stand.ts";

const rounds = 12;

function content(seed: number): Buffer {
  const random = randomFrom(seed);
  return Buffer.alloc(
    1 + Math.floor(random() * 300_000),
    Math.floor(random() * 2 ** 32).toString(36),
  );
}

async function bytesOf(here: StoreHere, id: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  const { bytes } = await here.objects.get(id, never);
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
}

test("the index is made anew again and again while objects are written, read and removed: nobody notices, and it tells the same afterwards", async (t) => {
  await using folder = await temporaryFolder();
  const stored = new Map<string, Buffer>();
  const removed = new Set<string>();
  const open = async (): Promise<StoreHere> =>
    await StoreHere.open(
      [join(folder.path, "a"), join(folder.path, "b")],
      join(folder.path, "key"),
      (error) => {
        throw error;
      },
    );
  let used: number;
  {
    await using here = await open();
    let made = 0;
    const put = async (): Promise<void> => {
      const bytes = content(++made);
      const source = async function* () {
        yield bytes;
      };
      const { id } = await here.objects.put(source(), { k: 2, m: 1 }, never);
      stored.set(id, bytes);
    };
    for (let count = 0; count < 20; count++) await put();
    let reads = 0;
    const times = async (
      count: number,
      work: () => Promise<void>,
    ): Promise<void> => {
      for (let time = 0; time < count; time++) await work();
    };
    const read = async (): Promise<void> => {
      const [id = "", bytes] = [...stored][reads++ % stored.size] ?? [];
      const found = await bytesOf(here, id).catch((error: Error) => error);
      if (found instanceof NoBlockError && !stored.has(id)) return;
      t.true(found instanceof Buffer && found.equals(bytes as Buffer), id);
    };
    const remove = async (): Promise<void> => {
      const [id = ""] = stored.keys();
      stored.delete(id);
      await here.objects.remove(id);
      removed.add(id);
    };
    for (let round = 0; round < rounds; round++)
      await Promise.all([
        ...[...here.store.disks.values()].map((disk) => disk.reindex(never)),
        times(10, put),
        times(10, put),
        times(60, read),
        times(10, remove),
      ]);
    t.log(`${made} written, ${reads} read, ${removed.size} removed`);
    await here.store.idle();
    for (const [id, bytes] of stored)
      t.true((await bytesOf(here, id)).equals(bytes));
    ({ used } = sums(here));
    for (const disk of here.store.disks.values()) await disk.reindex(never);
    t.is(sums(here).used, used);
  }
  // A pointer that is damaged costs the index, which is made anew from the packs.
  await writeFile(join(folder.path, "a/store/index/now.json"), "{");
  await using again = await open();
  t.is(sums(again).used, used);
  for (const [id, bytes] of stored)
    t.true((await bytesOf(again, id)).equals(bytes));
  for (const id of removed)
    await t.throwsAsync(bytesOf(again, id), { instanceOf: NoBlockError });
  const report = await again.scrubber.now(never);
  t.deepEqual(report.lost, []);
  t.is(report.damaged, 0);
});

/** What is accounted, on all disks. */
function sums(here: StoreHere): { used: number } {
  let used = 0;
  for (const disk of here.store.disks.values()) used += disk.stored;
  return { used };
}
