import test from "ava";
import { segmentSizeOf } from "../../../../services/node/store/body.ts";
import { objectAccount } from "../../../../services/node/store/objects.ts";
import { DiskMissingError } from "../../../../services/node/store/pack.ts";
import {
  packHeaderSize,
  recordHeaderSize,
  tailOffset,
} from "../../../../services/node/store/record.ts";
import type { Row } from "../../../../services/node/store/rows.ts";
import {
  NoBlockError,
  SegmentLostError,
} from "../../../../services/node/store/segment.ts";
import { Machine, randomFrom, SimulatedIndex } from "./simulated-disk.ts";
import { freshDisks, never, StoreStand } from "./store-stand.ts";

/** What a corruptor is given: a store with one object at 4+2 on one disk, closed. */
interface Victim {
  stand: StoreStand;
  id: string;
  bytes: Buffer;
  /** Rows of the object's segment, and of its header, by fragment. */
  rows: Row[];
  headers: Row[];
  /** The bytes of a pack on the disk; what is put into them stays. */
  pack(number: number): Buffer;
  setPack(number: number, bytes: Buffer | undefined): void;
}

/** What the next start and a scrub must make of it. */
interface Outcome {
  /** Fragments that the scrub must mend. */
  mended?: number;
  /** Sound fragments that the scrub must write anew, because their record is damaged. */
  moved?: number;
  /** Without its index too, everything must be found. */
  alsoWithoutIndex?: boolean;
}

const corruptors: Record<
  string,
  { corrupt: (victim: Victim) => void; outcome: Outcome }
> = {};

function flip(bytes: Buffer, at: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
}

/** Flips a bit in each byte of a field of a record's header or of what repeats it. */
function flipField(at: number, length: number, end: boolean) {
  return ({ pack, rows }: Victim): void => {
    const row = rows[2] as Row;
    const start = row.offset + (end ? tailOffset(row.length) : 0) + at;
    const bytes = pack(row.pack);
    for (let index = start; index < start + length; index++)
      bytes[index] = (bytes[index] ?? 0) ^ 0x10;
  };
}

const recordFields: Record<string, [number, number]> = {
  magic: [0, 4],
  version: [4, 1],
  kind: [5, 1],
  k: [6, 1],
  m: [7, 1],
  index: [8, 1],
  segment: [12, 4],
  "segment length": [16, 4],
  length: [20, 4],
  sequence: [24, 6],
  created: [30, 6],
  expires: [36, 6],
  account: [48, 16],
  block: [64, 16],
  name: [80, 32],
  checksum: [120, 8],
};
for (const [name, [at, length]] of Object.entries(recordFields)) {
  corruptors[`record header: ${name}`] = {
    corrupt: flipField(at, length, false),
    // Detected by the checksum, tolerated by the repetition, and written anew.
    outcome: { moved: 1, alsoWithoutIndex: true },
  };
  corruptors[`record end: ${name}`] = {
    corrupt: flipField(at, length, true),
    outcome: { moved: 1, alsoWithoutIndex: true },
  };
}
Object.assign(corruptors, {
  "record header and end": {
    corrupt: (victim: Victim) => {
      flipField(0, 4, false)(victim);
      flipField(0, 4, true)(victim);
    },
    // The index still knows the bytes, which are sound.
    outcome: { moved: 1 },
  },
  "fragment: first byte": {
    corrupt: ({ pack, rows: [row] }: Victim) => {
      if (row) flip(pack(row.pack), row.offset + recordHeaderSize);
    },
    outcome: { mended: 1, alsoWithoutIndex: true },
  },
  "fragment: last byte": {
    corrupt: ({ pack, rows: [row] }: Victim) => {
      if (row)
        flip(pack(row.pack), row.offset + recordHeaderSize + row.length - 1);
    },
    outcome: { mended: 1, alsoWithoutIndex: true },
  },
  "fragment: a zeroed sector in two of six": {
    corrupt: ({ pack, rows }: Victim) => {
      for (const row of [rows[1], rows[4]])
        if (row)
          pack(row.pack).fill(
            0,
            row.offset + recordHeaderSize + 512,
            row.offset + recordHeaderSize + 1024,
          );
    },
    outcome: { mended: 2, alsoWithoutIndex: true },
  },
  "two fragments of one segment swapped": {
    corrupt: ({ pack, rows: [one, two] }: Victim) => {
      if (!one || !two) return;
      const [first, second] = [one, two].map(
        ({ offset }) => offset + recordHeaderSize,
      ) as [number, number];
      const bytes = pack(one.pack);
      const kept = Buffer.from(bytes.subarray(first, first + one.length));
      bytes.copy(bytes, first, second, second + two.length);
      kept.copy(bytes, second);
    },
    outcome: { mended: 2, alsoWithoutIndex: true },
  },
  "block header: one of three copies": {
    corrupt: ({ pack, headers: [row] }: Victim) => {
      if (row) flip(pack(row.pack), row.offset + recordHeaderSize + 20);
    },
    outcome: { mended: 1, alsoWithoutIndex: true },
  },
  "pack header: number": {
    corrupt: ({ pack, rows: [row] }: Victim) => {
      if (row) flip(pack(row.pack), 11);
    },
    // Then the file's name tells.
    outcome: { alsoWithoutIndex: true },
  },
  "pack header: disk": {
    corrupt: ({ pack, rows: [row] }: Victim) => {
      if (row) flip(pack(row.pack), 20);
    },
    outcome: { alsoWithoutIndex: true },
  },
  "packs that swapped their names": {
    corrupt: ({ pack, setPack, rows }: Victim) => {
      const first = rows[0]?.pack ?? 0;
      const second = rows[5]?.pack ?? 0;
      const [one, two] = [Buffer.from(pack(first)), Buffer.from(pack(second))];
      setPack(first, two);
      setPack(second, one);
    },
    outcome: { alsoWithoutIndex: true },
  },
  "a pack cut in the middle of its last fragment": {
    corrupt: ({ pack, setPack, rows }: Victim) => {
      const last = rows[5];
      if (last)
        setPack(
          last.pack,
          Buffer.from(
            pack(last.pack).subarray(0, last.offset + recordHeaderSize + 5),
          ),
        );
    },
    outcome: { mended: 1 },
  },
  "rubbish behind the last record": {
    corrupt: ({ pack, setPack, rows: [row] }: Victim) => {
      if (row)
        setPack(
          row.pack,
          Buffer.concat([pack(row.pack), Buffer.alloc(9000, 0xa5)]),
        );
    },
    outcome: { alsoWithoutIndex: true },
  },
});

/** A store with an object at 4+2, each fragment in a pack of its own, ended in order. */
async function prepare(): Promise<Victim> {
  const machine = new Machine();
  const options = { packSize: 24 * 1024, patience: 10_000 };
  const stand = await StoreStand.open(machine, freshDisks(machine, 1), options);
  const random = randomFrom(5);
  const bytes = Buffer.from(
    Array.from({ length: 40_000 }, () => random() * 256),
  );
  const id = await stand.put(bytes, 4, 2);
  await stand.put(Buffer.from("another"), 4, 2);
  const [disk] = stand.store.disks.values();
  const place = { account: objectAccount, block: Buffer.from(id, "hex") };
  const list = (segment: number): Row[] =>
    (disk?.segment(place, segment) ?? []).map(({ row }) => row);
  const [rows, headers] = [list(0), list(0xffffffff)];
  const files = [...stand.disks.values()][0]?.disk.files;
  const name = (number: number): string =>
    `${String(number).padStart(8, "0")}.pack`;
  return {
    stand,
    id,
    bytes,
    rows,
    headers,
    pack: (number) => files?.get(name(number))?.current ?? Buffer.alloc(0),
    setPack: (number, fresh) => {
      const content = files?.get(name(number));
      if (content && fresh) content.current = fresh;
      else files?.delete(name(number));
    },
  };
}

for (const [name, { corrupt, outcome }] of Object.entries(corruptors))
  test(`${name}: read, and mended as it must be`, async (t) => {
    for (const withoutIndex of outcome.alsoWithoutIndex
      ? [false, true]
      : [false]) {
      const victim = await prepare();
      corrupt(victim);
      const { machine, disks } = await victim.stand.end();
      if (withoutIndex)
        for (const entry of disks.values())
          entry.index = new SimulatedIndex(machine);
      await using stand = await StoreStand.open(
        machine,
        disks,
        victim.stand.options,
      );
      const report = await stand.scrubber.now(never);
      t.deepEqual(report.lost, []);
      if (!withoutIndex)
        t.deepEqual(
          [report.mended, report.moved],
          [outcome.mended ?? 0, outcome.moved ?? 0],
        );
      t.true((await stand.get(victim.id)).equals(victim.bytes));
      t.deepEqual(await stand.inconsistencies(), []);
      const again = await stand.scrubber.now(never);
      t.deepEqual([again.damaged, again.moved], [0, 0], "mended for good");
    }
  });

test("one fragment more than the code tolerates: exactly that segment is named, the rest is served", async (t) => {
  const machine = new Machine();
  await using stand = await StoreStand.open(machine, freshDisks(machine, 1), {
    packSize: 16 * 2 ** 20,
  });
  const bytes = Buffer.alloc(3 * 2 ** 20, 7);
  const id = await stand.put(bytes, 4, 2);
  const other = await stand.put(Buffer.from("the rest"), 4, 2);
  const [disk] = stand.store.disks.values();
  const address = { account: objectAccount, block: Buffer.from(id, "hex") };
  const [file] = [...stand.disks.values()][0]?.disk.files.values() ?? [];
  for (const { row } of (disk?.segment(address, 1) ?? []).slice(0, 3))
    if (file) flip(file.current, row.offset + recordHeaderSize + 9);
  const report = await stand.scrubber.now(never);
  t.deepEqual(report.lost, [
    {
      account: objectAccount.toString("hex"),
      block: id,
      segment: 1,
    },
  ]);
  const error = await t.throwsAsync(stand.get(id), {
    instanceOf: SegmentLostError,
  });
  t.is(error.segment, 1);
  t.deepEqual((await stand.objects.stat(id, never)).lost, [1]);
  const start = 2 * segmentSizeOf({ k: 4, m: 2 });
  t.true(
    (await stand.get(id, { start, end: bytes.length })).equals(
      bytes.subarray(start),
    ),
    "what is behind it is served",
  );
  t.is((await stand.get(other)).toString(), "the rest");
});

test("an empty folder where the index knows packs is an unmounted disk, and not a loss", async (t) => {
  const victim = await prepare();
  const { machine, disks } = await victim.stand.end();
  const [entry] = disks.values();
  const files = new Map(entry?.disk.files);
  entry?.disk.files.clear();
  const before = entry?.index.dump();
  await t.throwsAsync(StoreStand.open(machine, disks), {
    instanceOf: DiskMissingError,
  });
  t.is(entry?.index.dump(), before, "nothing was forgotten");
  for (const [name, content] of files) entry?.disk.files.set(name, content);
  await using stand = await StoreStand.open(machine, disks);
  t.true((await stand.get(victim.id)).equals(victim.bytes));
});

test("yesterday's index with today's packs: what was stored and removed since is known", async (t) => {
  const machine = new Machine();
  const stand = await StoreStand.open(machine, freshDisks(machine, 2));
  const old = await stand.put(Buffer.alloc(20_000, 1));
  const doomed = await stand.put(Buffer.alloc(30_000, 2));
  const yesterday = new Map(
    [...stand.disks].map(([uuid, { index }]) => [uuid, index.moved(machine)]),
  );
  const fresh = await stand.put(Buffer.alloc(50_000, 3));
  await stand.objects.remove(doomed);
  await stand.store.idle();
  const { machine: next, disks } = await stand.end();
  for (const [uuid, entry] of disks)
    entry.index = yesterday.get(uuid)?.moved(next) as SimulatedIndex;
  await using after = await StoreStand.open(next, disks);
  t.true((await after.get(old)).equals(Buffer.alloc(20_000, 1)));
  t.true((await after.get(fresh)).equals(Buffer.alloc(50_000, 3)));
  await t.throwsAsync(after.get(doomed), { instanceOf: NoBlockError });
  const report = await after.scrubber.now(never);
  t.deepEqual(report.lost, []);
  t.deepEqual(await after.inconsistencies(), []);
});

test("a fragment that holds a forged record is only bytes", async (t) => {
  const machine = new Machine();
  const stand = await StoreStand.open(machine, freshDisks(machine, 1));
  const victim = await stand.put(Buffer.alloc(20_000, 1), 1, 0);
  // The attacker has seen a pack: its own records are copied into what it stores, to be found where a header is damaged.
  const [entry] = stand.disks.values();
  const [file] = entry?.disk.files.values() ?? [];
  const forged = Buffer.from(
    file?.current.subarray(packHeaderSize, packHeaderSize + 9000) ?? [],
  );
  forged.writeUInt8(9, 30);
  const attacker = await stand.put(
    Buffer.concat([forged, Buffer.alloc(12_000)]),
    1,
    0,
  );
  const { machine: next, disks } = await stand.end();
  for (const one of disks.values()) one.index = new SimulatedIndex(next);
  await using after = await StoreStand.open(next, disks);
  t.true((await after.get(victim)).equals(Buffer.alloc(20_000, 1)));
  t.is((await after.get(attacker)).length, forged.length + 12_000);
});
