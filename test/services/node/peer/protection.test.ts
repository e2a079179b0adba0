/** The arithmetic of promises: codes, places, audits; and thirty days of thirty boxes. */
import { randomBytes } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import {
  Auditor,
  leavesPerDay,
} from "../../../../services/node/peer/auditor.ts";
import { UnreachableError } from "../../../../services/node/peer/errors.ts";
import { fetchSegment } from "../../../../services/node/peer/fetching.ts";
import {
  Locations,
  type LocationTable,
} from "../../../../services/node/peer/locations.ts";
import type { FragmentTuple } from "../../../../services/node/peer/messages.ts";
import { Outbox } from "../../../../services/node/peer/outbox.ts";
import {
  codeFor,
  placeOn,
  unavailability,
} from "../../../../services/node/peer/protection.ts";
import { Protector } from "../../../../services/node/peer/protector.ts";
import { limitsAt } from "../../../../services/node/peer/shaper.ts";
import { writeBody } from "../../../../services/node/store/body-writer.ts";
import { proveLeaf } from "../../../../services/node/store/merkle.ts";
import { treeAccount } from "../../../../services/node/tree/tree.ts";
import {
  Machine,
  randomFrom,
  SimulatedIndex,
} from "../store/simulated-disk.ts";
import { freshDisks, never, StoreStand } from "../store/store-stand.ts";

test("how often too few boxes are up is what the binomial table says", (t) => {
  for (const [k, m, p, expected] of [
    [10, 6, 0.7, 0.18],
    [10, 6, 0.5, 0.77],
    [3, 6, 0.7, 4e-3],
    [4, 8, 0.9, 2e-7],
    [6, 12, 0.6, 6e-3],
    [10, 20, 0.7, 7e-6],
    [10, 10, 0.8, 6e-4],
  ] as const) {
    const ratio = unavailability({ k, m }, p) / expected;
    t.true(ratio > 0.8 && ratio < 1.25, `${k}+${m} at ${p}: ${ratio}`);
  }
});

test("promises become codes: copies for few, 10+20 for many that are often away, 10+6 for those that are not", (t) => {
  t.deepEqual(codeFor(1, 0.8, 1), { k: 1, m: 0 });
  t.deepEqual(codeFor(4, 0.8, 1), { k: 1, m: 2 });
  t.deepEqual(codeFor(30, 0.7, 1), { k: 10, m: 20 });
  t.deepEqual(codeFor(16, 0.98, 2), { k: 4, m: 2 });
  t.deepEqual(codeFor(16, 0.98, 3), { k: 10, m: 6 });
  t.deepEqual(codeFor(12, 0.8, 2), { k: 4, m: 8 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0.3, max: 0.99, noNaN: true }),
      fc.integer({ min: 0, max: 6 }),
      (boxes, availability, losses) => {
        const { k, m } = codeFor(boxes, availability, losses);
        t.true(k + m <= boxes, `${k}+${m} on ${boxes}`);
        t.true(m >= Math.min(losses, boxes - 1));
      },
    ),
  );
});

test("no box has two fragments of a segment, no house more than m; what is kept stays, and a newcomer moves little", (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 8 }),
      fc.integer({ min: 1, max: 10 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      (count, k, m, houses, id) => {
        const block = Buffer.from(id);
        const boxes = Array.from({ length: count }, (_, number) => ({
          id: `box ${number}`,
          domain: `house ${number % houses}`,
          free: 1e9,
        }));
        const placed = placeOn(block, { k, m }, boxes, [], 1000);
        const used = placed.filter((one) => one !== undefined);
        t.is(new Set(used).size, used.length);
        for (let house = 0; house < houses; house++)
          t.true(
            used.filter(
              (one) =>
                boxes.find((box) => box.id === one)?.domain ===
                `house ${house}`,
            ).length <= Math.max(1, m),
          );
        const kept = placed.with(0, undefined);
        const again = placeOn(block, { k, m }, boxes, kept, 1000);
        t.deepEqual(again.slice(1), placed.slice(1));
      },
    ),
  );
  const boxes = Array.from({ length: 20 }, (_, number) => ({
    id: `box ${number}`,
    domain: `house ${number}`,
    free: 1e9,
  }));
  let moved = 0;
  for (let group = 0; group < 256; group++) {
    const block = Buffer.alloc(16, group);
    const before = placeOn(block, { k: 4, m: 8 }, boxes, [], 1);
    const after = placeOn(
      block,
      { k: 4, m: 8 },
      [...boxes, { id: "new", domain: "new", free: 1e9 }],
      [],
      1,
    );
    moved += after.filter((one) => !before.includes(one)).length;
  }
  // 12 of 21 boxes: a newcomer is due in 12/21 of the groups, and nobody else moves.
  t.true(moved > 256 * 0.4 && moved < 256 * 0.75, `${moved} of ${256 * 12}`);
});

test("a friend that dropped 1 % is asked for a piece of it within a day, 999 times of 1000", async (t) => {
  t.timeout(3 * 60_000);
  t.true(1 - 0.99 ** leavesPerDay >= 0.999);
  const locations = await Locations.open(
    new SimulatedIndex<LocationTable>(new Machine()),
  );
  const id = "ab".repeat(32);
  const bytes = randomBytes(20_000);
  const { leaf, path } = proveLeaf(bytes, 0);
  const { merkleRoot } = await import(
    "../../../../services/node/store/merkle.ts"
  );
  const name = merkleRoot(bytes);
  const blocks = Array.from({ length: 4000 }, () => randomBytes(16));
  for (const block of blocks)
    await locations.set([
      {
        block,
        segment: 0,
        cut: { k: 1, m: 0, segmentLength: bytes.length },
        holders: [{ id, name }],
      },
    ]);
  const random = randomFrom(Date.now() % 2 ** 31);
  let missed = 0;
  const days = 600;
  for (let day = 0; day < days; day++) {
    const dropped = new Set(
      Array.from({ length: 40 }, () =>
        blocks[Math.floor(random() * blocks.length)]?.toString("hex"),
      ),
    );
    const drawn = locations.draw(id, leavesPerDay);
    t.is(drawn.length, leavesPerDay);
    if (!drawn.some(({ block }) => dropped.has(block.toString("hex"))))
      missed++;
  }
  // The cheat has not a choice: of 600 such days 0.4 are expected without a hit.
  t.true(missed <= 5, `${missed} of ${days} days`);
  t.log(`${missed} of ${days} days without a hit`);

  let answers = 0;
  const auditor = new Auditor(locations, async (_id, { nonce, leaves }) => {
    answers++;
    if (answers === 3) throw new UnreachableError("The friend");
    return {
      nonce: answers === 4 ? randomBytes(16) : Buffer.from(nonce),
      leaves: leaves.map(([, number]) =>
        answers === 2
          ? null
          : answers === 5
            ? [randomBytes(leaf.length), path]
            : number === 0
              ? [leaf, path]
              : (() => {
                  const one = proveLeaf(bytes, number);
                  return [one.leaf, one.path];
                })(),
      ),
    };
  });
  for (const outcome of ["passed", "lost", "unreachable", "lying", "lying"])
    t.true(
      (await auditor.audit(id, 4)).every((one) => one.outcome === outcome),
      outcome,
    );
});

test("limits follow the hour", (t) => {
  const limits = {
    upload: 100,
    download: 200,
    quiet: { from: 22, to: 6, upload: 0, download: 0 },
  };
  t.deepEqual(limitsAt(limits, 12), { upload: 100, download: 200 });
  t.deepEqual(limitsAt(limits, 23), { upload: 0, download: 0 });
  t.deepEqual(limitsAt(limits, 5), { upload: 0, download: 0 });
  t.deepEqual(limitsAt(limits, 6), { upload: 100, download: 200 });
});

for (const { burnt, most } of [
  { burnt: 2, most: 0.5 },
  { burnt: 12, most: 6 },
])
  test(`thirty boxes, each up 70 % of the time, for thirty days, ${burnt} of them burnt: nothing is lost`, async (t) => {
    t.timeout(8 * 60_000);
    await using stand = await StoreStand.open(
      new Machine(),
      freshDisks(new Machine(), 1),
      { packSize: 8 * 2 ** 20, patience: 10_000 },
    );
    const { store } = stand;
    const seed = Date.now() % 2 ** 31;
    t.log(`seed ${seed}`);
    const random = randomFrom(seed);
    const bodies: Buffer[] = [];
    let stored = 0;
    for (let number = 0; number < 40; number++) {
      const block = randomBytes(16);
      const body = randomBytes(30_000 + Math.floor(random() * 60_000));
      stored += body.length;
      bodies.push(block);
      await writeBody(
        store,
        { account: treeAccount, block },
        [body],
        { k: 4, m: 2 },
        never,
        0,
      );
    }
    const hour = 3_600_000;
    const boxes = Array.from({ length: 30 }, (_, number) => ({
      id: number.toString(16).padStart(64, "0"),
      domain: `house ${number}`,
      free: 1e9,
      up: random() < 0.7,
      burnt: false,
      seen: 0,
      kept: new Map<string, { fragment: FragmentTuple; bytes: Buffer }>(),
    }));
    let now = 0;
    let sent = 0;
    const find = (id: string) => boxes.find((box) => box.id === id);
    const placeKey = (block: Uint8Array, segment: number, index: number) =>
      `${Buffer.from(block).toString("hex")} ${segment} ${index}`;
    const locations = await Locations.open(
      new SimulatedIndex<LocationTable>(new Machine()),
    );
    const protector = new Protector({
      store,
      locations,
      outbox: new Outbox(async (id, fragments) => {
        const box = find(id);
        if (!box?.up || box.burnt) throw new UnreachableError(id);
        for (const [fragment, bytes] of fragments) {
          sent += bytes.length;
          box.kept.set(placeKey(fragment[0], fragment[1], fragment[2]), {
            fragment,
            bytes: Buffer.from(bytes),
          });
        }
      }),
      standing: () => {
        const durable = (box: (typeof boxes)[number]): boolean =>
          box.seen > now - 72 * hour;
        return {
          boxes: boxes.filter(({ up, burnt }) => up && !burnt),
          members: boxes.filter(durable).length,
          availability: 0.7,
          isDurable: (id) => {
            const box = find(id);
            return box !== undefined && durable(box);
          },
          isLeaving: () => false,
          isGone: () => false,
        };
      },
      promised: () => ({ scope: "/", losses: 2, whole: false }),
      drop: async (id, places) => {
        const box = find(id);
        if (!box?.up || box.burnt) throw new UnreachableError(id);
        for (const { block, segment, index } of places)
          box.kept.delete(placeKey(block, segment, index));
      },
      onError: (error) => t.fail(String(error)),
    });
    for (const box of boxes) box.seen = now;
    let first = 0;
    for (let step = 0; step < 30 * 24; step++) {
      now = step * hour;
      for (const box of boxes) {
        // Up for 14 hours in the mean, away for 6.
        if (random() < (box.up ? 1 / 14 : 1 / 6)) box.up = !box.up;
        if (box.up && !box.burnt) box.seen = now;
      }
      if (step > 36 && step % Math.floor(640 / burnt) === 0) {
        const victim = boxes.find(({ burnt }) => !burnt);
        if (victim) {
          victim.burnt = true;
          victim.kept.clear();
        }
      }
      if (step % 4 === 0) await protector.pass(never);
      if (step === 24) first = sent;
    }
    const repaired = sent - first;
    t.log(
      `${stored} bytes stored, ${first} sent at first, ${repaired} to mend: ${(repaired / stored).toFixed(2)} GB for each GB in 30 days with ${boxes.filter((box) => box.burnt).length} of thirty boxes burnt`,
    );
    // The owner's own box burns as well: all is there at the others, whoever of them is up at some time.
    for (const block of bodies)
      for (let segment = 0; ; segment++) {
        const location = locations.get(block, segment);
        if (!location) break;
        const bytes = await fetchSegment(
          location,
          store.coder,
          async (id, index) => {
            const box = find(id);
            const kept = box?.kept.get(placeKey(block, segment, index));
            if (!kept || box?.burnt) throw new UnreachableError(id);
            return { fragment: kept.fragment, bytes: kept.bytes };
          },
          () => true,
          async (_id, evidence) => t.fail(evidence),
        );
        t.true(
          bytes?.equals(
            await store.read({ account: treeAccount, block }, segment),
          ),
        );
      }
    t.true(protector.state.every(({ survives }) => survives >= 2));
    // A box that is off for some hours, or a few that are gone, are no reason to send anything.
    t.true(repaired <= most * stored, `${repaired} of ${stored}`);
  });
