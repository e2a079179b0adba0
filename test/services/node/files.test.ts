import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import test from "ava";
import {
  inlineLimit,
  segmentSizeOf,
} from "../../../services/node/store/body.ts";
import {
  markFolder,
  openDataDisk,
  openFolders,
} from "../../../services/node/store/data-disk.ts";
import type { DiskStore } from "../../../services/node/store/disk-store.ts";
import { mendedOn, mendingsOn } from "../../../services/node/store/history.ts";
import { scanPack } from "../../../services/node/store/pack-scan.ts";
import {
  headerSegment,
  recordHeaderSize,
} from "../../../services/node/store/record.ts";
import { Scrubber } from "../../../services/node/store/scrub.ts";
import { SegmentLostError } from "../../../services/node/store/segment.ts";
import {
  checkName,
  Files,
  UploadCutError,
} from "../../../services/node/tree/files.ts";
import { RootKey } from "../../../services/node/tree/rootkey.ts";
import {
  BadRequestError,
  NotFoundError,
} from "../../../services/shared/errors.ts";
import { temporaryFolder } from "../../folder.ts";

const never = new AbortController().signal;
const plainSegmentSize = segmentSizeOf({ k: 4, m: 2 });

async function openFiles(folder: string, root: RootKey) {
  const store = await openFolders([join(folder, "disk")], (error) => {
    throw error;
  });
  const [disk] = store.disks.values();
  if (!disk) throw new Error("the disk is not there");
  const files = Files.open(store, root, join(folder, "names"));
  return {
    store,
    disk,
    files,
    [Symbol.asyncDispose]: async () => {
      await files[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

function chunks(bytes: Buffer, size = 65536): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size)
        yield bytes.subarray(at, at + size);
    })(),
  );
}

async function read(files: Files, name: string): Promise<Buffer> {
  return await buffer((await files.get(name, never)).stream);
}

/** Flips a byte in each live fragment whose number in its segment is in `indexes`, on the disk. */
async function damage(
  { disk }: { disk: DiskStore },
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

test("files of every size come back, and survive a reopen", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  const sizes = [
    0,
    1,
    17,
    65536,
    plainSegmentSize - 1,
    plainSegmentSize,
    plainSegmentSize + 1,
    3 * plainSegmentSize + 12345,
  ];
  const bodies = new Map(
    sizes.map((size) => [`file ${size} ä`, randomBytes(size)]),
  );
  {
    await using node = await openFiles(folder.path, root);
    for (const [name, body] of bodies) {
      const info = await node.files.put(name, body.length, chunks(body), never);
      t.is(info.size, body.length);
      t.is(
        info.segments,
        body.length <= inlineLimit
          ? 0
          : Math.ceil(body.length / plainSegmentSize),
      );
    }
  }
  await using node = await openFiles(folder.path, root);
  t.is(node.files.list().length, sizes.length);
  for (const [name, body] of bodies)
    t.true((await read(node.files, name)).equals(body), name);
});

test("damage in up to m fragments of each segment is mended, beyond that it is named", async (t) => {
  await using folder = await temporaryFolder();
  await using node = await openFiles(folder.path, RootKey.create());
  await using scrubber = new Scrubber(node.store);
  const body = randomBytes(2 * plainSegmentSize + 777);
  await node.files.put("photo", body.length, chunks(body), never);
  // A header has three fragments, each of which restores it; a segment six, of which four do.
  t.is(await damage(node, [0, 3]), 3 * 2 + 1);
  t.true((await read(node.files, "photo")).equals(body));
  await node.store.idle();
  t.is(mendedOn(node.disk), 3 * 2 + 1, "what was read is mended");
  t.is(await damage(node, [4, 5]), 3 * 2);
  t.true((await read(node.files, "photo")).equals(body));
  await node.store.idle();
  t.is(mendedOn(node.disk), 3 * 2 + 1, "a download does not need parity");
  const report = await scrubber.now(never);
  t.is(report.mended, 3 * 2);
  t.deepEqual(report.lost, []);
  t.is(mendingsOn(node.disk)[0]?.cause, "rotten");
  await damage(node, [0, 1, 2]);
  await t.throwsAsync(read(node.files, "photo"), {
    instanceOf: SegmentLostError,
  });
  await node.files.remove("photo");
  t.deepEqual(node.files.list(), []);
});

test("an upload that is cut, too long or aborted stores nothing", async (t) => {
  await using folder = await temporaryFolder();
  await using node = await openFiles(folder.path, RootKey.create());
  await t.throwsAsync(
    node.files.put("a", 100, chunks(randomBytes(99)), never),
    { instanceOf: UploadCutError },
  );
  await t.throwsAsync(
    node.files.put("a", 100, chunks(randomBytes(101)), never),
    { instanceOf: UploadCutError },
  );
  const broken = Readable.from(
    (async function* () {
      yield randomBytes(plainSegmentSize + 5);
      throw new Error("the cable");
    })(),
  );
  await t.throwsAsync(
    node.files.put("a", plainSegmentSize * 2, broken, never),
    { message: "the cable" },
  );
  t.deepEqual(node.files.list(), []);
  t.throws(() => node.files.stat("a"), { instanceOf: NotFoundError });
});

test("a new version replaces the old one, and whoever reads the old one reads on", async (t) => {
  await using folder = await temporaryFolder();
  await using node = await openFiles(folder.path, RootKey.create());
  const [one, two] = [randomBytes(2 * plainSegmentSize), randomBytes(1000)];
  await node.files.put("a", one.length, chunks(one), never);
  const { stream } = await node.files.get("a", never);
  const info = await node.files.put("a", two.length, chunks(two), never);
  t.is(info.version, 2);
  t.true((await buffer(stream)).equals(one));
  t.true((await read(node.files, "a")).equals(two));
});

test("deleting gives the room back", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  const blocks = async (): Promise<number> => {
    const packs = await readdir(join(folder.path, "disk/store/packs"));
    return (
      await Promise.all(
        packs.map((name) => stat(join(folder.path, "disk/store/packs", name))),
      )
    ).reduce((sum, { blocks }) => sum + blocks * 512, 0);
  };
  {
    await using node = await openFiles(folder.path, root);
    await node.files.put(
      "a",
      8 * 2 ** 20,
      chunks(randomBytes(8 * 2 ** 20)),
      never,
    );
    t.true((await blocks()) > 12 * 2 ** 20);
    await node.files.remove("a");
    await node.store.idle();
    t.true((await blocks()) < 2 ** 20);
  }
  await using node = await openFiles(folder.path, root);
  t.deepEqual(node.files.list(), []);
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
    await using node = await openFiles(folder.path, root);
    for (const [name, sha] of acknowledged)
      t.is(
        createHash("sha256")
          .update(await read(node.files, name))
          .digest("hex"),
        sha,
        `${name}, seed ${seed}`,
      );
    for (const { name } of node.files.list())
      await t.notThrowsAsync(read(node.files, name), name);
  }
  t.true(acknowledged.size >= 4);
});

test("the names can be made anew from what is on the disk", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  const body = randomBytes(20_000);
  {
    await using node = await openFiles(folder.path, root);
    await node.files.put("kept", 5, chunks(Buffer.from("older")), never);
    await node.files.put("kept", body.length, chunks(body), never);
    await node.files.put("small", 5, chunks(Buffer.from("small")), never);
    await node.files.put("gone", 5, chunks(Buffer.from("gone!")), never);
    await node.files.remove("gone");
  }
  await rm(join(folder.path, "names"), { recursive: true });
  await rm(join(folder.path, "disk/store/index"), { recursive: true });
  await using node = await openFiles(folder.path, root);
  await node.files.discover(never);
  t.deepEqual(
    node.files.list().map(({ name, version }) => [name, version]),
    [
      ["kept", 2],
      ["small", 1],
    ],
  );
  t.true((await read(node.files, "kept")).equals(body));
});

test("files are written anew where the disks ask for another code", async (t) => {
  await using folder = await temporaryFolder();
  await using node = await openFiles(folder.path, RootKey.create());
  const body = randomBytes(100_000);
  await node.files.put("a", body.length, chunks(body), never);
  t.is(node.files.stat("a").fragments, 6);
  const second = await openDataDisk(
    await markFolder(join(folder.path, "second")),
  );
  node.store.attach(second);
  await node.files.recode(never);
  t.is(node.files.stat("a").fragments, 8);
  t.is(node.files.stat("a").version, 1);
  await node.store.idle();
  // Either disk alone is enough now.
  await node.store.detach(second.uuid);
  t.true((await read(node.files, "a")).equals(body));
});

test("names that could harm a file system are refused", (t) => {
  for (const name of [
    "",
    ".",
    "..",
    "a/b",
    "..\\a",
    "a\u0000",
    "a\nb",
    "x".repeat(256),
    "ä".repeat(128),
    "\ud800",
  ])
    t.throws(
      () => checkName(name),
      { instanceOf: BadRequestError },
      JSON.stringify(name),
    );
  for (const name of ["a", "ä b.jpg", "...", "-rf", "%2f", "x".repeat(255)])
    t.notThrows(() => checkName(name));
});

test("the fragments on the disk show no name and no content", async (t) => {
  await using folder = await temporaryFolder();
  await using node = await openFiles(folder.path, RootKey.create());
  const body = Buffer.alloc(
    300_000,
    "a secret that stands here again and again. ",
  );
  await node.files.put(
    "letter-to-grandmother.txt",
    body.length,
    chunks(body),
    never,
  );
  for (const name of await readdir(join(folder.path, "disk/store/packs"))) {
    await using file = await open(join(folder.path, "disk/store/packs", name));
    const bytes = await file.readFile();
    t.false(bytes.includes("grandmother"));
    t.false(bytes.includes("a secret that"));
    for await (const { header } of scanPack(
      node.disk.packs,
      Number.parseInt(name, 10),
      0,
      false,
    ))
      t.true(header.segment === headerSegment || header.segment === 0);
  }
});
