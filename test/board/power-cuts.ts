import { createHash, randomInt } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type Partition, readPartitions } from "../../scripts/partitions.ts";
import { run } from "../../scripts/process.ts";
import { digest } from "../update-set.ts";
import { cutPower, WriteLog } from "./write-log.ts";

/** How often the power is cut. */
const cuts = 20;

/** What an installation wrote, and what was there before. */
export interface Installation {
  /** The log of all that the system disk was told since it was copied. */
  log: string;
  /** Numbers of writes in it: the installation's first, and one behind its last. */
  from: number;
  to: number;
  /** The copy of the disk; it is written to. */
  disk: string;
  /** Folder of the set that was installed. */
  set: string;
}

/** Cuts the power at moments of an installation by chance: what ran is as it was, and what is new is not there for the firmware, or whole. */
export async function expectOldOrNew(
  t: ExecutionContext,
  { log: path, from, to, disk, set }: Installation,
): Promise<void> {
  const [esp, ...slots] = (await readPartitions(disk)) as [
    Partition,
    ...Partition[],
  ];
  const old = await bootable(disk, esp);
  t.deepEqual([...old.keys()], ["coppice_0.1.0.efi"]);
  const [kernel, ...parts] = (await readSet(set)) as [Part, ...Part[]];
  await using log = await WriteLog.open(path);
  const writes = await log.read();
  t.true(to <= writes.length && to - from > 100, `${from} to ${to}`);
  for (const { start, size } of slots.slice(0, 2))
    t.false(
      writes.some(
        (write) =>
          write.offset < start + size && write.offset + write.size > start,
      ),
      "nothing is written where the version is that runs",
    );
  const moments = Array.from({ length: cuts - 1 }, () => randomInt(from, to));
  const ends = { old: 0, new: 0 };
  await cutPower(log, writes, [...moments, to], disk, async (moment) => {
    const at = `after write ${moment} of ${from} to ${to}`;
    const now = await bootable(disk, esp);
    t.is(
      now.get("coppice_0.1.0.efi"),
      old.get("coppice_0.1.0.efi") as string,
      at,
    );
    now.delete("coppice_0.1.0.efi");
    if (now.size === 0) {
      ends.old++;
      return;
    }
    ends.new++;
    t.deepEqual([...now], [["coppice_0.2.0+3-0.efi", kernel.sha256]], at);
    const partitions = await readPartitions(disk);
    const fresh = partitions.filter(({ name }) => name === "coppice_0.2.0");
    for (const [index, { size, sha256 }] of parts.entries()) {
      const { start } = fresh[index] as Partition;
      t.is(await digestOf(disk, { start, size }), sha256, at);
    }
  });
  t.log(`${ends.old} times the version of before, ${ends.new} times the new`);
  t.true(ends.old > 0 && ends.new > 0);
  await rm(disk);
}

/** A file of a set: bytes, and digest in hex. */
interface Part {
  size: number;
  sha256: string;
}

/** Kernel, root and verity hashes of a set. */
async function readSet(folder: string): Promise<Part[]> {
  const names = await readdir(folder);
  return await Promise.all(
    [/\.efi$/, /\.root\..*\.raw$/, /\.verity\..*\.raw$/].map(
      async (pattern) => {
        const name = names.find((one) => pattern.test(one)) ?? "none";
        const bytes = await readFile(join(folder, name));
        return { size: bytes.length, sha256: digest(bytes) };
      },
    ),
  );
}

/** What the boot loader would see, by its digest. */
async function bootable(
  disk: string,
  esp: Partition,
): Promise<Map<string, string>> {
  const folder = `${disk}.kernels`;
  await rm(folder, { recursive: true, force: true });
  const drive = `${disk}@@${esp.start}`;
  await run("mcopy", ["-s", "-n", "-i", drive, "::/EFI/Linux", folder]);
  const seen = new Map<string, string>();
  for (const name of await readdir(folder))
    if (/\.efi$/i.test(name) && !name.startsWith("."))
      seen.set(name, digest(await readFile(join(folder, name))));
  return seen;
}

async function digestOf(
  disk: string,
  { start, size }: Pick<Partition, "start" | "size">,
): Promise<string> {
  const hash = createHash("sha256");
  const stream = createReadStream(disk, { start, end: start + size - 1 });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
