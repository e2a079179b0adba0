import { randomBytes } from "node:crypto";
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { collectGarbage } from "../../../../services/node/store/garbage.ts";
import { StoreHere } from "../../../../services/node/store/here.ts";
import { objectAccount } from "../../../../services/node/store/objects.ts";
import {
  recordHeaderSize,
  sectorSize,
} from "../../../../services/node/store/record.ts";
import { temporaryFolder } from "../../../folder.ts";
import { sha256 } from "./sha256.ts";
import { Machine, randomFrom } from "./simulated-disk.ts";
import { freshDisks, never, StoreStand } from "./store-stand.ts";

test("72 disk-years of rot at ten times the published rate: nothing is lost", async (t) => {
  // Bairavasundaram et al. (SIGMETRICS 2007): 3.45 % of disks had a latent sector error in 32 months; ten times that,
  // and each error hits a run of sectors of a small disk, so that most of them hit something.
  const years = 72;
  const perMonth = (0.0345 / 32) * 10;
  const seed = Number(process.env.COPPICE_SEED ?? Date.now() % 2 ** 31);
  t.log(`seed ${seed}`);
  const random = randomFrom(seed);
  const machine = new Machine();
  await using stand = await StoreStand.open(machine, freshDisks(machine, 3), {
    packSize: 2 ** 20,
  });
  const stored = new Map<string, Buffer>();
  for (let number = 0; number < 60; number++) {
    const bytes = randomBytes(Math.floor(random() * 60_000));
    stored.set(await stand.put(bytes, 4, 2), bytes);
  }
  let errors = 0;
  let mended = 0;
  // Three disks for 24 years; a scrub each month, as the box does by itself.
  for (let month = 0; month < (years / 3) * 12; month++) {
    for (const { disk } of stand.disks.values()) {
      // At 256 times the rate: this disk is so much smaller than one of the study's.
      if (random() > Math.min(0.5, perMonth * 256)) continue;
      const contents = [...disk.files.values()];
      const content = contents[Math.floor(random() * contents.length)];
      if (!content) continue;
      // A sector of 4096 bytes; the first holds the pack's header.
      const sectors = Math.floor(content.current.length / sectorSize);
      const sector = 1 + Math.floor(random() * (sectors - 1));
      content.current.fill(
        0,
        sector * sectorSize,
        Math.min((sector + 1) * sectorSize, content.current.length),
      );
      errors++;
    }
    const report = await stand.scrubber.now(never);
    t.deepEqual(report.lost, [], `month ${month}, seed ${seed}`);
    mended += report.mended;
  }
  for (const [id, bytes] of stored) t.true((await stand.get(id)).equals(bytes));
  t.deepEqual(await stand.inconsistencies(), []);
  t.log(`${errors} latent sector errors, ${mended} fragments mended`);
  t.true(errors > 100 && mended > 30);
});

test("real disks: flipped bits, zeroed sectors, a cut pack, a deleted pack and a deleted index are all mended", async (t) => {
  t.timeout(2 * 60_000);
  await using folder = await temporaryFolder();
  const folders = ["a", "b", "c"].map((name) => join(folder.path, name));
  const openHere = async (): Promise<StoreHere> =>
    await StoreHere.open(folders, join(folder.path, "key"), (error) => {
      throw error;
    });
  const random = randomFrom(77);
  const stored = new Map<string, string>();
  const rows: { path: string; place: number; length: number }[] = [];
  {
    await using here = await openHere();
    for (let number = 0; number < 12; number++) {
      const bytes = randomBytes(1 + Math.floor(random() * 4_000_000));
      const { id } = await here.objects.put(
        (async function* () {
          yield bytes;
        })(),
        { k: 4, m: 2 },
        never,
      );
      const hash = await sha256(here, id);
      t.is(typeof hash, "string");
      stored.set(id, String(hash));
    }
    // At most one fragment of each segment: the deleted pack takes another.
    const touched = new Set<string>();
    const [, second] = here.store.disks.values();
    for (const { row, ...place } of second?.rowsAfter(undefined, 10_000) ??
      []) {
      const name = `${place.block.toString("hex")}${place.segment}`;
      if (touched.has(name)) continue;
      touched.add(name);
      rows.push({
        path: second?.packs.path(row.pack) ?? "",
        place: row.offset + recordHeaderSize,
        length: row.length,
      });
    }
  }
  for (const [number, { path, place, length }] of rows.entries()) {
    await using file = await open(path, "r+");
    if (number % 2 === 0) {
      const byte = Buffer.alloc(1);
      const at = place + Math.floor(random() * length);
      await file.read(byte, 0, 1, at);
      await file.write(
        Buffer.of((byte[0] ?? 0) ^ (1 << Math.floor(random() * 8))),
        0,
        1,
        at,
      );
    } else
      await file.write(
        Buffer.alloc(Math.min(512, length)),
        0,
        undefined,
        place,
      );
  }
  // The third disk loses its index, and with it nothing.
  await rm(join(folder.path, "c/store/index"), { recursive: true });
  await using here = await openHere();
  const report = await here.scrubber.now(never);
  t.deepEqual(report.lost, []);
  t.true(
    report.mended >= rows.length - 1,
    `${report.mended} of ${rows.length}`,
  );
  for (const [id, hash] of stored) t.is(await sha256(here, id), hash);
  t.is((await here.scrubber.now(never)).damaged, 0);
  // A pack goes, and another is cut.
  const packs = join(folder.path, "a/store/packs");
  const [name = ""] = (await readdir(packs)).sort();
  {
    await using file = await open(join(packs, name), "r+");
    const { size } = await file.stat();
    await file.truncate(Math.floor(size / 3));
  }
  const cut = await here.scrubber.now(never);
  t.deepEqual(cut.lost, []);
  t.true(cut.mended > 0);
  for (const [id, hash] of stored) t.is(await sha256(here, id), hash);
});

test("garbage: what a live block names is never collected, what nothing names is", async (t) => {
  const machine = new Machine();
  await using stand = await StoreStand.open(machine, freshDisks(machine, 2), {
    packSize: 256 * 1024,
  });
  const random = randomFrom(3);
  const now = Date.now();
  const kept = new Map<string, Buffer>();
  const gone: string[] = [];
  const names = new Set<string>();
  for (let number = 0; number < 80; number++) {
    const bytes = randomBytes(Math.floor(random() * 20_000));
    const named = random() < 0.5;
    const lease = [0, now - 1000, now + 3_600_000][
      Math.floor(random() * 3)
    ] as number;
    const { id } = await stand.objects.put(
      (async function* () {
        yield bytes;
      })(),
      { k: 2, m: 1 },
      never,
      lease,
    );
    if (named || lease > now) kept.set(id, bytes);
    else gone.push(id);
    if (named) names.add(id);
  }
  const removed = await collectGarbage(
    stand.store,
    ({ account, block }) =>
      account.equals(objectAccount) && names.has(block.toString("hex")),
    never,
    now,
  );
  t.is(removed, gone.length);
  for (const [id, bytes] of kept) t.true((await stand.get(id)).equals(bytes));
  for (const id of gone) await t.throwsAsync(stand.get(id));
  // Nothing is taken while nobody can tell.
  await collectGarbage(stand.store, () => undefined, never, now + 1e9);
  for (const [id, bytes] of kept) t.true((await stand.get(id)).equals(bytes));
});
