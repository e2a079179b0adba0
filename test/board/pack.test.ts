/** The image as people download it, put onto a disk by a stock tool. Needs root (a loop device). */
import { execFile } from "node:child_process";
import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { ensureImage } from "../../scripts/image.ts";
import { packImage } from "../../scripts/pack.ts";
import { temporaryFolder } from "../folder.ts";

const run = promisify(execFile);
const board = "qemu-x86-64";

test("bmaptool takes the compressed image and its map, and what it writes is the image", async (t) => {
  t.timeout(15 * 60_000);
  const image = await ensureImage(board);
  const packed = await packImage(image, board);
  t.regex(await readFile(packed.map, "utf8"), /<bmap version="2\.0">/);
  await using folder = await temporaryFolder();
  const file = join(folder.path, "disk");
  await writeFile(file, "");
  await truncate(file, 2 ** 30);
  const device = (
    await run("losetup", ["--find", "--show", file])
  ).stdout.trim();
  t.teardown(async () => await run("losetup", ["--detach", device]));
  // It finds the map by its name, and checks each range's digest.
  await run("bmaptool", ["copy", packed.image, device]);
  await t.notThrowsAsync(
    run("cmp", [
      "--bytes",
      String((await stat(image.disk)).size),
      image.disk,
      device,
    ]),
  );
});
