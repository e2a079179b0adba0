/** Builds an image: `npm run build -- [--board NAME]`. Prints where it is. */
import { parseArgs } from "node:util";
import { UnknownBoardError } from "./board-file.ts";
import { ensureImage } from "./image.ts";

const { values } = parseArgs({
  options: { board: { type: "string", default: "qemu-x86-64" } },
});
try {
  console.log((await ensureImage(values.board)).disk);
} catch (error) {
  if (!(error instanceof UnknownBoardError)) throw error;
  console.error(`coppice: ${error.message}`);
  process.exitCode = 2;
}
