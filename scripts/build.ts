/** Builds an image: `npm run build -- [--board NAME] [--record]`. Prints where it is; --record takes its size for what it is to be. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UnknownBoardError } from "./board-file.ts";
import { sizesOf } from "./budget.ts";
import { repository } from "./builder.ts";
import { ensureImage } from "./image.ts";

const { values } = parseArgs({
  options: {
    board: { type: "string", default: "qemu-x86-64" },
    record: { type: "boolean", default: false },
  },
});
try {
  console.log((await ensureImage(values.board)).disk);
  if (values.record)
    await writeFile(
      join(repository, "test/board", `${values.board}.sizes.json`),
      `${JSON.stringify(await sizesOf(values.board), null, 2)}\n`,
    );
} catch (error) {
  if (!(error instanceof UnknownBoardError)) throw error;
  console.error(`coppice: ${error.message}`);
  process.exitCode = 2;
}
