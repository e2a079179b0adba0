import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zeroName } from "../../services/shared/blocks.ts";
import { blockNameSize, blockSize } from "../../services/shared/update.ts";
import { ensureImage, type Image } from "../image.ts";
import { developmentKeys } from "../keys.ts";
import { writeUpdateSet } from "../update-set.ts";
import { printFigure } from "./figure.ts";

const board = "qemu-x86-64";
/** A package that the image has not: of middle size, with a library of its own. */
const further = "tcpdump";

/** What a version consists of: its size in bytes, and the names of its blocks. */
interface Parts {
  size: number;
  blocks: string[];
}

async function partsOf(image: Image, out: string): Promise<Parts> {
  const release = {
    board,
    securityVersion: 1,
    notes: "For the bench.",
    days: 1,
  };
  const { files } = await writeUpdateSet(
    image,
    release,
    await developmentKeys(),
    out,
  );
  const blocks: string[] = [];
  for (const { name } of files) {
    const list = await readFile(join(out, board, `${name}.blocks`), "latin1");
    for (let at = 0; at < list.length; at += blockNameSize)
      blocks.push(list.slice(at, at + blockNameSize));
  }
  return { size: files.reduce((sum, { size }) => sum + size, 0), blocks };
}

/** How much of a version travels that differs from the one before by one package. */
export async function benchUpdate(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "coppice-bench-"));
  try {
    const before = await partsOf(await ensureImage(board), join(folder, "old"));
    const image = await ensureImage(board, {
      version: "0.1.1",
      packages: [further],
    });
    const after = await partsOf(image, join(folder, "new"));
    const here = new Set([zeroName, ...before.blocks]);
    const missing = new Set(after.blocks.filter((name) => !here.has(name)));
    // The lists of blocks travel whole.
    const bytes =
      missing.size * blockSize + after.blocks.length * blockNameSize;
    printFigure({
      name: `update by one package (${further}), what travels`,
      value: bytes / 1e6,
      unit: "MB",
      versus: `the whole version, ${(after.size / 1e6).toFixed(0)} MB`,
      ratio: bytes / after.size,
      bar: "<= 0.15",
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
