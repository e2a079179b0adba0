import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "ava";
import { StoreHere } from "../../../../services/node/store/here.ts";
import { NoBlockError } from "../../../../services/node/store/segment.ts";
import { temporaryFolder } from "../../../folder.ts";
import { sha256 } from "./sha256.ts";
import { randomFrom } from "./simulated-disk.ts";

const kills = 300;

/** A process that stores, removes, scrubs and compacts, and prints what was acknowledged. */
function startWriter(folder: string, seed: number) {
  return spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, "store-writer.ts"),
      folder,
      String(seed),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
}

test(`what was acknowledged is there after each of ${kills} kills`, async (t) => {
  t.timeout(15 * 60_000);
  await using folder = await temporaryFolder();
  const seed = Number(process.env.COPPICE_SEED ?? Date.now() % 2 ** 31);
  t.log(`seed ${seed}; COPPICE_SEED=${seed} kills at the same moments again`);
  const random = randomFrom(seed);
  const stored = new Map<string, string>();
  const removed = new Set<string>();
  for (let round = 0; round < kills; round++) {
    const writer = startWriter(folder.path, seed + round);
    // Between lines the kill comes at any moment: while it opens, writes, flushes, commits or compacts.
    let lines = Math.floor(random() * 12);
    const delay = random() * 40;
    let asked: string | undefined;
    const ended = once(writer, "exit");
    for await (const line of createInterface({ input: writer.stdout })) {
      const [act = "", id = "", hash = ""] = line.split(" ");
      if (act === "stored") stored.set(id, hash);
      else if (act === "removing") asked = id;
      else if (act === "removed") {
        removed.add(id);
        stored.delete(id);
        asked = undefined;
      } else t.fail(line);
      if (lines-- === 0) setTimeout(() => writer.kill("SIGKILL"), delay);
    }
    await ended;
    if (asked) {
      // A removal that was under way: either is right, and from now on it stays so.
      await using here = await openHere(folder.path);
      if ((await sha256(here, asked)) instanceof NoBlockError) {
        stored.delete(asked);
        removed.add(asked);
      }
    }
    if (round % 10 === 9 || round === kills - 1) {
      await using here = await openHere(folder.path);
      for (const [id, hash] of stored)
        t.is(await sha256(here, id), hash, `round ${round}`);
      for (const id of [...removed].slice(-50))
        t.true((await sha256(here, id)) instanceof NoBlockError);
      t.true((await reserved(folder.path)) < 2 ** 20, `round ${round}`);
    }
  }
  t.log(`${stored.size} objects kept, ${removed.size} removed`);
  t.true(stored.size > kills / 4);
  {
    await using here = await openHere(folder.path);
    for (const disk of here.store.disks.values())
      await disk.reindex(new AbortController().signal);
    for (const [id, hash] of stored)
      t.is(await sha256(here, id), hash, "after the index was made anew");
    const report = await here.scrubber.now(new AbortController().signal);
    t.deepEqual(report.lost, []);
  }
});

/** Bytes on the disk behind the ends of the packs, where those who were killed had reserved room. */
async function reserved(folder: string): Promise<number> {
  let bytes = 0;
  for (const disk of ["a", "b"]) {
    const packs = join(folder, disk, "store/packs");
    for (const name of await readdir(packs)) {
      const { blocks, size } = await stat(join(packs, name));
      bytes += Math.max(0, blocks * 512 - size - 256 * 1024);
    }
  }
  return bytes;
}

async function openHere(folder: string): Promise<StoreHere> {
  return await StoreHere.open(
    [join(folder, "a"), join(folder, "b")],
    join(folder, "key"),
    (error) => {
      throw error;
    },
  );
}
