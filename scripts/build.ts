/** Builds an image: `npm run build -- [--board NAME] [--locked FILE [--mirror URL]] [--pack] [--record] [--twice]`. Prints where it is; --locked makes it of the packages in a lock (each image has its own beside it), which --mirror has snapshots of; --pack compresses it for people to download, --record takes its size as what later ones are held to, --twice proves that it can be built again. */
import { parseArgs } from "node:util";
import { growth, recordedSizes, recordSizes, sizesOf } from "./budget.ts";
import { runCommandLine } from "./command-line.ts";
import { ensureImage } from "./image.ts";
import { packImage } from "./pack.ts";
import { PackageLockError, readPackageLock } from "./package-lock.ts";
import { withProgress } from "./progress.ts";
import { buildTwice } from "./twice.ts";

/** @throws BoardError, CommandError, MissingToolError, PackageLockError */
async function build(): Promise<number> {
  const { values } = parseArgs({
    options: {
      board: { type: "string", default: "qemu-x86-64" },
      locked: { type: "string" },
      mirror: { type: "string" },
      pack: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      twice: { type: "boolean", default: false },
    },
  });
  let status = 0;
  const { board, locked, mirror } = values;
  if (mirror !== undefined && locked === undefined)
    throw new PackageLockError(
      "--mirror is where a lock's packages are: say which lock, by --locked",
    );
  const lock = locked && (await readPackageLock(locked, board));
  const image = await ensureImage(
    board,
    lock ? { held: { lock, ...(mirror ? { mirror } : {}) } } : {},
  );
  console.log(image.disk);
  if (values.pack) {
    const packed = await withProgress("compressing the image", () =>
      packImage(image, values.board),
    );
    console.log(`${packed.image}\n${packed.map}`);
  }
  if (values.record) await recordSizes(values.board);
  const recorded = await recordedSizes(values.board);
  const grown = recorded ? growth(recorded, await sizesOf(values.board)) : [];
  if (grown.length > 0) {
    console.error(
      `coppice: ${grown.join("; ")}. Take it out again, or say that it may be so large: --record.`,
    );
    status = 1;
  }
  if (values.twice) {
    const verdicts = await withProgress("building it again elsewhere", () =>
      buildTwice(image, values.board),
    );
    console.log(verdicts.join("\n") || "both builds are the same");
    if (verdicts.length > 0) status = 1;
  }
  return status;
}

await runCommandLine(build, 2);
