import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { openSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import fc from "fast-check";
import { keySigner } from "../../../services/shared/cose.ts";
import { principalOf } from "../../../services/shared/principal.ts";
import {
  blockSize,
  compareVersions,
  newestManifest,
  openManifest,
  signManifest,
  UpdateError,
} from "../../../services/shared/update.ts";
import { updaterFiles } from "../../../services/updates/client.ts";
import { runsOf } from "../../../services/updates/fetching.ts";
import { runJob } from "../../../services/updates/job.ts";
import { temporaryFolder } from "../../folder.ts";
import {
  board,
  builder,
  expectParts,
  serveFolder,
  writeVersion,
} from "../../update-set.ts";

const stranger = generateKeyPairSync("ed25519");

/** A box that runs version 1, as the updater sees it. */
async function boxOf(folder: string) {
  await writeVersion(join(folder, "old"), "1.0", []);
  const state = join(folder, "state");
  await mkdir(state, { recursive: true });
  return {
    folder: state,
    version: "1.0",
    image: { board, securityVersion: 3 },
    signers: [builder.publicKey],
    running: ["root.raw", "efi"].map((end) =>
      openSync(join(folder, "old", `coppice_1.0.${end}`), "r"),
    ),
    signal: new AbortController().signal,
  };
}

test("only what changed comes over the line, from a stock web server", async (t) => {
  await using folder = await temporaryFolder();
  const box = await boxOf(folder.path);
  const web = join(folder.path, "web");
  const manifest = await writeVersion(join(web, board), "1.1", [5, 6, 700]);
  await using server = await serveFolder(web);
  const job = { source: server.url, download: false, floor: 3 };
  const looked = await runJob(job, box);
  t.like(looked, { phase: "found", version: "1.1", came: 0 });
  const brought = await runJob({ ...job, download: true }, box);
  t.is(brought.phase, "ready");
  await expectParts(t, box.folder, manifest);
  const lists = manifest.files.reduce(
    (sum, { size }) => sum + Math.ceil(size / blockSize) * 16,
    0,
  );
  const changed = 3 * blockSize + blockSize + "reference".length;
  // The end of the kernel is a block that no root has; and two changed ones stand in both.
  t.true(brought.came <= lists + changed + 4 * blockSize, `${brought.came}`);
  t.is((await runJob({ ...job, download: true }, box)).phase, "ready");
});

test("a server without ranges is read once, and a folder is a source too", async (t) => {
  await using folder = await temporaryFolder();
  const box = await boxOf(folder.path);
  const web = join(folder.path, "web");
  const manifest = await writeVersion(join(web, board), "2.0", [0, 500, 1000]);
  const asked = new Map<string, number>();
  await using server = createServer(async ({ url = "" }, response) => {
    asked.set(url, (asked.get(url) ?? 0) + 1);
    response.end(await readFile(join(web, url)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const source = `http://127.0.0.1:${port}`;
  const { phase } = await runJob({ source, download: true, floor: 0 }, box);
  t.is(phase, "ready");
  await expectParts(t, box.folder, manifest);
  t.is(asked.get(`/${board}/coppice_2.0.root.raw`), 1);
  await rm(box.folder, { recursive: true });
  await mkdir(box.folder);
  await runJob(
    { source: pathToFileURL(web).href, download: true, floor: 0 },
    box,
  );
  await expectParts(t, box.folder, manifest);
});

test("a download that is broken off anywhere goes on where it was", async (t) => {
  await using folder = await temporaryFolder();
  const box = await boxOf(folder.path);
  const web = join(folder.path, "web");
  const all = Array.from({ length: 1024 }, (_, block) => block);
  const manifest = await writeVersion(join(web, board), "3.0", all);
  let left = 0;
  let sent = 0;
  await using server = createServer(async ({ url = "", headers }, response) => {
    const bytes = await readFile(join(web, url));
    const [from = 0, to = bytes.length] = (headers.range ?? "")
      .replace("bytes=", "")
      .split("-")
      .map(Number);
    const part = bytes.subarray(from, to + 1);
    const cut = part.subarray(0, Math.max(0, left));
    left -= part.length;
    sent += cut.length;
    response.writeHead(206, { "content-length": part.length });
    if (cut.length === part.length) response.end(part);
    else response.write(cut, () => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const job = {
    source: `http://127.0.0.1:${port}`,
    download: true,
    floor: 0,
  };
  let tries = 0;
  for (;;) {
    tries++;
    left = 40_000 + 700_000 * Math.random();
    const end = await runJob(job, box).catch((error: unknown) => error);
    if (!(end instanceof Error)) break;
  }
  t.true(tries > 3, `${tries} tries`);
  await expectParts(t, box.folder, manifest);
  const whole = manifest.files.reduce((sum, { size }) => sum + size, 0);
  t.true(sent < 2 * whole, `${sent} bytes for ${whole}`);
});

test("what is not right is refused, by its name, and the box stays as it was", async (t) => {
  await using folder = await temporaryFolder();
  const box = await boxOf(folder.path);
  const set = join(folder.path, "web", board);
  const job = {
    source: pathToFileURL(join(folder.path, "web")).href,
    download: true,
    floor: 3,
  };
  const refused = async (type: string, words: RegExp): Promise<void> => {
    const error = await t.throwsAsync(runJob(job, box), {
      instanceOf: UpdateError,
    });
    t.is(error?.type, type);
    t.regex(error?.message ?? "", words);
    const progress = JSON.parse(
      await readFile(join(box.folder, updaterFiles.progress), "utf8"),
    );
    t.like(progress, { phase: "failed", problem: { type } });
  };
  await refused("no-stick", /There is no coppice\.update on the stick/);

  const manifest = await writeVersion(set, "1.1", [8]);
  const root = join(set, "coppice_1.1.root.raw");
  const good = await readFile(root);
  await writeFile(
    root,
    Buffer.from(good).fill(1, 8 * blockSize, 8 * blockSize + 1),
  );
  await refused("damaged", /not what was signed, from byte 32768 on/);
  await writeFile(root, good.subarray(0, 8 * blockSize + 100));
  await refused("no-source", /broke in the midst of coppice_1\.1\.root\.raw/);
  await writeFile(root, good);
  const list = `${root}.blocks`;
  const names = await readFile(list);
  await writeFile(list, names.subarray(16));
  await refused("damaged", /list of blocks/);
  await writeFile(list, Buffer.from(names).fill(9, 0, 1));
  await refused("damaged", /list of blocks/);
  await writeFile(list, names);

  const file = join(set, newestManifest);
  const document = await readFile(file);
  await writeFile(file, document.subarray(0, document.length - 64));
  await refused("bad-signature", /signature is not right, or there is none/);
  await writeFile(file, randomBytes(300_000));
  await refused("damaged", /larger than it can be/);
  await writeFile(
    file,
    await signManifest(
      manifest,
      keySigner(
        principalOf(stranger.publicKey),
        stranger.privateKey,
        stranger.publicKey,
      ),
    ),
  );
  await refused("bad-signature", /whom this box does not trust/);
  await writeVersion(set, "1.1", [8], { board: "x86-64-efi" });
  await refused("other-board", /for x86-64-efi, and this is qemu-x86-64/);
  await writeVersion(set, "9.0", [8], { securityVersion: 2 });
  await refused("downgrade", /security version is 2, at least 3/);
  await writeVersion(set, "1.1", [8], { expires: 1000 });
  await refused("expired", /true until 1970-01-01/);
  await writeVersion(set, "1.0", []);
  t.like(await runJob(job, box), { phase: "none", version: "1.0" });
  t.is(
    await stat(join(box.folder, updaterFiles.parts)).catch(() => "none"),
    "none",
  );
});

test("a manifest opens as it was signed or not at all", async (t) => {
  await using folder = await temporaryFolder();
  const manifest = await writeVersion(folder.path, "1.2.3", []);
  const document = await readFile(join(folder.path, newestManifest));
  t.deepEqual(openManifest(document, [builder.publicKey]), manifest);
  fc.assert(
    fc.property(
      fc.nat(document.length - 1),
      fc.integer({ min: 1, max: 255 }),
      (at, change) => {
        const bytes = Buffer.from(document);
        bytes[at] = (bytes[at] as number) ^ change;
        t.throws(() => openManifest(bytes, [builder.publicKey]), {
          instanceOf: UpdateError,
        });
      },
    ),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      t.throws(() => openManifest(bytes, [builder.publicKey]), {
        instanceOf: UpdateError,
      });
    }),
  );
});

test("versions are ordered by their numbers", (t) => {
  for (const [older, newer] of [
    ["0.9", "0.10"],
    ["1", "1.0.1"],
    ["1.2.3", "2"],
  ] as const) {
    t.true(compareVersions(older, newer) < 0);
    t.true(compareVersions(newer, older) > 0);
  }
  t.is(compareVersions("1.0", "1"), 0);
});

test("runs hold every missing block once, and little else", (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(5000), { maxLength: 200 }),
      fc.boolean(),
      (numbers, ranges) => {
        const missing = numbers.toSorted((a, b) => a - b);
        const runs = runsOf(missing, ranges);
        const covered = runs.flatMap(([first, count]) =>
          Array.from({ length: count }, (_, index) => first + index),
        );
        t.is(new Set(covered).size, covered.length);
        for (const block of missing) t.true(covered.includes(block));
        if (!ranges) t.true(runs.length <= 1);
      },
    ),
    { numRuns: 50 },
  );
});
