import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import test from "ava";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { Tree } from "../../../../services/node/tree/tree.ts";
import type { TreeTable } from "../../../../services/node/tree/tree-index.ts";
import { verifyTree } from "../../../../services/node/tree/verify.ts";
import {
  Machine,
  PowerLossError,
  randomFrom,
  SimulatedIndex,
} from "../store/simulated-disk.ts";
import {
  freshDisks,
  type SimulatedDisks,
  StoreStand,
} from "../store/store-stand.ts";
import { chunks, never } from "./tree-stand.ts";

const root = RootKey.create();
const options = { packSize: 256 * 1024 };

type Operation = (tree: Tree) => Promise<void>;

function content(number: number, size: number): Buffer {
  const random = randomFrom(number);
  return Buffer.from(Array.from({ length: size }, () => random() * 256));
}

const put =
  (parent: string, name: string, size: number): Operation =>
  async (tree) => {
    await tree.put(
      parent,
      name,
      chunks(content(size, size)),
      tree.owner,
      never,
    );
  };

const operations: Readonly<Record<string, Operation>> = {
  "put small": put("/d", "new", 300),
  "put large": put("/d", "new", 20_000),
  "put over": put("/d", "one", 9_000),
  patch: async (tree) => {
    const bytes = content(5, 3000);
    await tree.patch(
      "/random",
      [
        { at: 100, length: 1000 },
        { at: 9000, length: 2000 },
      ],
      11_000,
      chunks(bytes),
      tree.owner,
      never,
    );
  },
  "move file": async (tree) => {
    tree.move("/d/one", "/", "moved", tree.owner);
  },
  "move directory": async (tree) => {
    tree.move("/d", "/e", "d", tree.owner);
  },
  replace: async (tree) => {
    tree.move("/d/one", "/", "two", tree.owner, { replace: true });
  },
  remove: async (tree) => {
    tree.bin.take("/d", tree.owner);
  },
  discard: async (tree) => {
    tree.discard("/two", tree.owner);
  },
  copy: async (tree) => {
    await tree.copy("/d", "/e", "copy", tree.owner);
  },
  snapshot: async (tree) => {
    await tree.snapshot("/d", "kept");
  },
  "revert and rekey": async (tree) => {
    tree.history.restore("/d/one", 1, tree.owner);
    await tree.flush();
    await tree.setReaders("/d", []);
  },
};

/** The tree and its index on a simulated machine. */
interface Found {
  machine: Machine;
  disks: SimulatedDisks;
  index: SimulatedIndex<TreeTable>;
}

async function open(found: Found): Promise<{ stand: StoreStand; tree: Tree }> {
  const stand = await StoreStand.open(found.machine, found.disks, options);
  const tree = await Tree.open(stand.store, root, found.index, (error) => {
    if (!(error instanceof PowerLossError) && !found.machine.dead) throw error;
  });
  await tree.discover(never);
  await tree.ensureRoot();
  return { stand, tree };
}

/** All that somebody can see, with the contents of all versions. */
async function shape(tree: Tree): Promise<string> {
  const seen: string[] = [];
  const walk = async (id: Buffer, path: string): Promise<void> => {
    for (const node of tree.state.children(id, "", 1000)) {
      // A copy that is not whole is nothing yet.
      if (node.name.startsWith("copy ")) continue;
      const at = `${path}/${node.kind === "file" || path !== "/.bin" ? node.name : "thrown"}`;
      const versions: string[] = [];
      for (const version of node.kind === "file"
        ? tree.state.versions(node.id)
        : []) {
        const bytes = await buffer(
          tree.read(node.id, tree.owner, never, { version }).bytes,
        );
        versions.push(
          createHash("md5").update(bytes).digest("hex").slice(0, 6),
        );
      }
      seen.push(`${at} ${node.kind} ${versions.join(",")}`);
      if (node.kind === "directory") await walk(node.id, at);
    }
  };
  await walk(tree.places.rootId, "");
  return seen.join("\n");
}

async function prepare(): Promise<Found> {
  const machine = new Machine();
  const found: Found = {
    machine,
    disks: freshDisks(machine, 1),
    index: new SimulatedIndex<TreeTable>(machine),
  };
  const { stand, tree } = await open(found);
  for (const name of ["d", "e"]) tree.makeDirectory("/", name, tree.owner);
  await put("/d", "one", 700)(tree);
  await put("/d", "one", 12_000)(tree);
  await put("/", "two", 12_000)(tree);
  await tree.put("/", "random", chunks(content(9, 10_000)), tree.owner, never, {
    layout: "random",
  });
  await tree.flush();
  await tree.reaped();
  await tree[Symbol.asyncDispose]();
  const { machine: next, disks } = await stand.end();
  return { machine: next, disks, index: found.index.moved(next) };
}

/** The same disks and index in another machine. */
function movedTo(machine: Machine, { disks, index }: Found): Found {
  return {
    machine,
    disks: new Map(
      [...disks].map(([uuid, one]) => [
        uuid,
        { disk: one.disk.moved(machine), index: one.index.moved(machine) },
      ]),
    ),
    index: index.moved(machine),
  };
}

/** Does operations and cuts the power before event `at`; what is wrong afterwards, or nothing. */
async function crash(
  start: Found,
  names: readonly string[],
  at: number,
  seed: number,
): Promise<{ wrong: string[]; crashed: boolean }> {
  const where = `${names.join(", ")}; power lost at event ${at}; seed ${seed}`;
  const machine = new Machine();
  const found: Found = movedTo(machine, start);
  const { stand, tree } = await open(found);
  machine.events = 0;
  machine.faults.powerLossAt = at;
  let acknowledged = 0;
  try {
    for (const name of names) {
      await operations[name]?.(tree);
      await tree.flush();
      acknowledged++;
    }
    await tree.reaped();
  } catch (error) {
    if (!machine.dead) throw error;
  }
  const crashed = machine.dead;
  machine.dead = true;
  const random = randomFrom(seed);
  const next = new Machine();
  const left: Found = {
    machine: next,
    disks: new Map(
      [...found.disks].map(([uuid, { disk, index }]) => [
        uuid,
        {
          disk: disk.afterPowerLoss(next, random),
          index: index.afterPowerLoss(next, random),
        },
      ]),
    ),
    index: found.index.afterPowerLoss(next, random),
  };
  await tree[Symbol.asyncDispose]().catch(() => {});
  await stand[Symbol.asyncDispose]().catch(() => {});
  const wrong: string[] = [];
  const again = await open(left);
  const shown = await shape(again.tree);
  // The last that was acknowledged, or that which was under way.
  const allowed = (await afterwards(start, names)).slice(
    acknowledged,
    acknowledged + 2,
  );
  if (!allowed.includes(shown))
    wrong.push(
      `${where}: neither before nor after:\n${shown}\nbut\n${allowed.join("\nor\n")}`,
    );
  for await (const { path, problem } of verifyTree(again.tree, "/", never))
    if (problem) wrong.push(`${where}: ${path}: ${problem}`);
  await again.tree[Symbol.asyncDispose]();
  // The journal alone tells the same.
  const { machine: third, disks } = await again.stand.end();
  const rebuilt = await open({
    machine: third,
    disks,
    index: new SimulatedIndex<TreeTable>(third),
  });
  if ((await shape(rebuilt.tree)) !== shown)
    wrong.push(
      `${where}: the journal tells another story:\n${await shape(rebuilt.tree)}\nbut\n${shown}`,
    );
  await rebuilt.tree[Symbol.asyncDispose]();
  await rebuilt.stand[Symbol.asyncDispose]();
  return { wrong, crashed };
}

const shapes = new Map<string, string[]>();

/** The shapes after each operation where nothing goes wrong. */
async function afterwards(
  start: Found,
  names: readonly string[],
): Promise<string[]> {
  const known = shapes.get(names.join());
  if (known) return known;
  const machine = new Machine();
  const { stand, tree } = await open(movedTo(machine, start));
  const found = [await shape(tree)];
  for (const name of names) {
    await operations[name]?.(tree);
    found.push(await shape(tree));
  }
  await tree[Symbol.asyncDispose]();
  await stand[Symbol.asyncDispose]();
  shapes.set(names.join(), found);
  return found;
}

async function enumerate(
  sequences: readonly (readonly string[])[],
  seeds: readonly number[],
  step: number,
): Promise<{ wrong: string[]; losses: number }> {
  const start = await prepare();
  const wrong: string[] = [];
  let losses = 0;
  for (const names of sequences)
    for (const seed of seeds)
      for (let at = 1; wrong.length < 3; at += step) {
        const outcome = await crash(start, names, at, seed * 1000 + at);
        wrong.push(...outcome.wrong);
        if (!outcome.crashed) break;
        losses++;
      }
  return { wrong, losses };
}

test("power lost at each point of each operation on the tree: it happened whole, or not at all", async (t) => {
  t.timeout(170_000);
  const { wrong, losses } = await enumerate(
    Object.keys(operations).map((name) => [name]),
    [1, 2],
    1,
  );
  t.deepEqual(wrong, []);
  t.true(losses > 100);
  t.log(`${losses} power losses`);
});

test("power lost between and in two operations in a row", async (t) => {
  t.timeout(170_000);
  const names = Object.keys(operations);
  const random = randomFrom(7);
  const pick = (): string => names[Math.floor(random() * names.length)] ?? "";
  const able = (first: string, second: string): boolean =>
    !/remove|move|replace|discard/.test(first) && first !== second;
  const pairs: string[][] = [];
  while (pairs.length < 12) {
    const pair = [pick(), pick()];
    if (able(pair[0] ?? "", pair[1] ?? "")) pairs.push(pair);
  }
  const { wrong, losses } = await enumerate(pairs, [3], 2);
  t.deepEqual(wrong, []);
  t.log(`${losses} power losses`);
});
