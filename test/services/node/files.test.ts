import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import test from "ava";
import {
  FragmentStore,
  SegmentLostError,
} from "../../../services/node/store/fragments.ts";
import {
  decodeRecordHeader,
  headerSegment,
  recordAlignment,
  recordHeaderSize,
} from "../../../services/node/store/record.ts";
import { plainSegmentSize } from "../../../services/node/tree/block.ts";
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

async function openFiles(folder: string, root: RootKey) {
  const store = await FragmentStore.open(folder);
  return {
    store,
    files: await Files.open(store, root),
    [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose](),
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
  return await buffer((await files.get(name)).stream);
}

/** Flips a byte in each fragment whose number in its segment is in `indexes`, on the disk. */
async function damage(
  folder: string,
  indexes: readonly number[],
): Promise<number> {
  let damaged = 0;
  for (const name of await readdir(join(folder, "packs"))) {
    const path = join(folder, "packs", name);
    await using file = await open(path, "r+");
    const { size } = await stat(path);
    for (let at = 0; at < size; at += recordAlignment) {
      const bytes = Buffer.alloc(recordHeaderSize);
      await file.read(bytes, 0, recordHeaderSize, at);
      const header = decodeRecordHeader(bytes);
      if (!header || !indexes.includes(header.index)) continue;
      const place = at + recordHeaderSize + Math.floor(header.length / 2);
      await file.read(bytes, 0, 1, place);
      await file.write(Buffer.of((bytes[0] ?? 0) ^ 0x40), 0, 1, place);
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
      t.is(info.segments, Math.ceil(body.length / plainSegmentSize));
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
  const body = randomBytes(2 * plainSegmentSize + 777);
  await node.files.put("photo", body.length, chunks(body), never);
  t.is(await damage(folder.path, [0, 3]), 2 * 4);
  t.true((await read(node.files, "photo")).equals(body));
  t.is(node.store.state().mended, 2 * 4);
  t.true((node.store.state().lastMended ?? 0) > 0);
  t.is(await damage(folder.path, [4, 5]), 2 * 4);
  t.true((await read(node.files, "photo")).equals(body));
  t.is(
    node.store.state().mended,
    4 * 4,
    "parity that a download does not need is mended too",
  );
  await damage(folder.path, [0, 1, 2]);
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
  const { stream } = await node.files.get("a");
  const info = await node.files.put("a", two.length, chunks(two), never);
  t.is(info.version, 2);
  t.true((await buffer(stream)).equals(one));
  t.true((await read(node.files, "a")).equals(two));
});

test("deleting gives the room back", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  const blocks = async (): Promise<number> => {
    const packs = await readdir(join(folder.path, "packs"));
    return (
      await Promise.all(
        packs.map((name) => stat(join(folder.path, "packs", name))),
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
    t.true((await blocks()) < 2 ** 20);
  }
  await using node = await openFiles(folder.path, root);
  t.deepEqual(node.files.list(), []);
  t.is(await blocks(), 0);
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
  for (const name of await readdir(join(folder.path, "packs"))) {
    await using file = await open(join(folder.path, "packs", name));
    const bytes = await file.readFile();
    t.false(bytes.includes("grandmother"));
    t.false(bytes.includes("a secret that"));
    t.is(
      decodeRecordHeader(bytes)?.segment === headerSegment ||
        decodeRecordHeader(bytes)?.segment === 0,
      true,
    );
  }
});
