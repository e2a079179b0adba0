import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { DiskStore } from "../../../services/node/store/disk-store.ts";
import { fragmentTables } from "../../../services/node/store/fragment-index.ts";
import { RebuildableLmdb } from "../../../services/node/store/rebuildable-index.ts";
import { encodePlace } from "../../../services/node/store/record.ts";
import { encodeRow } from "../../../services/node/store/rows.ts";
import { FolderStorage } from "../../../services/node/store/storage.ts";
import { printFigure } from "../figure.ts";

const uuid = "00000000-0000-4000-8000-000000000000";
const perBlock = 60;
const lookups = 200_000;

/** Lookups and start-up with ten million fragments, beside ten thousand. */
export async function benchIndex(folder: string): Promise<void> {
  const small = await measure(join(folder, "index-4"), 1e4);
  const big = await measure(join(folder, "index-7"), 1e7);
  printFigure({
    name: "index of 10^7 fragments, p99 of a lookup",
    value: big.p99,
    unit: "µs",
    versus: `with 10^4 fragments, ${small.p99.toFixed(2)} µs`,
    ratio: big.p99 / small.p99,
    bar: "<= 3",
  });
  printFigure({
    name: "index of 10^7 fragments, start-up",
    value: big.open,
    unit: "s",
    versus: "2 s",
    ratio: big.open / 2,
    bar: "<= 1",
  });
}

async function measure(
  folder: string,
  count: number,
): Promise<{ p99: number; open: number }> {
  await mkdir(folder, { recursive: true });
  const blocks = Array.from({ length: Math.ceil(count / perBlock) }, () =>
    randomBytes(16),
  ).sort(Buffer.compare);
  const account = Buffer.alloc(16);
  const place = (number: number) => ({
    account,
    block: blocks[Math.floor(number / perBlock)] as Buffer,
    segment: Math.floor((number % perBlock) / 6),
    index: number % 6,
  });
  const row = {
    name: randomBytes(32),
    pack: 1,
    offset: 4096,
    length: 261_888,
    k: 4,
    m: 2,
    segmentLength: 1_047_552,
    sequence: 1,
    created: Date.now(),
    expires: 0,
    damaged: false,
  };
  {
    await using index = await RebuildableLmdb.open(
      join(folder, "index"),
      fragmentTables,
    );
    for (let start = 0; start < count; start += 100_000)
      await index.commit(
        Array.from(
          { length: Math.min(100_000, count - start) },
          (_, number) => ({
            table: "fragments" as const,
            key: encodePlace(place(start + number)),
            value: encodeRow({ ...row, sequence: start + number }),
          }),
        ),
      );
  }
  const started = performance.now();
  await using disk = await DiskStore.open(
    await FolderStorage.open(join(folder, "packs")),
    await RebuildableLmdb.open(join(folder, "index"), fragmentTables),
    uuid,
  );
  disk.row(place(0));
  const open = (performance.now() - started) / 1000;
  const times: number[] = [];
  for (let number = 0; number < lookups; number++) {
    const wanted = place(Math.floor(Math.random() * count));
    const before = performance.now();
    if (!disk.row(wanted)) throw new Error("a fragment is not in the index");
    times.push((performance.now() - before) * 1000);
  }
  times.sort((a, b) => a - b);
  await rm(folder, { recursive: true, force: true });
  return { p99: times[Math.floor(lookups * 0.99)] ?? 0, open };
}
