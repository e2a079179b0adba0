/**
 * Stores, removes and compacts without end, and prints each act when it was acknowledged; it is killed at any moment. Before
 * it removes, it waits for a line of standard input, where that is open: that somebody took note of it.
 */
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { home } from "../../../home.ts";
import { randomFrom } from "./simulated-disk.ts";

// Where packages are joined, it starts in half of the time: it is started hundreds of times.
const folderOfStore = join(home, "services/node/store");
type Compaction =
  typeof import("../../../../services/node/store/compaction.ts");
type Here = typeof import("../../../../services/node/store/here.ts");
const { compact } = (await import(
  join(folderOfStore, "compaction.ts")
)) as Compaction;
const { StoreHere } = (await import(join(folderOfStore, "here.ts"))) as Here;

// A process that is killed leaves no compile cache to the next one unless it is told to.
flushCompileCache();
const [, , folder = "", seed = "0", largest = "1200000"] = process.argv;
const never = new AbortController().signal;
const random = randomFrom(Number(seed));
const here = await StoreHere.open(
  [join(folder, "a"), join(folder, "b")],
  join(folder, "key"),
  (error) => {
    throw error;
  },
);
const mine: string[] = [];
const noted = createInterface(process.stdin)[Symbol.asyncIterator]();

async function store(): Promise<void> {
  const sizes = [100, 5_000, 9_000, 70_000, Number(largest)];
  const size = Math.floor(
    random() * (sizes[Math.floor(random() * sizes.length)] as number),
  );
  const bytes = Buffer.alloc(size, Math.floor(random() * 256));
  if (size >= 4) bytes.writeUInt32BE(Math.floor(random() * 2 ** 32), 0);
  const { id } = await here.objects.put(
    (async function* () {
      yield bytes;
    })(),
    { k: 3, m: 1 },
    never,
  );
  mine.push(id);
  writeSync(
    1,
    `stored ${id} ${createHash("sha256").update(bytes).digest("hex")}\n`,
  );
}

for (;;) {
  await Promise.all(
    Array.from({ length: 1 + Math.floor(random() * 4) }, store),
  );
  if (random() < 0.4) {
    const [id = ""] = mine.splice(Math.floor(random() * mine.length), 1);
    writeSync(1, `removing ${id}\n`);
    await noted.next();
    await here.objects.remove(id);
    writeSync(1, `removed ${id}\n`);
  }
  if (random() < 0.2)
    for (const disk of here.store.disks.values()) {
      await disk.packs.seal();
      await compact(disk, never);
    }
}
