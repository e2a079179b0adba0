/** Proves that an image follows from its commit alone: builds it again elsewhere, at another time, and compares every byte. */
import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { buildFolder, repository } from "./builder.ts";
import { ensureHostTools, runAsRoot } from "./debian.ts";
import type { Image } from "./image.ts";
import { packageLockFile } from "./package-lock.ts";
import { CommandError, run } from "./process.ts";

/** What a checkout may have of another: tools and keys, nothing that was built of the commit. */
const shared = ["builder", "builder.packages", "keys", "packages"];
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
  let same = false;
  try {
    await run("sh", [
      "-c",
      `umask 027; git -C "$1" ls-files -z --cached --others --exclude-standard | tar -C "$1" --owner=${stranger} --group=${stranger} --null --files-from=- -c | tar -C "$2" -x --no-same-permissions; cp -a "$1/node_modules" "$2/"`,
      ...["sh", repository, again],
    ]);
    await mkdir(join(again, ".build"));
    for (const name of shared)
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
      { cwd: again, env: { ...process.env, TZ: "Pacific/Kiritimati" } },
    );
    const other = join(again, relative(repository, image.folder));
    const names = new Set([
      ...(await readdir(image.folder)),
      ...(await readdir(other)),
    ]);
    const verdicts: string[] = [];
    for (const name of names) {
      if (asides.has(name)) continue;
      const pair = [join(image.folder, name), join(other, name)];
      const alike = await run("cmp", ["--silent", ...pair]).then(
        () => true,
        () => false,
      );
      if (!alike) verdicts.push(`${name} differs\n${await compare(pair)}`);
    }
    same = verdicts.length === 0;
    if (!same) verdicts.push(`the other build is in ${other}`);
    return verdicts;
  } finally {
    if (same) await runAsRoot("rm", ["-rf", "--one-file-system", again]);
  }
}

async function compare(pair: readonly string[]): Promise<string> {
  await ensureHostTools("twice");
  try {
    await run("diffoscope", ["--max-report-size=20000", ...pair]);
    return "";
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}
