import { createHash, randomInt } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type Partition, readPartitions } from "../../scripts/partitions.ts";
import { run } from "../../scripts/process.ts";
import { digest } from "../update-set.ts";
import { kernelNames } from "./kernels.ts";
import { cutPower, WriteLog } from "./write-log.ts";

/** How often the power is cut while a version is written, and while it is started and blessed. */
const cuts = 20;
const laterCuts = 8;

/** A new version's file, with the tries that are left to it or blessed. */
const newName = /^coppice_0\.2\.0(\+\d(-\d)?)?\.efi$/;
/** What a cut in a rename may leave of such a name, or of the passing one: the box gives it back, or takes it away. */
const shortName = /^(COPPIC|#SYSUP)~\d\.EFI$/;

/** Leaves on a disk that is off what power cuts can: a new version's name without its bytes, parts under a passing name and under what is left of one, and of the name of what runs the short one. */
export async function leaveUnfinished(disk: string): Promise<void> {
  const [esp] = (await readPartitions(disk)) as [Partition];
  const drive = `${disk}@@${esp.start}`;
  const file = `${disk}.part`;
  for (const [name, size] of [
    ["coppice_0.2.0+3-0.efi", 0],
    [".#sysupdatecoppice_0.2.0+3-0.efi0123456789abcdef", 9 * 2 ** 20],
    ["#SYSUP~8.EFI", 2 ** 20],
  ] as const) {
    await writeFile(file, Buffer.alloc(size));
    await run("mcopy", ["-i", drive, file, `::/EFI/Linux/${name}`]);
  }
  await rm(file);
  await run("mren", [
    ...["-i", drive, "::/EFI/Linux/coppice_0.1.0.efi"],
    "::/EFI/Linux/COPPIC~7.EFI",
  ]);
}

/** What an installation wrote, and what was there before. */
export interface Installation {
  /** The log of all that the system disk was told since it was copied. */
  log: string;
  /** Numbers of writes in it: the installation's first, and one behind its last. */
  from: number;
  to: number;
  /** One behind the last of those until it was blessed. */
  blessed: number;
  /** The copy of the disk; it is written to. */
  disk: string;
  /** Folder of the set that was installed. */
  set: string;
}

/** Cuts the power at moments of an installation by chance: what ran is as it was, and what is new is not there for the firmware, or whole. */
export async function expectOldOrNew(
  t: ExecutionContext,
  { log: path, from, to, blessed, disk, set }: Installation,
): Promise<void> {
  const [esp, ...slots] = (await readPartitions(disk)) as [
    Partition,
    ...Partition[],
  ];
  const old = await bootable(t, disk, esp);
  t.deepEqual([...old.keys()], ["coppice_0.1.0.efi"]);
  const [kernel, ...parts] = (await readSet(set)) as [Part, ...Part[]];
  await using log = await WriteLog.open(path);
  const writes = await log.read();
  t.true(
    blessed <= writes.length && to - from > 100,
    `${from} to ${to}, ${blessed} of ${writes.length}`,
  );
  for (const { start, size } of slots.slice(0, 2))
    t.false(
      writes.some(
        (write) =>
          write.offset < start + size && write.offset + write.size > start,
      ),
      "nothing is written where the version is that runs",
    );
  const moments = Array.from({ length: cuts - 1 }, () => randomInt(from, to));
  // Its file is renamed by the firmware at each try, and by the system once it has shown that it works.
  const renames = writes.flatMap(({ offset, size }, at) =>
    size > 0 && at > to && at < blessed && offset + size <= esp.start + esp.size
      ? [at]
      : [],
  );
  t.true(renames.length > 0, `no renames from ${to} to ${blessed}`);
  const later = Array.from(
    { length: laterCuts },
    () => (renames[randomInt(renames.length)] as number) + 1,
  );
  const ends = { old: 0, new: 0, later: 0 };
  const all = [...moments, to, ...later, blessed];
  await cutPower(log, writes, all, disk, async (moment) => {
    const at = `after write ${moment} of ${from} to ${to}, blessed by ${blessed}`;
    const now = await bootable(t, disk, esp);
    t.is(
      now.get("coppice_0.1.0.efi"),
      old.get("coppice_0.1.0.efi") as string,
      at,
    );
    now.delete("coppice_0.1.0.efi");
    if (moment > to) ends.later++;
    else if (now.size === 0) ends.old++;
    else ends.new++;
    for (const [name, sha256] of now) {
      if (!shortName.test(name))
        if (moment <= to) t.is(name, "coppice_0.2.0+3-0.efi", at);
        else t.regex(name, newName, at);
      t.is(sha256, kernel.sha256, at);
    }
    // A rename that is cut off may cost the new name; then the version of before starts.
    if (now.size === 0) return;
    const partitions = await readPartitions(disk);
    const fresh = partitions.filter(({ name }) => name === "coppice_0.2.0");
    for (const [index, { size, sha256 }] of parts.entries()) {
      const { start } = fresh[index] as Partition;
      t.is(await digestOf(disk, { start, size }), sha256, at);
    }
  });
  t.log(
    `${ends.old} times the version of before, ${ends.new} times the new; ${ends.later} times while it was started and blessed`,
  );
  t.true(ends.old > 0 && ends.new > 0, "some of both");
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

/** What the boot loader would see, by its digest: before a check of the file system, as after it. */
async function bootable(
  t: ExecutionContext,
  disk: string,
  { start, size }: Partition,
): Promise<Map<string, string>> {
  const drive = `${disk}.esp`;
  const mebi = (bytes: number): string => String(bytes / 2 ** 20);
  await run("dd", [
    ...[`if=${disk}`, `of=${drive}`, "bs=1M", "conv=sparse"],
    ...[`skip=${mebi(start)}`, `count=${mebi(size)}`, "status=none"],
  ]);
  const seen = await kernelsOn(drive);
  // As at the next boot; 1: mended.
  await run("sh", ["-c", 'fsck.fat -a "$0" >&2; [ $? -le 1 ]', drive]);
  // Of two names with the same bytes, it empties one.
  const mended = await kernelsOn(drive);
  t.deepEqual(new Set(mended.values()), new Set(seen.values()));
  // Half a rename may leave the short name alone, which the box knows.
  for (const [name, sha256] of mended)
    if (!shortName.test(name))
      t.is(
        seen.get(name),
        sha256,
        `${name} of ${[...mended.keys()]} was there before the check: ${[...seen.keys()]}`,
      );
  await rm(drive);
  return seen;
}

/** The boot loader takes no file under a passing name, which may be cut off anywhere, and none without bytes, as FAT leaves one whose name was written and no more. */
async function kernelsOn(drive: string): Promise<Map<string, string>> {
  const folder = `${drive}.kernels`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const seen = new Map<string, string>();
  for (const name of await kernelNames(drive)) {
    if (!/\.efi$/i.test(name) || name.startsWith(".")) continue;
    await run("mcopy", ["-n", "-i", drive, `::/EFI/Linux/${name}`, folder]);
    const bytes = await readFile(join(folder, name));
    if (bytes.length > 0) seen.set(name, digest(bytes));
  }
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
