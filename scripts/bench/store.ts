import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { StoreHere } from "../../services/node/store/here.ts";
import { run } from "../process.ts";
import { printFigure } from "./figure.ts";
import { dropCaches, median, scratch, seconds } from "./measure.ts";
import { benchEncode } from "./store/encode.ts";
import { GlusterVolume } from "./store/gluster.ts";
import { benchIndex } from "./store/lookup.ts";

const never = new AbortController().signal;
const mebibyte = 2 ** 20;
const large = 2048 * mebibyte;
const rounds = 3;
const code = { k: 4, m: 2 };

/** The fragment store beside ISA-L, dd, fsync and restic on the same disk. Needs root (to drop caches) and 12 GB of room. */
export async function benchStore(): Promise<void> {
  await benchEncode();
  await using folder = await scratch();
  await benchLarge(folder.path);
  await benchSmall(folder.path);
  await benchRestic(folder.path);
  await benchGluster(folder.path);
  await benchIndex(folder.path);
}

async function openStore(folders: readonly string[]): Promise<StoreHere> {
  const [first = ""] = folders;
  return await StoreHere.open(folders, join(first, "../key"), (error) => {
    throw error;
  });
}

async function putFile(here: StoreHere, path: string): Promise<string> {
  const source = createReadStream(path, { highWaterMark: mebibyte });
  return (await here.objects.put(source, code, never)).id;
}

async function drain(here: StoreHere, id: string): Promise<void> {
  const { info, bytes } = await here.objects.get(id, never);
  let read = 0;
  for await (const part of bytes) read += part.length;
  if (read !== info.size) throw new Error(`${read} of ${info.size} bytes came`);
}

async function onDisk(folders: readonly string[]): Promise<number> {
  let sum = 0;
  for (const folder of folders) {
    const packs = join(folder, "store/packs");
    for (const name of await readdir(packs))
      sum += (await stat(join(packs, name))).blocks * 512;
  }
  return sum;
}

async function benchLarge(folder: string): Promise<void> {
  const source = join(folder, "source");
  await pipeline(
    Readable.from(
      (function* () {
        for (let at = 0; at < large; at += mebibyte)
          yield randomBytes(mebibyte);
      })(),
    ),
    createWriteStream(source),
  );
  const puts: number[] = [];
  const writes: number[] = [];
  let reached = 0;
  // In turn, because the disk of a virtual machine is not the same from one minute to the next.
  for (let round = 0; round < rounds; round++) {
    const disk = join(folder, `put-${round}`);
    {
      await using here = await openStore([disk]);
      await run("sync", []);
      puts.push(await seconds(async () => await putFile(here, source)));
    }
    reached = await onDisk([disk]);
    await rm(disk, { recursive: true });
    await run("sync", []);
    const blocks = Math.ceil(reached / mebibyte);
    const target = join(folder, "dd");
    writes.push(
      await seconds(
        async () =>
          await run("dd", [
            "if=/dev/zero",
            `of=${target}`,
            "bs=1M",
            `count=${blocks}`,
            "conv=fdatasync",
          ]),
      ),
    );
    await rm(target);
  }
  const put = median(puts);
  const dd = median(writes);
  printFigure({
    name: "put of 2 GiB at 4+2",
    value: large / mebibyte / put,
    unit: "MiB/s",
    versus: `dd + fdatasync of the ${Math.round(reached / mebibyte)} MiB that reach the disk, ${dd.toFixed(2)} s beside ${put.toFixed(2)} s`,
    ratio: dd / put,
    bar: ">= 0.75",
  });
  const disks = ["get-a", "get-b", "get-c"].map((name) => join(folder, name));
  let id: string;
  {
    await using here = await openStore(disks);
    id = await putFile(here, source);
  }
  await benchGet(disks, id, source);
  for (const disk of disks) await rm(disk, { recursive: true });
  await rm(source);
}

async function benchGet(
  disks: readonly string[],
  id: string,
  source: string,
): Promise<void> {
  const dd = async (): Promise<unknown> =>
    await run("dd", [`if=${source}`, "of=/dev/null", "bs=1M"]);
  const times = {
    cached: [] as number[],
    uncached: [] as number[],
    lost: [] as number[],
    ddCached: [] as number[],
    ddUncached: [] as number[],
  };
  for (let round = 0; round < rounds; round++) {
    {
      await using here = await openStore(disks);
      await dropCaches();
      times.uncached.push(await seconds(async () => await drain(here, id)));
      times.cached.push(await seconds(async () => await drain(here, id)));
    }
    await dropCaches();
    times.ddUncached.push(await seconds(dd));
    times.ddCached.push(await seconds(dd));
    {
      // Without the third disk two fragments of every segment are lost. What is read is not mended: nothing new takes it.
      await using here = await openStore(disks.slice(0, 2));
      for (const uuid of here.store.disks.keys())
        here.store.setDraining(uuid, true);
      await dropCaches();
      times.lost.push(await seconds(async () => await drain(here, id)));
    }
  }
  const speed = (list: number[]): number => large / mebibyte / median(list);
  for (const [name, mine, peer] of [
    ["get, cached", times.cached, times.ddCached],
    ["get, uncached", times.uncached, times.ddUncached],
  ] as const)
    printFigure({
      name,
      value: speed(mine),
      unit: "MiB/s",
      versus: `dd of the same bytes, ${speed(peer).toFixed(0)} MiB/s`,
      ratio: speed(mine) / speed(peer),
      bar: ">= 0.6",
    });
  printFigure({
    name: "get with 2 fragments of every segment lost, uncached",
    value: speed(times.lost),
    unit: "MiB/s",
    versus: `healthy get, ${speed(times.uncached).toFixed(0)} MiB/s`,
    ratio: speed(times.lost) / speed(times.uncached),
    bar: ">= 0.6",
  });
}

async function benchSmall(folder: string): Promise<void> {
  const object = randomBytes(4096);
  const rate = async (
    writers: number,
    inFlight: number,
    count: number,
  ): Promise<number> => {
    const disk = join(folder, "small");
    let time: number;
    {
      await using here = await openStore([disk]);
      const put = async (): Promise<unknown> =>
        await here.objects.put(
          (async function* () {
            yield object;
          })(),
          code,
          never,
        );
      await put();
      let left = count;
      time = await seconds(
        async () =>
          await Promise.all(
            Array.from({ length: writers * inFlight }, async () => {
              while (left-- > 0) await put();
            }),
          ),
      );
    }
    await rm(disk, { recursive: true });
    return count / time;
  };
  const file = await open(join(folder, "fsync"), "w");
  const count = 300;
  const one =
    count /
    (await seconds(async () => {
      for (let number = 0; number < count; number++) {
        await file.write(object, 0, object.length, number * object.length);
        await file.sync();
      }
    }));
  await file.close();
  const alone = await rate(1, 1, 300);
  const grouped = await rate(16, 1, 6000);
  const deep = await rate(16, 16, 12_000);
  printFigure({
    name: "4 KiB objects put, 16 writers, group commit",
    value: grouped,
    unit: "objects/s",
    versus: `the same store with one commit each, ${alone.toFixed(0)}/s (a write + fsync of 4 KiB alone: ${one.toFixed(0)}/s)`,
    ratio: grouped / alone,
    bar: ">= 20",
  });
  printFigure({
    name: "4 KiB objects put, 16 writers with 16 puts on their way each",
    value: deep,
    unit: "objects/s",
    versus: `the same store with one commit each, ${alone.toFixed(0)}/s`,
    ratio: deep / alone,
    bar: ">= 20",
  });
}

async function benchRestic(folder: string): Promise<void> {
  const tree = join(folder, "tree");
  await mkdir(tree);
  // A household's: some films, many photographs, more small things; what cannot be compressed, as those are.
  const sizes = [
    ...Array<number>(3).fill(150e6),
    ...Array<number>(120).fill(4e6),
    ...Array<number>(2000).fill(20e3),
  ];
  for (const [number, size] of sizes.entries())
    await writeFile(join(tree, `file-${number}`), randomBytes(size));
  const names = await readdir(tree);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const env = { ...process.env, RESTIC_PASSWORD: "bench" };
  const restic = async (...args: string[]): Promise<string> =>
    await run(
      "restic",
      ["--repo", join(folder, "restic"), "--quiet", ...args],
      {
        env,
      },
    );
  await restic("init");
  const disk = join(folder, "backup");
  const ids = new Map<string, string>();
  let backup: number;
  let restore: number;
  await run("sync", []);
  const resticBackup = await seconds(async () => {
    await restic("backup", "--no-cache", tree);
    await run("sync", ["-f", folder]);
  });
  {
    await using here = await openStore([disk]);
    await run("sync", []);
    backup = await seconds(async () => {
      await inParallel(names, async (name) => {
        ids.set(name, await putFile(here, join(tree, name)));
      });
      await run("sync", ["-f", folder]);
    });
  }
  await dropCaches();
  const resticRestore = await seconds(async () => {
    await restic(
      "restore",
      "latest",
      "--no-cache",
      "--target",
      join(folder, "out-1"),
    );
    await run("sync", ["-f", folder]);
  });
  {
    await using here = await openStore([disk]);
    const out = join(folder, "out-2");
    await mkdir(out);
    await dropCaches();
    restore = await seconds(async () => {
      await inParallel(names, async (name) => {
        const { bytes } = await here.objects.get(ids.get(name) ?? "", never);
        await pipeline(
          Readable.from(bytes),
          createWriteStream(join(out, name)),
        );
      });
      await run("sync", ["-f", folder]);
    });
  }
  for (const [name, mine, theirs] of [
    ["backup of a tree", backup, resticBackup],
    ["restore of a tree", restore, resticRestore],
  ] as const)
    printFigure({
      name,
      value: total / mebibyte / mine,
      unit: "MiB/s",
      versus: `restic, ${(total / mebibyte / theirs).toFixed(0)} MiB/s`,
      ratio: theirs / mine,
      bar: ">= 2",
    });
  for (const name of ["tree", "restic", "backup", "out-1", "out-2"])
    await rm(join(folder, name), { recursive: true });
}

const middle = 1024 * mebibyte;

async function benchGluster(folder: string): Promise<void> {
  const source = join(folder, "middle");
  await run("dd", ["if=/dev/urandom", `of=${source}`, "bs=1M", "count=1024"]);
  const times = { put: 0, get: 0, write: 0, read: 0 };
  {
    await using gluster = await GlusterVolume.start(folder);
    const target = join(gluster.mount, "file");
    const copy = async (from: string, to: string): Promise<unknown> =>
      await run("dd", [`if=${from}`, `of=${to}`, "bs=1M", "conv=fdatasync"]);
    times.write = await seconds(async () => await copy(source, target));
    await dropCaches();
    times.read = await seconds(
      async () => await run("dd", [`if=${target}`, "of=/dev/null", "bs=1M"]),
    );
  }
  const disks = Array.from({ length: 6 }, (_, number) =>
    join(folder, `peer-${number}`),
  );
  {
    await using here = await openStore(disks);
    let id = "";
    times.put = await seconds(async () => {
      id = await putFile(here, source);
    });
    await dropCaches();
    times.get = await seconds(async () => await drain(here, id));
  }
  for (const [name, mine, theirs] of [
    ["put of 1 GiB at 4+2 on six folders", times.put, times.write],
    ["get of 1 GiB at 4+2 from six folders, uncached", times.get, times.read],
  ] as const)
    printFigure({
      name,
      value: middle / mebibyte / mine,
      unit: "MiB/s",
      versus: `GlusterFS disperse 4+2 on six folders, ${(middle / mebibyte / theirs).toFixed(0)} MiB/s`,
      ratio: theirs / mine,
      bar: ">= 3",
    });
}

/** Does `work` for each of `items`, eight at a time. */
async function inParallel(
  items: readonly string[],
  work: (item: string) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let item = waiting.shift(); item; item = waiting.shift())
        await work(item);
    }),
  );
}
