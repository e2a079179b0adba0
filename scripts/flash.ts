/** Puts an image onto a disk: `npm run flash -- [--board NAME] [/dev/sdX]`. */
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { runCommandLine } from "./command-line.ts";
import { ensureHostTools } from "./debian.ts";
import { FlashError, verifyDisk, writeImage } from "./flashing.ts";
import { ensureImage } from "./image.ts";
import { run } from "./process.ts";
import { type Progress, withProgress } from "./progress.ts";
import {
  leastDisk,
  type RemovableDisk,
  removableDisks,
} from "./removable-disk.ts";

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

function describe({ path, model, size, mounts }: RemovableDisk): string {
  const used = mounts.length > 0 ? `, mounted on ${mounts.join(", ")}` : "";
  return `${path}  ${model || "no name"}, ${gigabytes(size)}${used}`;
}

/** @throws FlashError, CommandError, MissingToolError */
async function flash(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { board: { type: "string", default: "qemu-x86-64" } },
    allowPositionals: true,
  });
  await ensureHostTools("flash");
  const disks = await removableDisks();
  const [wanted] = positionals;
  const disk = disks.find(({ path }) => path === wanted);
  if (!disk) {
    console.log(
      disks.length === 0
        ? "There is no disk here that can be taken out. Plug one in."
        : `Disks that can be taken out:\n${disks.map(describe).join("\n")}\n\nnpm run flash -- --board ${values.board} ${disks[0]?.path}`,
    );
    if (wanted !== undefined)
      throw new FlashError(
        `${wanted} is not one of them: only whole disks that can be taken out are written`,
      );
    return;
  }
  if (disk.mounts.length > 0)
    throw new FlashError(
      `${disk.path} is in use: unmount ${disk.mounts.join(" and ")}`,
    );
  const least = await leastDisk();
  if (disk.size < least)
    throw new FlashError(
      `${disk.path} has ${gigabytes(disk.size)}, and ${gigabytes(least)} are needed`,
    );
  const image = await ensureImage(values.board);
  const { size } = await stat(image.disk);
  console.log(
    `${describe(disk)}\nAll that is on it will be lost. The image is for ${values.board}, version ${image.version}.`,
  );
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
  });
  const typed = (
    await lines.question(`Type ${disk.name} to write it: `)
  ).trim();
  lines.close();
  if (typed !== disk.name)
    throw new FlashError(`nothing was written: "${typed}" is not ${disk.name}`);
  const ending = new AbortController();
  process.once("SIGINT", () =>
    ending.abort(
      new FlashError(
        "it was stopped; the disk is of no use until it is written again",
      ),
    ),
  );
  const heard =
    (progress: Progress) =>
    (done: number, of: number): void =>
      progress.detail(`${Math.floor((done / of) * 100)} %`);
  const digest = await withProgress(`writing ${disk.path}`, (progress) =>
    writeImage(image.disk, disk.path, heard(progress), ending.signal),
  );
  await withProgress(`reading ${disk.path} back`, (progress) =>
    verifyDisk(disk.path, size, digest, heard(progress), ending.signal),
  );
  await run("eject", [disk.path]);
  console.log("It can be taken out.");
}

await runCommandLine(flash);
