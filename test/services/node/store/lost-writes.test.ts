import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "ava";
import { StoreHere } from "../../../../services/node/store/here.ts";
import { NoBlockError } from "../../../../services/node/store/segment.ts";
import { temporaryFolder } from "../../../folder.ts";
import { LossyDevice } from "./lossy-device.ts";
import { sha256 } from "./sha256.ts";
import { randomFrom } from "./simulated-disk.ts";

const replays = 100;
const acts = 160;

/** A store on the device's file system: two folders on one disk, so that both sides of a commit are torn together. */
async function openOn(mount: string, key: string): Promise<StoreHere> {
  return await StoreHere.open(
    [join(mount, "a"), join(mount, "b")],
    key,
    (error) => {
      throw error;
    },
  );
}

test(`what was acknowledged is there after each of ${replays} power losses of a block device`, async (t) => {
  t.timeout(15 * 60_000);
  await using folder = await temporaryFolder();
  await using device = await LossyDevice.create(folder.path, 384 * 2 ** 20);
  const seed = Number(process.env.COPPICE_SEED ?? Date.now() % 2 ** 31);
  t.log(`seed ${seed}`);
  const random = randomFrom(seed);
  await device.record();
  const writer = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, "store-writer.ts"),
      device.mount,
      String(seed),
      "200000",
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  let lines = 0;
  const ended = once(writer, "exit");
  for await (const line of createInterface({ input: writer.stdout })) {
    device.note(line);
    // What the removal writes must come behind its note in the record, however busy this machine is.
    if (line.startsWith("removing ") && !writer.killed)
      writer.stdin.write("\n");
    if (++lines === acts) {
      device.stop();
      writer.kill("SIGKILL");
    }
  }
  await ended;
  const events = device.stop();
  t.is(lines >= acts, true, "the writer went on to the end");
  const key = join(folder.path, "key");
  await copyFile(join(device.mount, "key"), key);
  const moments = Array.from({ length: replays }, () =>
    Math.floor(random() * events),
  ).sort((a, b) => a - b);
  let checked = 0;
  await device.replay(moments, random, async (mount, told) => {
    const stored = new Map<string, string>();
    const removed = new Set<string>();
    const doubtful = new Set<string>();
    for (const line of told) {
      const [act = "", id = "", hash = ""] = line.split(" ");
      if (act === "stored") stored.set(id, hash);
      else if (act === "removing") doubtful.add(id);
      else {
        stored.delete(id);
        doubtful.delete(id);
        removed.add(id);
      }
    }
    await using here = await openOn(mount, key);
    for (const [id, hash] of stored) {
      const found = await sha256(here, id);
      if (doubtful.has(id) && found instanceof NoBlockError) continue;
      t.is(found, hash, `seed ${seed}, after ${told.length} acts`);
      checked++;
    }
    for (const id of removed)
      t.true((await sha256(here, id)) instanceof NoBlockError);
  });
  t.log(`${events} writes, flushes and acts; ${checked} objects read back`);
  t.true(checked > replays * 10);
});
