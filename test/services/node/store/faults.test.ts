import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import test from "ava";
import { DiskSlowError } from "../../../../services/node/store/disk-guard.ts";
import { objectAccount } from "../../../../services/node/store/objects.ts";
import {
  NoBlockError,
  QuotaError,
} from "../../../../services/node/store/segment.ts";
import {
  DiskError,
  DiskFullError,
} from "../../../../services/shared/errors.ts";
import { temporaryFolder } from "../../../folder.ts";
import { Machine } from "./simulated-disk.ts";
import { freshDisks, never, StoreStand } from "./store-stand.ts";

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

test("a full disk says so, keeps no half of what did not fit, and goes on", async (t) => {
  const machine = new Machine();
  await using stand = await StoreStand.open(machine, freshDisks(machine, 1));
  const id = await stand.put(Buffer.alloc(20_000, 1));
  const [disk] = [...stand.disks.values()];
  let writes = 0;
  machine.faults.refuse = (operation) =>
    operation === "write" && ++writes > 1 ? failure("ENOSPC") : undefined;
  await t.throwsAsync(stand.put(Buffer.alloc(60_000, 2)), {
    instanceOf: DiskFullError,
  });
  machine.faults.refuse = () => undefined;
  t.is([...stand.store.disks.values()][0]?.failure, undefined);
  t.true((await stand.get(id)).equals(Buffer.alloc(20_000, 1)));
  const after = await stand.put(Buffer.alloc(30_000, 3));
  t.true((await stand.get(after)).equals(Buffer.alloc(30_000, 3)));
  t.deepEqual(await stand.inconsistencies(), []);
  // Admission keeps the reserve: collecting must always have room.
  if (disk) disk.disk.capacity = disk.disk.used() + 10_000;
  await new Promise((resolve) => setTimeout(resolve, 600));
  await t.throwsAsync(stand.put(Buffer.alloc(60_000, 2)), {
    instanceOf: DiskFullError,
  });
});

for (const [code, operation] of [
  ["EIO", "flush"],
  ["EIO", "write"],
  ["EROFS", "write"],
  ["ENODEV", "flush"],
] as const)
  test(`${code} at a ${operation} fences the disk; what was acknowledged is there when it is opened again`, async (t) => {
    const machine = new Machine();
    const stand = await StoreStand.open(machine, freshDisks(machine, 1));
    const id = await stand.put(Buffer.alloc(20_000, 1));
    machine.faults.refuse = (asked) =>
      asked === operation ? failure(code) : undefined;
    await t.throwsAsync(stand.put(Buffer.alloc(60_000, 2)), {
      instanceOf: DiskError,
    });
    machine.faults.refuse = () => undefined;
    const error = await t.throwsAsync(stand.put(Buffer.from("more")), {
      instanceOf: DiskError,
    });
    t.regex(error.message, /Check its cable and power/);
    t.true(
      (await stand.get(id)).equals(Buffer.alloc(20_000, 1)),
      "reading goes on",
    );
    const { machine: next, disks } = await stand.end();
    await using again = await StoreStand.open(next, disks);
    t.true((await again.get(id)).equals(Buffer.alloc(20_000, 1)));
    t.is((await again.get(await again.put(Buffer.from("more")))).length, 4);
    t.deepEqual(await again.inconsistencies(), []);
  });

test("a disk that does not answer in time fails with its own error", async (t) => {
  const machine = new Machine();
  const disks = freshDisks(machine, 1);
  const [entry] = disks.values();
  const { promise: answer, resolve } = Promise.withResolvers<void>();
  const open = entry?.disk.open.bind(entry.disk);
  if (!entry || !open) throw new Error("no disk");
  entry.disk.open = async (name, create) => {
    const file = await open(name, create);
    const datasync = file.datasync.bind(file);
    file.datasync = async () => {
      await answer;
      await datasync();
    };
    return file;
  };
  await using stand = await StoreStand.open(machine, disks, { patience: 50 });
  await t.throwsAsync(stand.put(Buffer.from("never")), {
    instanceOf: DiskSlowError,
  });
  resolve();
});

test("a disk that fails: its fragments are made anew on the others, and reading never stops", async (t) => {
  const machine = new Machine();
  const machines = [machine, new Machine(), machine, machine];
  const disks = new Map(
    machines.map((one, number) => {
      const [entry] = freshDisks(one, 1).values();
      if (!entry) throw new Error("no disk");
      return [`00000000-0000-4000-8000-00000000000${number}`, entry] as const;
    }),
  );
  await using stand = await StoreStand.open(machine, disks, {
    packSize: 2 ** 20,
  });
  const stored = new Map<string, Buffer>();
  for (let number = 0; number < 10; number++) {
    const bytes = Buffer.alloc(10_000 + number * 3_000, number);
    stored.set(await stand.put(bytes, 4, 2), bytes);
  }
  const failing = [...stand.store.disks.values()][1];
  const second = machines[1] as Machine;
  second.faults.refuse = () => failure("EIO");
  const more = Buffer.alloc(30_000, 77);
  stored.set(await stand.put(more, 4, 2), more);
  t.true(failing?.failure instanceof DiskError, "fenced");
  for (const [id, bytes] of stored) t.true((await stand.get(id)).equals(bytes));
  await stand.store.idle();
  await stand.scrubber.settle(never);
  // Now the failed disk is taken away, and another could fail.
  await stand.store.detach(failing?.uuid ?? "");
  for (const [id, bytes] of stored) {
    const health = await stand.objects.stat(id, never);
    t.is(health.missing, 0);
    t.true((await stand.get(id)).equals(bytes));
  }
});

test("an emptied disk holds nothing, and all of it is on the others", async (t) => {
  const machine = new Machine();
  await using stand = await StoreStand.open(machine, freshDisks(machine, 3), {
    packSize: 2 ** 20,
  });
  const bytes = Buffer.alloc(50_000, 5);
  const id = await stand.put(bytes, 4, 2);
  const [first] = stand.store.disks.values();
  stand.store.setDraining(first?.uuid ?? "", true);
  await stand.scrubber.settle(never);
  t.deepEqual(first?.rowsAfter(undefined, 10), []);
  await stand.store.detach(first?.uuid ?? "");
  t.true((await stand.get(id)).equals(bytes));
  t.is((await stand.objects.stat(id, never)).missing, 0);
});

test("quotas are kept, to the byte of what is stored", async (t) => {
  const machine = new Machine();
  await using stand = await StoreStand.open(machine, freshDisks(machine, 1));
  stand.store.setQuota(objectAccount, 100_000);
  const id = await stand.put(Buffer.alloc(40_000));
  await t.throwsAsync(stand.put(Buffer.alloc(60_000)), {
    instanceOf: QuotaError,
  });
  await stand.objects.remove(id);
  t.is(stand.store.used(objectAccount), 0);
  await t.notThrowsAsync(stand.put(Buffer.alloc(60_000)));
  stand.store.setQuota(objectAccount, undefined);
  await t.notThrowsAsync(stand.put(Buffer.alloc(60_000)));
  await t.throwsAsync(stand.get("f".repeat(32)), { instanceOf: NoBlockError });
});

test("sixteen streams at once need little memory, whatever they carry", async (t) => {
  t.timeout(3 * 60_000);
  await using folder = await temporaryFolder();
  const child = spawn(
    process.execPath,
    // As the unit of the storage node has it.
    [
      "--max-semi-space-size=2",
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, "memory.ts"),
      folder.path,
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, MALLOC_ARENA_MAX: "2", UV_THREADPOOL_SIZE: "2" },
    },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await once(child, "close");
  const { base, put, get } = JSON.parse(output) as Record<string, number>;
  t.log(`base ${base} MiB, 16 puts ${put} MiB, 16 gets ${get} MiB`);
  // Three gigabytes go through; what V8 and malloc have not yet given back is most of it.
  t.true((put ?? 1e9) - (base ?? 0) <= 160, `put: ${put} MiB`);
  t.true((get ?? 1e9) - (base ?? 0) <= 160, `get: ${get} MiB`);
});
