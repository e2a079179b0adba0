/** Proves that an image follows from its commit alone: builds it again elsewhere, at another time, and compares every byte. */
import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { readBoard } from "./board-file.ts";
import { builderRoot, buildFolder, inBuilder, repository } from "./builder.ts";
import { ensureHostTools, runAsRoot } from "./debian.ts";
import type { Image } from "./image.ts";
import { packageLockFile } from "./package-lock.ts";
import { type Partition, readPartitions } from "./partitions.ts";
import { CommandError, run } from "./process.ts";

/** Whose the other checkout's files are: nobody's here. */
const stranger = "coppice:4711";
/** What says how an image came to be, and is not part of it. */
const asides = new Set(["inputs"]);

/** Builds `image` again in a folder of its own, from files of another user and with another umask, in another time zone, held to the same packages; resolves to the artefacts that differ, each with diffoscope's verdict. @throws CommandError */
export async function buildTwice(
  image: Image,
  board: string,
): Promise<string[]> {
  const again = await mkdtemp(join(tmpdir(), "coppice-twice-"));
  // Vite sets it, and npm would leave out what the build needs.
  const { NODE_ENV: _, ...env } = process.env;
  let same = false;
  try {
    await run("sh", [
      "-c",
      `umask 027; git -C "$1" ls-files -z --cached --others --exclude-standard | tar -C "$1" --owner=${stranger} --group=${stranger} --null --files-from=- -c | tar -C "$2" -x --no-same-permissions; cp -a "$1/node_modules" "$2/"`,
      ...["sh", repository, again],
    ]);
    await mkdir(join(again, ".build"));
    // Tools and keys of the other checkout, and nothing that was built of the commit.
    const { architecture } = await readBoard(board);
    const builder = basename(builderRoot(architecture));
    for (const name of [builder, `${builder}.packages`, "keys", "packages"])
      await runAsRoot("cp", [
        ...["-a", "--reflink=auto", join(buildFolder, name)],
        join(again, ".build"),
      ]);
    await run(
      "sh",
      [
        "-c",
        `umask 027 && exec sh scripts/run scripts/build.ts --board ${board} --locked "$0"`,
        join(image.folder, packageLockFile),
      ],
      { cwd: again, env: { ...env, TZ: "Pacific/Kiritimati" } },
    );
    const other = join(again, relative(repository, image.folder));
    const names = new Set([
      ...(await filesIn(image.folder)),
      ...(await filesIn(other)),
    ]);
    const verdicts: string[] = [];
    for (const name of names) {
      if (asides.has(name)) continue;
      const pair = [join(image.folder, name), join(other, name)] as const;
      if (await alike(pair)) continue;
      const verdict = name.endsWith(".raw") ? compareDisks : compare;
      verdicts.push(`${name} differs\n${await verdict(pair)}`);
    }
    same = verdicts.length === 0;
    if (!same) verdicts.push(`the other build is in ${other}`);
    return verdicts;
  } finally {
    if (same) await runAsRoot("rm", ["-rf", "--one-file-system", again]);
  }
}

/** Names of the files in a folder, links to them left out. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

type Pair = readonly [string, string];

/** Whether two files are the same, byte for byte, or the same partition of both. */
async function alike(pair: Pair, part?: Partition): Promise<boolean> {
  const range = part
    ? [`--ignore-initial=${part.start}`, `--bytes=${part.size}`]
    : [];
  return await run("cmp", ["--silent", ...range, ...pair]).then(
    () => true,
    () => false,
  );
}

async function compare(pair: Pair): Promise<string> {
  await ensureHostTools("twice");
  try {
    await run("diffoscope", ["--max-report-size=20000", ...pair]);
    return "";
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}

/** Compares the files in partitions: a disk as a whole says nothing, and takes diffoscope longer than the build. */
async function compareDisks(pair: Pair): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "coppice-files-"));
  try {
    const files: Pair = [join(folder, "one"), join(folder, "other")];
    for (const one of files) await mkdir(one);
    const verdicts: string[] = [];
    for (const [index, part] of (await readPartitions(pair[0])).entries()) {
      if (await alike(pair, part)) continue;
      const name = `partition ${index + 1}`;
      verdicts.push(`${name} differs`);
      for (const [side, disk] of pair.entries()) {
        await inBuilder(unpack(part.start, `/files/${index}`), {
          binds: {
            [dirname(disk)]: "/disk",
            [files[side] as string]: "/files",
          },
        });
      }
    }
    verdicts.push(await compare(files));
    return verdicts.join("\n");
  } finally {
    await runAsRoot("rm", ["-rf", "--one-file-system", folder]);
  }
}

/** A shell command that lays out the files of the partition of /disk/coppice.raw that begins at byte `start`: FAT, erofs, or what has none. */
function unpack(start: number, to: string): string {
  return [
    `mkdir -p ${to}`,
    `fsck.erofs --offset=${start} --extract=${to} --overwrite /disk/coppice.raw || mcopy -s -n -p -m -i /disk/coppice.raw@@${start} ::/ ${to} || true`,
  ].join("; ");
}
