import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import test from "ava";
import fc from "fast-check";
import { segmentSizeOf } from "../../../../services/node/store/body.ts";
import {
  markFolder,
  openDataDisk,
} from "../../../../services/node/store/data-disk.ts";
import type { DiskStore } from "../../../../services/node/store/disk-store.ts";
import { mendedOn } from "../../../../services/node/store/history.ts";
import { scanPack } from "../../../../services/node/store/pack-scan.ts";
import { recordHeaderSize } from "../../../../services/node/store/record.ts";
import { SegmentLostError } from "../../../../services/node/store/segment.ts";
import {
  BadNameError,
  ChangedError,
  ExistsError,
  LockedError,
  LoopError,
  NoEntryError,
  NotEmptyError,
  ReadOnlyError,
} from "../../../../services/node/tree/errors.ts";
import { checkName } from "../../../../services/node/tree/places.ts";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { verifyTree } from "../../../../services/node/tree/verify.ts";
import { temporaryFolder } from "../../../folder.ts";
import { chunks, never, openTree, type TreeStand } from "./tree-stand.ts";

const segmentSize = segmentSizeOf({ k: 4, m: 2 });
const layouts = ["sequential", "random"] as const;

/** Flips a byte in each live fragment whose number in its segment is in `indexes`, on the disk. */
async function damage(
  disk: DiskStore,
  indexes: readonly number[],
): Promise<number> {
  let damaged = 0;
  for (const number of disk.packs.numbers) {
    await using file = await open(disk.packs.path(number) ?? "", "r+");
    for await (const { header, offset } of scanPack(
      disk.packs,
      number,
      0,
      false,
    )) {
      const row = disk.row(header);
      if (row?.pack !== number || row.offset !== offset) continue;
      if (!indexes.includes(header.index)) continue;
      const place = offset + recordHeaderSize + Math.floor(header.length / 2);
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, place);
      await file.write(Buffer.of((byte[0] ?? 0) ^ 0x40), 0, 1, place);
      damaged++;
    }
  }
  return damaged;
}

async function problems(stand: TreeStand): Promise<string[]> {
  const found: string[] = [];
  for await (const line of verifyTree(stand.tree, "/", never))
    if (line.problem) found.push(`${line.path}: ${line.problem}`);
  return found;
}

test("files of every size and layout come back, and survive a reopen", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  const sizes = [0, 1, 17, 2048, 2049, 65_536, segmentSize, 1_700_001];
  const bodies = new Map(
    layouts.flatMap((layout) =>
      sizes.map((size) => [`${layout} ${size} ä`, randomBytes(size)] as const),
    ),
  );
  {
    await using stand = await openTree(folder.path, root);
    for (const [name, body] of bodies) {
      const node = await stand.tree.put(
        "/",
        name,
        chunks(body),
        stand.tree.owner,
        never,
        { layout: name.startsWith("random") ? "random" : "sequential" },
      );
      t.is(node.size, body.length);
    }
  }
  await using stand = await openTree(folder.path, root);
  t.is(stand.names("/").length, bodies.size);
  for (const [name, body] of bodies)
    t.true((await stand.get(`/${name}`)).equals(body), name);
  t.deepEqual(await problems(stand), []);
});

test("changes in the middle of a file agree with the same changes in memory", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree } = stand;
  let number = 0;
  const change = fc.record({
    at: fc.nat(200_000),
    length: fc.oneof(fc.nat(5000), fc.nat(100_000)),
    cut: fc.option(fc.nat(300_000), { freq: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...layouts),
      fc.array(change, { minLength: 1, maxLength: 12 }),
      async (layout, changes) => {
        const name = `f${number++}`;
        tree.makeFile("/", name, tree.owner, { layout });
        let model = Buffer.alloc(0);
        for (const { at, length, cut } of changes) {
          const bytes = randomBytes(length);
          const size = cut ?? Math.max(model.length, at + length);
          const next = Buffer.alloc(Math.max(size, at + length, model.length));
          model.copy(next);
          bytes.copy(next, at);
          model = next.subarray(0, size);
          await tree.patch(
            `/${name}`,
            length === 0 ? [] : [{ at, length }],
            size,
            chunks(bytes),
            tree.owner,
            never,
          );
          const { start, end } = { start: size >> 2, end: size - (size >> 3) };
          const piece = await buffer(
            tree.read(`/${name}`, tree.owner, never, { start, end }).bytes,
          );
          if (!piece.equals(model.subarray(start, end))) return false;
        }
        return (await stand.get(`/${name}`)).equals(model);
      },
    ),
    { numRuns: 40 },
  );
  await tree.flush();
  t.deepEqual(await problems(stand), []);
});

test("a large file of the random layout: a change writes little, over page borders too", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree } = stand;
  const body = randomBytes(70 * 2 ** 20);
  await tree.put("/", "disk.img", chunks(body), tree.owner, never, {
    layout: "random",
  });
  const before = stand.disk.stored;
  const piece = randomBytes(8192);
  const at = 32 * 2 ** 20 - 4096;
  await tree.patch(
    "/disk.img",
    [{ at, length: piece.length }],
    body.length,
    chunks(piece),
    tree.owner,
    never,
  );
  await tree.flush();
  t.true(stand.disk.stored - before < 300_000, "not the file once more");
  piece.copy(body, at);
  t.true((await stand.get("/disk.img")).equals(body));
});

test("damage in up to m fragments of each segment is mended, beyond that it is named", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const body = randomBytes(2 * segmentSize + 777);
  await stand.put("/photo", body);
  await damage(stand.disk, [0, 3]);
  t.true((await stand.get("/photo")).equals(body));
  await stand.store.idle();
  t.is(mendedOn(stand.disk), 3 * 2, "what was read is mended");
  await damage(stand.disk, [0, 1, 2]);
  await t.throwsAsync(stand.get("/photo"), { instanceOf: SegmentLostError });
  t.is((await problems(stand)).length, 1, "verify names it");
});

test("an upload that breaks off stores nothing", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const stored = stand.disk.stored;
  const broken = (async function* () {
    yield randomBytes(segmentSize + 5);
    throw new Error("the cable");
  })();
  await t.throwsAsync(
    stand.tree.put("/", "a", broken, stand.tree.owner, never),
    { message: "the cable" },
  );
  t.deepEqual(stand.names("/"), []);
  t.throws(() => stand.tree.places.find("/a"), { instanceOf: NoEntryError });
  await stand.store.idle();
  t.is(stand.disk.stored, stored);
});

test("history: each version can be read and restored; whoever reads an old one reads on", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree, put, get } = stand;
  const [one, two] = [randomBytes(2 * segmentSize), randomBytes(1000)];
  await put("/a", one);
  const reading = tree.read("/a", tree.owner, never).bytes;
  const first = await reading.next();
  await put("/a", two);
  t.deepEqual(
    tree.history
      .list("/a", tree.owner)
      .map(({ version, size }) => [version, size]),
    [
      [2, two.length],
      [1, one.length],
    ],
  );
  t.true((await get("/a", 1)).equals(one));
  tree.history.restore("/a", 1, tree.owner);
  t.true((await get("/a")).equals(one));
  t.true((await get("/a", 2)).equals(two));
  tree.bin.take("/a", tree.owner);
  await tree.bin.purge(tree.bin.list()[0]?.node.id ?? Buffer.alloc(0));
  const rest = await buffer(reading);
  t.true(Buffer.concat([first.value ?? Buffer.alloc(0), rest]).equals(one));
});

test("two who write the same file without knowing of each other: the later counts, the other is kept and shown", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree, put, get } = stand;
  await put("/plan", Buffer.from("as it was"));
  const { version } = tree.places.find("/plan");
  const write = async (text: string, strict = false) =>
    await tree.put("/", "plan", chunks(Buffer.from(text)), tree.owner, never, {
      base: version,
      strict,
    });
  await write("Ada's");
  await t.throwsAsync(write("strict", true), { instanceOf: ChangedError });
  await write("Bob's");
  t.is((await get("/plan")).toString(), "Bob's");
  t.true(tree.places.find("/plan").conflict);
  const { conflict = 0 } = tree.history.list("/plan", tree.owner)[0] ?? {};
  t.is((await get("/plan", conflict)).toString(), "Ada's");
  tree.history.settle("/plan", tree.owner);
  t.false(tree.places.find("/plan").conflict);
});

test("concurrent writers: each acknowledged content is the newest or in the history", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 9000 }), {
        minLength: 2,
        maxLength: 8,
      }),
      async (sizes) => {
        const name = randomBytes(6).toString("hex");
        const bodies = sizes.map((size) => randomBytes(size));
        await Promise.all(bodies.map((body) => stand.put(`/${name}`, body)));
        const kept = await Promise.all(
          stand.tree.history
            .list(`/${name}`, stand.tree.owner)
            .map(({ version }) => stand.get(`/${name}`, version)),
        );
        return bodies.every((body) => kept.some((one) => one.equals(body)));
      },
    ),
    { numRuns: 25 },
  );
  t.deepEqual(await problems(stand), []);
});

test("move, rename and replace: one step, with the history of what was there", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree, put, get, names } = stand;
  tree.makeDirectory("/", "a", tree.owner);
  tree.makeDirectory("/a", "b", tree.owner);
  await put("/a/b/one", Buffer.from("one"));
  await put("/two", Buffer.from("two"));
  tree.move("/a/b", "/", "c", tree.owner);
  t.is((await get("/c/one")).toString(), "one");
  t.throws(() => tree.places.find("/a/b"), { instanceOf: NoEntryError });
  t.throws(() => tree.move("/two", "/c", "one", tree.owner), {
    instanceOf: ExistsError,
  });
  tree.move("/two", "/c", "one", tree.owner, { replace: true });
  t.is((await get("/c/one")).toString(), "two");
  t.is((await get("/c/one", 1)).toString(), "one");
  t.deepEqual(names("/"), ["a", "c"]);
  t.throws(() => tree.move("/c", "/c", "d", tree.owner), {
    instanceOf: LoopError,
  });
  t.throws(() => tree.discard("/c", tree.owner), { instanceOf: NotEmptyError });
  t.deepEqual(await problems(stand), []);
});

test("the bin gives back what was thrown away, where it was or beside what is there now", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree, put, get, names } = stand;
  tree.makeDirectory("/", "letters", tree.owner);
  await put("/letters/one.txt", Buffer.from("one"));
  tree.bin.take("/letters", tree.owner);
  t.deepEqual(names("/"), []);
  const [thrown] = tree.bin.list();
  t.is(thrown?.origin, "/letters");
  if (!thrown) return;
  t.throws(() => tree.setAttributes("/.bin", { mode: 0 }, tree.owner), {
    instanceOf: ReadOnlyError,
  });
  tree.makeDirectory("/", "letters", tree.owner);
  tree.bin.restore(thrown.node.id);
  t.deepEqual(names("/"), ["letters", "letters (restored)"]);
  t.is((await get("/letters (restored)/one.txt")).toString(), "one");
  tree.bin.take("/letters (restored)", tree.owner);
  await tree.upkeep.tidy(never, Date.now() + 31 * 86_400_000);
  t.deepEqual(tree.bin.list(), []);
});

test("a copy and a snapshot share the data; a snapshot cannot be changed", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree, put, get } = stand;
  tree.makeDirectory("/", "d", tree.owner);
  const body = randomBytes(3_000_000);
  await put("/d/big", body);
  const stored = stand.disk.stored;
  await tree.copy("/d", "/", "e", tree.owner);
  await tree.snapshot("/d", "before");
  t.true(stand.disk.stored - stored < 100_000);
  await put("/d/big", Buffer.from("new"));
  t.true((await get("/e/big")).equals(body));
  t.true((await get("/.snapshots/before/big")).equals(body));
  await t.throwsAsync(put("/.snapshots/before/big", Buffer.from("x")), {
    instanceOf: ReadOnlyError,
  });
  for (const path of ["/d", "/e"]) {
    tree.bin.take(path, tree.owner);
    for (const { node } of tree.bin.list()) await tree.bin.purge(node.id);
  }
  await tree.flush();
  t.true((await get("/.snapshots/before/big")).equals(body));
  await tree.bin.purge(tree.places.find("/.snapshots/before").id);
  await tree[Symbol.asyncDispose]();
  await stand.store.idle();
});

test("deleting gives the room back", async (t) => {
  await using folder = await temporaryFolder();
  const packs = join(folder.path, "disk/store/packs");
  const used = async (): Promise<number> =>
    (
      await Promise.all(
        (await readdir(packs)).map((name) => stat(join(packs, name))),
      )
    ).reduce((sum, { size }) => sum + size, 0);
  await using stand = await openTree(folder.path, RootKey.create());
  for (const layout of layouts) {
    await stand.tree.put(
      "/",
      "a",
      chunks(randomBytes(8 * 2 ** 20)),
      stand.tree.owner,
      never,
      { layout },
    );
    t.true((await used()) > 12 * 2 ** 20);
    stand.tree.bin.take("/a", stand.tree.owner);
    for (const { node } of stand.tree.bin.list())
      await stand.tree.bin.purge(node.id);
    await stand.tree.reaped();
    await stand.store.idle();
    t.true((await used()) < 2 ** 20, layout);
  }
});

test("locks: one writer, a lease, and a fencing token that keeps late ones out", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  let token = 0;
  {
    await using stand = await openTree(folder.path, root);
    const { tree, put } = stand;
    await put("/a", Buffer.from("1"));
    const { id } = tree.places.find("/a");
    const lock = tree.locks.acquire(id, "/a", "Ada", 60_000);
    t.throws(() => tree.locks.acquire(id, "/a", "Bob", 60_000), {
      instanceOf: LockedError,
    });
    await t.throwsAsync(put("/a", Buffer.from("2")), {
      instanceOf: LockedError,
    });
    await tree.put("/", "a", chunks(Buffer.from("3")), tree.owner, never, {
      token: lock.token,
    });
    tree.locks.release(id, lock.token);
    ({ token } = tree.locks.acquire(id, "/a", "Bob", 60_000));
    t.true(token > lock.token);
    await t.throwsAsync(
      tree.put("/", "a", chunks(Buffer.from("4")), tree.owner, never, {
        token: lock.token,
      }),
      { instanceOf: LockedError },
      "the late one",
    );
  }
  await using stand = await openTree(folder.path, root);
  const { id } = stand.tree.places.find("/a");
  t.true(stand.tree.locks.acquire(id, "/a", "Cleo", 1000).token > token);
});

test("watching a path tells what happens beneath it, and nothing else", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree, put } = stand;
  tree.makeDirectory("/", "seen", tree.owner);
  const ending = new AbortController();
  const changes = tree.watch("/seen", tree.owner, ending.signal);
  const next = changes.next();
  await put("/elsewhere", Buffer.from("x"));
  await put("/seen/a", Buffer.from("x"));
  tree.move("/seen/a", "/", "b", tree.owner);
  t.deepEqual((await next).value, { kind: "written", path: "/seen/a" });
  t.deepEqual((await changes.next()).value, {
    kind: "removed",
    path: "/seen/a",
  });
  ending.abort();
  t.true((await changes.next()).done);
});

test("attributes, modes and times are kept, and a link keeps its target", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  {
    await using stand = await openTree(folder.path, root);
    const { tree, put } = stand;
    await put("/a", Buffer.from("x"));
    tree.setAttributes(
      "/a",
      {
        mode: 0o4751,
        uid: 1000,
        gid: 100,
        modified: 1234.5,
        attributes: new Map([["user.note", Buffer.from("hi")]]),
      },
      tree.owner,
    );
    tree.makeLink("/", "l", "../a", tree.owner);
  }
  await using stand = await openTree(folder.path, root);
  const { mode, uid, gid, modified } = stand.tree.places.find("/a");
  t.deepEqual([mode, uid, gid, modified], [0o4751, 1000, 100, 1234.5]);
  const { owner } = stand.tree;
  t.is(
    stand.tree.header("/a", owner).attributes.get("user.note")?.toString(),
    "hi",
  );
  t.is(stand.tree.header("/l", owner).target, "../a");
});

test("a directory of many entries is listed in slices, in the byte order of its names", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree } = stand;
  const wanted: string[] = [];
  for (let n = 0; n < 3000; n++) {
    const name = `${(n * 7919) % 3000} ü`;
    wanted.push(name);
    tree.makeFile("/", name, tree.owner);
    if (n % 500 === 0) await tree.flush();
  }
  const found: string[] = [];
  for (let after = ""; ; ) {
    const slice = tree.list("/", tree.owner, after, 700);
    found.push(...slice.map(({ name }) => name));
    const last = slice.at(-1);
    if (!last) break;
    after = last.name;
  }
  t.deepEqual(
    found,
    wanted.sort((a, b) => Buffer.from(a).compare(Buffer.from(b))),
  );
});

test("what was acknowledged outlives a kill at any moment; the rest leaves nothing", async (t) => {
  await using folder = await temporaryFolder();
  const seed = randomBytes(4).readUInt32BE();
  const acknowledged = new Map<string, string>();
  for (let round = 0; round < 4; round++) {
    const child = spawn(
      process.execPath,
      [
        "--disable-warning=ExperimentalWarning",
        join(import.meta.dirname, "writer.ts"),
        folder.path,
        String(round),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const wanted = 1 + ((seed >> (round * 4)) & 7);
    let count = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [name = "", sha = ""] = line.split(" ");
      acknowledged.set(name, sha);
      if (++count === wanted) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null)
      await once(child, "exit");
    const root = await RootKey.load(folder.path);
    if (!root) throw new Error("the writer left no root key");
    // Every other time, the index is lost as well.
    if (round % 2 === 1)
      await rm(join(folder.path, "tree"), { recursive: true });
    await using stand = await openTree(folder.path, root);
    for (const [name, sha] of acknowledged)
      t.is(
        createHash("sha256")
          .update(await stand.get(`/${name}`))
          .digest("hex"),
        sha,
        `${name}, seed ${seed}`,
      );
    t.deepEqual(await problems(stand), []);
  }
  t.true(acknowledged.size >= 4);
});

test("the tree can be made anew from what is on the disk, also after its journal was tidied", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  const body = randomBytes(200_000);
  let before: unknown;
  const shape = (stand: TreeStand): unknown =>
    [...stand.tree.state.nodesAfter(Buffer.alloc(0), 10_000)].map((node) => [
      node,
      stand.tree.state.versions(node.id),
    ]);
  {
    await using stand = await openTree(folder.path, root);
    const { tree, put } = stand;
    await put("/kept", Buffer.from("older"));
    await put("/kept", body);
    tree.makeDirectory("/", "d", tree.owner);
    for (let n = 0; n < 1500; n++) {
      tree.makeFile("/d", `f${n % 40}`, tree.owner);
      await tree.flush();
      if (n % 40 === 39)
        for (let i = 0; i < 40; i++) tree.discard(`/d/f${i}`, tree.owner);
    }
    await tree.put("/d", "random", chunks(body), tree.owner, never, {
      layout: "random",
    });
    await tree.upkeep.tidy(never);
    t.is(await tree.state.journal.read(1), undefined, "the oldest are gone");
    t.true(tree.state.usage.stored < 5 * 2 ** 20);
    before = shape(stand);
  }
  await rm(join(folder.path, "tree"), { recursive: true });
  await rm(join(folder.path, "disk/store/index"), { recursive: true });
  await using stand = await openTree(folder.path, root);
  t.deepEqual(shape(stand), before);
  t.true((await stand.get("/kept")).equals(body));
  t.is((await stand.get("/kept", 1)).toString(), "older");
  t.true((await stand.get("/d/random")).equals(body));
  t.deepEqual(await problems(stand), []);
});

test("files are written anew where the disks ask for another code", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const body = randomBytes(100_000);
  for (const layout of layouts)
    await stand.tree.put("/", layout, chunks(body), stand.tree.owner, never, {
      layout,
    });
  const second = await openDataDisk(
    await markFolder(join(folder.path, "second")),
  );
  stand.store.attach(second);
  await stand.tree.upkeep.recode(never);
  await stand.tree.reaped();
  await stand.store.idle();
  // Either disk alone is enough now.
  await stand.store.detach(second.uuid);
  for (const layout of layouts)
    t.true((await stand.get(`/${layout}`)).equals(body));
});

test("names that no file system takes are refused", (t) => {
  for (const name of [
    "",
    ".",
    "..",
    "a/b",
    "a\u0000",
    "x".repeat(256),
    "ä".repeat(128),
    "\ud800",
  ])
    t.throws(
      () => checkName(name),
      { instanceOf: BadNameError },
      JSON.stringify(name),
    );
  for (const name of ["a", "ä b.jpg", "...", "-rf", "%2f", "x".repeat(255)])
    t.notThrows(() => checkName(name));
});

test("the fragments on the disk show no name and no content", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const body = Buffer.alloc(
    300_000,
    "a secret that stands here again and again. ",
  );
  await stand.put("/letter-to-grandmother.txt", body);
  await stand.put("/small", Buffer.from("a secret that is short"));
  const packs = join(folder.path, "disk/store/packs");
  for (const name of await readdir(packs)) {
    await using file = await open(join(packs, name));
    const bytes = await file.readFile();
    t.false(bytes.includes("grandmother"));
    t.false(bytes.includes("a secret that"));
  }
});

test("an index that cannot be written: what was acknowledged is there after a restart, and no more is taken", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  let full = false;
  const told: unknown[] = [];
  {
    await using stand = await openTree(folder.path, root, {
      wrap: (index) => ({
        get: (table, key) => index.get(table, key),
        range: (...args) => index.range(...args),
        commit: async (changes) => {
          if (full) throw new Error("no room");
          await index.commit(changes);
        },
        [Symbol.asyncDispose]: async () => await index[Symbol.asyncDispose](),
      }),
      onError: (error) => told.push(error),
    });
    await stand.put("/before", Buffer.from("1"));
    await stand.tree.state.settle();
    full = true;
    await stand.put("/last", Buffer.from("2"));
    await t.throwsAsync(stand.tree.state.settle(), { message: /Restart it/ });
    t.is((await stand.get("/last")).toString(), "2", "it is still read");
    await t.throwsAsync(stand.put("/more", Buffer.from("3")), {
      message: /no room.*Restart it/,
    });
    t.true(told.length > 0);
  }
  await using stand = await openTree(folder.path, root);
  t.deepEqual(stand.names("/"), ["before", "last"]);
  t.is((await stand.get("/last")).toString(), "2");
});

test("two who change other pieces of one file at the same moment both do, in either layout", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree } = stand;
  for (const layout of ["sequential", "random"] as const) {
    const size = 200_000;
    const wanted = randomBytes(size);
    await tree.put("/", layout, chunks(wanted), tree.owner, never, { layout });
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      const bytes = randomBytes(10_000);
      const at = writer * 25_000;
      bytes.copy(wanted, at);
      const patches = [{ at, length: bytes.length }];
      await tree.patch(
        `/${layout}`,
        patches,
        size,
        chunks(bytes),
        tree.owner,
        never,
      );
    });
    await Promise.all(writers);
    await tree.flush();
    t.true((await stand.get(`/${layout}`)).equals(wanted), layout);
    const [newest] = tree.history.list(`/${layout}`, tree.owner);
    t.is(newest?.conflict, 0, "nobody lost anything");
  }
});
