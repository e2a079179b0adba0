import test from "ava";
import { compact } from "../../../../services/node/store/compaction.ts";
import { NoBlockError } from "../../../../services/node/store/segment.ts";
import {
  Machine,
  PowerLossError,
  randomFrom,
  SimulatedIndex,
} from "./simulated-disk.ts";
import {
  freshDisks,
  never,
  type SimulatedDisks,
  StoreStand,
} from "./store-stand.ts";

type Operation =
  | "put small"
  | "put large"
  | "put again"
  | "delete"
  | "compact"
  | "mend"
  | "two at once"
  | "reindex";

const operations: readonly Operation[] = [
  "put small",
  "put large",
  "put again",
  "delete",
  "compact",
  "mend",
  "two at once",
];

/** What was acknowledged, and what was begun and not acknowledged. */
interface Ledger {
  stored: Map<string, Buffer>;
  removed: Set<string>;
  /** Removals that were asked for: either is right. */
  doubtful: Set<string>;
}

function content(number: number, size: number): Buffer {
  const random = randomFrom(number);
  return Buffer.from(Array.from({ length: size }, () => random() * 256));
}

/** The store before the operations: something of each kind, some of it dead. */
async function prepare(): Promise<{
  disks: SimulatedDisks;
  ledger: Ledger;
  machine: Machine;
}> {
  const machine = new Machine();
  const stand = await StoreStand.open(machine, freshDisks(machine, 2), {
    packSize: 32 * 1024,
  });
  const ledger: Ledger = {
    stored: new Map(),
    removed: new Set(),
    doubtful: new Set(),
  };
  for (const [number, size] of [
    [1, 300],
    [2, 12_000],
    [3, 15_000],
    [4, 9_000],
  ] as const) {
    const bytes = content(number, size);
    ledger.stored.set(await stand.put(bytes), bytes);
  }
  const [, second = ""] = ledger.stored.keys();
  await stand.objects.remove(second);
  ledger.stored.delete(second);
  ledger.removed.add(second);
  await stand.store.idle();
  const { machine: next, disks } = await stand.end();
  return { disks, ledger, machine: next };
}

async function perform(
  stand: StoreStand,
  operation: Operation,
  ledger: Ledger,
  number: number,
): Promise<void> {
  const put = async (bytes: Buffer): Promise<void> => {
    ledger.stored.set(await stand.put(bytes), bytes);
  };
  const remove = async (id: string): Promise<void> => {
    ledger.doubtful.add(id);
    await stand.objects.remove(id);
    ledger.doubtful.delete(id);
    ledger.stored.delete(id);
    ledger.removed.add(id);
    await stand.store.idle();
  };
  const [first = ""] = ledger.stored.keys();
  switch (operation) {
    case "put small":
      return await put(content(number, 700));
    case "put large":
      return await put(content(number, 20_000));
    case "put again":
      return await put(ledger.stored.get(first) ?? Buffer.alloc(1));
    case "delete":
      return await remove([...ledger.stored.keys()].at(-1) ?? "");
    case "compact":
      for (const disk of stand.store.disks.values()) {
        await disk.packs.seal();
        await compact(disk, never);
      }
      return;
    case "mend":
      await stand.store.mend(
        {
          account: Buffer.from("00000000000000000000000000000001", "hex"),
          block: Buffer.from(first, "hex"),
        },
        0xffffffff,
        [0, 1],
      );
      return;
    case "two at once":
      await Promise.all([
        put(content(number, 9_500)),
        put(content(number + 50, 100)),
        remove(first),
      ]);
      return;
    case "reindex":
      await Promise.all([
        ...[...stand.store.disks.values()].map((disk) => disk.reindex(never)),
        put(content(number, 9_500)),
        remove(first),
      ]);
  }
}

/** The invariants that must hold whenever the power came back. */
async function check(
  found: { machine: Machine; disks: SimulatedDisks },
  ledger: Ledger,
  where: string,
): Promise<string[]> {
  const wrong: string[] = [];
  const stand = await StoreStand.open(found.machine, found.disks, {
    packSize: 32 * 1024,
  });
  for (const [id, bytes] of ledger.stored) {
    const read = await stand.get(id).catch((error: Error) => error);
    if (read instanceof NoBlockError && ledger.doubtful.has(id)) continue;
    if (!(read instanceof Buffer && read.equals(bytes)))
      wrong.push(`${where}: an acknowledged object is gone: ${read}`);
  }
  for (const id of ledger.removed)
    if (
      !(
        (await stand.get(id).catch((error: Error) => error)) instanceof
        NoBlockError
      )
    )
      wrong.push(`${where}: a removed object is back`);
  wrong.push(
    ...(await stand.inconsistencies()).map((text) => `${where}: ${text}`),
  );
  await stand.store.idle();
  // To open it again changes nothing.
  const again = await stand.end();
  const before = [...again.disks.values()].map(({ index }) => index.dump());
  const second = await StoreStand.open(again.machine, again.disks, {
    packSize: 32 * 1024,
  });
  const after = [...again.disks.values()].map(({ index }) => index.dump());
  if (before.join() !== after.join())
    wrong.push(`${where}: opening it twice gives another index`);
  // What recovery reads is bounded by the packs that were open, not by what is stored.
  if (found.machine.bytesRead > 2 ** 20)
    wrong.push(`${where}: recovery read ${found.machine.bytesRead} bytes`);
  // The packs alone tell the same.
  const { machine, disks } = await second.end();
  for (const entry of disks.values()) entry.index = new SimulatedIndex(machine);
  const rebuilt = await StoreStand.open(machine, disks);
  for (const [id, bytes] of ledger.stored) {
    const read = await rebuilt.get(id).catch((error: Error) => error);
    if (read instanceof NoBlockError && ledger.doubtful.has(id)) continue;
    if (!(read instanceof Buffer && read.equals(bytes)))
      wrong.push(`${where}: not in the packs: ${read}`);
  }
  for (const id of ledger.removed)
    if (
      !(
        (await rebuilt.get(id).catch((error: Error) => error)) instanceof
        NoBlockError
      )
    )
      wrong.push(`${where}: a removed object is back from the packs`);
  await rebuilt[Symbol.asyncDispose]();
  return wrong;
}

/** Runs operations and cuts the power before the event `at`; whether it came to that. */
async function crash(
  start: Awaited<ReturnType<typeof prepare>>,
  sequence: readonly Operation[],
  at: number,
  seed: number,
): Promise<{ wrong: string[]; crashed: boolean }> {
  const machine = new Machine();
  const disks: SimulatedDisks = new Map(
    [...start.disks].map(([uuid, { disk, index }]) => [
      uuid,
      { disk: disk.moved(machine), index: index.moved(machine) },
    ]),
  );
  const ledger: Ledger = {
    stored: new Map(start.ledger.stored),
    removed: new Set(start.ledger.removed),
    doubtful: new Set(),
  };
  machine.faults.powerLossAt = at;
  const where = `${sequence.join(", ")}; power lost at event ${at}; seed ${seed}`;
  let stand: StoreStand | undefined;
  try {
    stand = await StoreStand.open(machine, disks, { packSize: 32 * 1024 });
    for (const [number, operation] of sequence.entries())
      await perform(stand, operation, ledger, 100 + number);
  } catch (error) {
    if (!machine.dead)
      return { wrong: [`${where}: ${(error as Error).stack}`], crashed: false };
  }
  const crashed = machine.dead;
  machine.dead = true;
  const next = new Machine();
  const random = randomFrom(seed);
  const found = {
    machine: next,
    disks: new Map(
      [...disks].map(([uuid, { disk, index }]) => [
        uuid,
        {
          disk: disk.afterPowerLoss(next, random),
          index: index.afterPowerLoss(next, random),
        },
      ]),
    ),
  };
  try {
    return { wrong: await check(found, ledger, where), crashed };
  } catch (error) {
    if (error instanceof PowerLossError) throw error;
    return { wrong: [`${where}: ${(error as Error).stack}`], crashed };
  } finally {
    await stand?.[Symbol.asyncDispose]().catch(() => {});
  }
}

/** All sequences of up to `length` operations. */
function sequences(length: number): Operation[][] {
  if (length === 0) return [[]];
  return sequences(length - 1).flatMap((start) =>
    operations.map((operation) => [...start, operation]),
  );
}

async function enumerate(
  t: import("ava").ExecutionContext,
  sequences: readonly Operation[][],
  seeds: readonly number[],
): Promise<void> {
  const start = await prepare();
  let points = 0;
  const wrong: string[] = [];
  for (const sequence of sequences) {
    for (const seed of seeds) {
      for (let at = 1; ; at++) {
        const result = await crash(start, sequence, at, seed * 1000 + at);
        wrong.push(...result.wrong);
        points++;
        if (!result.crashed || wrong.length > 5) break;
      }
    }
    if (wrong.length > 5) break;
  }
  t.deepEqual(wrong, []);
  t.log(`${points} power losses in ${sequences.length} sequences`);
}

test("power lost at each point of each operation: what was acknowledged is there, what was removed is not", async (t) => {
  await enumerate(t, [...sequences(1), ["reindex"]], [1, 2, 3, 4, 5, 6]);
});

test("power lost at each point of every two operations in a row", async (t) => {
  await enumerate(t, sequences(2), [7]);
});
