import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { NodeClient } from "../../services/node/client.ts";
import { openFolders } from "../../services/node/store/data-disk.ts";
import type { FragmentStore } from "../../services/node/store/fragments.ts";
import { Objects } from "../../services/node/store/objects.ts";
import { LmdbIndex } from "../../services/node/store/ordered-index.ts";
import { RootKey } from "../../services/node/tree/rootkey.ts";
import { Tree } from "../../services/node/tree/tree.ts";
import { treeTables } from "../../services/node/tree/tree-index.ts";
import { BoxClient } from "../../test/box-client.ts";
import { buildFolder, repository } from "../builder.ts";
import { freePort, LocalServices } from "../local-services.ts";
import { run } from "../process.ts";
import { printFigure } from "./figure.ts";
import { openHyperdrive, writeDrive } from "./hyperdrive.ts";
import { dropCaches, median, scratch, seconds } from "./measure.ts";

const never = new AbortController().signal;
const mebibyte = 2 ** 20;
const large = 1024 * mebibyte;
const files = 100_000;
const writers = 16;
const rounds = 3;

/** The block tree beside the fragment store alone, and ext4 on the same disk. Needs root (to drop caches), FUSE and 20 GB of room. */
export async function benchTree(): Promise<void> {
  await using folder = await scratch();
  const fail = (error: unknown): void => {
    throw error;
  };
  {
    await using store = await openFolders([join(folder.path, "disk")], fail);
    const index = await LmdbIndex.open(join(folder.path, "tree"), treeTables);
    await using tree = await Tree.open(store, RootKey.create(), index, fail);
    await tree.ensureRoot();
    await benchLarge(folder.path, store, tree);
    await benchSmall(folder.path, tree);
    await benchFirstByte(tree);
  }
  await benchMount(folder.path);
}

/** One gigabyte, written and read, through the tree and without it. */
async function benchLarge(
  folder: string,
  store: FragmentStore,
  tree: Tree,
): Promise<void> {
  const objects = new Objects(store, randomBytes(32));
  const source = join(folder, "source");
  await run("dd", [
    "if=/dev/urandom",
    `of=${source}`,
    "bs=1M",
    `count=${large / mebibyte}`,
  ]);
  const bytes = () => createReadStream(source, { highWaterMark: mebibyte });
  await using hyper = await openHyperdrive(join(folder, "hyperdrive"));
  const times = {
    put: [] as number[],
    get: [] as number[],
    storePut: [] as number[],
    storeGet: [] as number[],
    hyperPut: [] as number[],
    hyperGet: [] as number[],
  };
  for (let round = 0; round < rounds; round++) {
    await dropCaches();
    let id = "";
    times.storePut.push(
      await seconds(async () => {
        ({ id } = await objects.put(bytes(), { k: 4, m: 2 }, never));
      }),
    );
    await dropCaches();
    times.put.push(
      await seconds(
        async () => await tree.put("/", "large", bytes(), tree.owner, never),
      ),
    );
    await dropCaches();
    times.storeGet.push(
      await seconds(async () => drain((await objects.get(id, never)).bytes)),
    );
    await dropCaches();
    times.get.push(
      await seconds(async () =>
        drain(tree.read("/large", tree.owner, never).bytes),
      ),
    );
    await dropCaches();
    times.hyperPut.push(
      await seconds(
        async () => await writeDrive(hyper.drive, "/large", bytes()),
      ),
    );
    await dropCaches();
    times.hyperGet.push(
      await seconds(async () => drain(hyper.drive.createReadStream("/large"))),
    );
    await hyper.drive.del("/large");
    await objects.remove(id);
    tree.discard("/large", tree.owner);
    await tree.reaped();
    await store.idle();
  }
  const alone = "the fragment store alone";
  for (const [name, ours, peer, theirs, bar] of [
    ["write", times.put, alone, times.storePut, ">= 0.8"],
    ["read", times.get, alone, times.storeGet, ">= 0.8"],
    ["write", times.put, "hyperdrive", times.hyperPut, ">= 2"],
    ["read", times.get, "hyperdrive", times.hyperGet, ">= 2"],
  ] as const)
    printFigure({
      name: `sequential ${name} of 1 GiB, uncached`,
      value: large / mebibyte / median(ours),
      unit: "MiB/s",
      versus: `${peer}, ${(large / mebibyte / median(theirs)).toFixed(0)} MiB/s`,
      ratio: median(theirs) / median(ours),
      bar,
    });
}

/** Many small files in one directory, and listing them. */
async function benchSmall(folder: string, tree: Tree): Promise<void> {
  const body = randomBytes(1024);
  const plain = join(folder, "plain");
  await mkdir(plain);
  tree.makeDirectory("/", "many", tree.owner);
  const spread = async (
    create: (number: number) => Promise<unknown>,
  ): Promise<number> =>
    await seconds(
      async () =>
        await Promise.all(
          Array.from({ length: writers }, async (_, writer) => {
            for (let number = writer; number < files; number += writers)
              await create(number);
          }),
        ),
    );
  const theirs = await spread(async (number) => {
    await using file = await open(join(plain, `file-${number}`), "wx");
    await file.write(body);
    await file.sync();
  });
  const hypers = await (async () => {
    await using hyper = await openHyperdrive(join(folder, "hyperdrive-many"));
    return await spread(
      async (number) => await hyper.drive.put(`/many/file-${number}`, body),
    );
  })();
  const ours = await spread(
    async (number) =>
      await tree.put("/many", `file-${number}`, once(body), tree.owner, never),
  );
  for (const [peer, taken, bar] of [
    [`ext4 with fsync each, ${writers} writers`, theirs, ">= 1.0"],
    [`hyperdrive without fsync, ${writers} writers`, hypers, ">= 2"],
  ] as const)
    printFigure({
      name: `files of 1 KiB created in one directory, ${writers} writers`,
      value: files / ours,
      unit: "files/s",
      versus: `${peer}, ${(files / taken).toFixed(0)}/s`,
      ratio: taken / ours,
      bar,
    });
  const lists: number[] = [];
  const peers: number[] = [];
  for (let round = 0; round < rounds; round++) {
    peers.push(
      await seconds(
        async () => await run("sh", ["-c", `ls -l ${plain} >/dev/null`]),
      ),
    );
    lists.push(
      await seconds(async () => {
        let after = "";
        let bytes = 0;
        for (;;) {
          const slice = tree.list("/many", tree.owner, after, 1000);
          for (const { size } of slice) bytes += size;
          const last = slice.at(-1);
          if (!last) break;
          after = last.name;
        }
        if (bytes !== files * body.length)
          throw new Error("the listing is not whole");
      }),
    );
  }
  printFigure({
    name: "listing 10^5 entries with their sizes",
    value: median(lists),
    unit: "s",
    versus: `ls -l on ext4, ${median(peers).toFixed(3)} s`,
    ratio: median(lists) / median(peers),
    bar: "<= 4",
  });
}

/** How long the first byte of a file takes, however long the file is. */
async function benchFirstByte(tree: Tree): Promise<void> {
  for (const layout of ["sequential", "random"] as const) {
    const times: number[][] = [];
    for (const [name, size] of [
      ["short", 4 * mebibyte],
      ["long", 4096 * mebibyte],
    ] as const) {
      const piece = randomBytes(mebibyte);
      await tree.put(
        "/",
        name,
        (async function* () {
          for (let at = 0; at < size; at += piece.length) yield piece;
        })(),
        tree.owner,
        never,
        { layout },
      );
      const taken: number[] = [];
      for (let round = 0; round < 21; round++) {
        await dropCaches();
        taken.push(
          await seconds(async () => {
            const { bytes } = tree.read(`/${name}`, tree.owner, never, {
              start: 0,
              end: 1,
            });
            await drain(bytes);
          }),
        );
      }
      times.push(taken);
      tree.discard(`/${name}`, tree.owner);
      await tree.reaped();
    }
    const [short = [], long = []] = times;
    printFigure({
      name: `first byte of a file of 4 GiB, ${layout}, uncached`,
      value: median(long) * 1000,
      unit: "ms",
      versus: `of a file of 4 MiB, ${(median(short) * 1000).toFixed(2)} ms`,
      ratio: median(long) / median(short),
      bar: "<= 2",
    });
  }
}

/** Reading a file through the mount, and by the command line, on the same services. */
async function benchMount(folder: string): Promise<void> {
  await mkdir(join(folder, "services"));
  await using services = await LocalServices.start({
    home: repository,
    folder: join(folder, "services"),
    port: await freePort(),
    pages: join(buildFolder, "web"),
    disks: ["birch"],
    tpm: true,
    onLine: () => {},
  });
  await using client = new BoxClient(services.url);
  await client.claim((await services.setupCode()) ?? "", "birch", {
    name: "Ada",
    password: "correct horse battery",
  });
  const env = {
    ...process.env,
    COPPICE_RUNTIME: join(services.folder, "run"),
  };
  process.env.COPPICE_RUNTIME = env.COPPICE_RUNTIME;
  const mounted = join(folder, "mounted");
  await mkdir(mounted);
  const cli = [
    "--disable-warning=ExperimentalWarning",
    join(repository, "services/cli/main.ts"),
  ];
  await using node = new NodeClient();
  await node.tree.write(
    { parent: "/", name: "large" },
    createReadStream(join(folder, "source"), { highWaterMark: mebibyte }),
    large,
  );
  const child = spawn(process.execPath, [...cli, "mount", mounted], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout }))
    if (line.endsWith(mounted)) break;
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      await dropCaches();
      ours.push(
        await seconds(
          async () =>
            await run("dd", [
              `if=${join(mounted, "large")}`,
              "of=/dev/null",
              "bs=1M",
            ]),
        ),
      );
      await dropCaches();
      theirs.push(
        await seconds(
          async () =>
            await run(
              "sh",
              [
                "-c",
                `${[process.execPath, ...cli].join(" ")} file get /large - >/dev/null`,
              ],
              { env },
            ),
        ),
      );
    }
  } finally {
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("exit", resolve));
  }
  printFigure({
    name: "FUSE, sequential read of 1 GiB",
    value: large / mebibyte / median(ours),
    unit: "MiB/s",
    versus: `coppice file get, ${(large / mebibyte / median(theirs)).toFixed(0)} MiB/s`,
    ratio: median(theirs) / median(ours),
    bar: ">= 0.5",
  });
  await writeFile("/proc/sys/vm/drop_caches", "1");
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of source) bytes += chunk.length;
  return bytes;
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
