/** Builds a version and writes its update sets: `npm run release -- --version X --key FOLDER [--board NAME]... [--out FOLDER] [--notes FILE] [--days N]`; `--new-key FOLDER` makes keys. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Check } from "typebox/value";
import { Version } from "../services/shared/update.ts";
import { boardNames } from "./board-file.ts";
import { buildFolder } from "./builder.ts";
import { runCommandLine } from "./command-line.ts";
import { ensureImage, securityVersion } from "./image.ts";
import { makeKeys, openKeys } from "./keys.ts";
import { CommandError } from "./process.ts";
import { withProgress } from "./progress.ts";
import { writeUpdateSet } from "./update-set.ts";

/** @throws CommandError, BoardError */
async function release(): Promise<void> {
  const { values } = parseArgs({
    options: {
      version: { type: "string" },
      key: { type: "string" },
      "new-key": { type: "string" },
      board: { type: "string", multiple: true },
      out: { type: "string", default: join(buildFolder, "release") },
      notes: { type: "string" },
      days: { type: "string", default: "90" },
      development: { type: "boolean", default: false },
    },
  });
  const fresh = values["new-key"];
  if (fresh !== undefined) {
    await makeKeys(fresh, "Coppice");
    console.log(
      `${fresh} holds the keys that boxes will trust. Keep two copies where nobody else can read them: without them no box can be updated.`,
    );
    return;
  }
  const { version, key } = values;
  if (!Check(Version, version) || key === undefined)
    throw new CommandError(
      "a release needs --version (numbers with dots) and --key (a folder; --new-key FOLDER makes one)",
    );
  const days = Number(values.days);
  if (!(days >= 1 && days <= 3660))
    throw new CommandError("--days takes a number from 1 to 3660");
  const keys = await openKeys(key);
  if (keys.development && !values.development)
    throw new CommandError(
      `the keys in ${key} are a checkout's own, for development: no release is built with them`,
    );
  const boards = values.board ?? (await boardNames());
  const notes =
    values.notes === undefined ? "" : await readFile(values.notes, "utf8");
  for (const board of boards) {
    const image = await ensureImage(board, { version, keys });
    await withProgress(`writing the update set for ${board}`, async () => {
      await writeUpdateSet(
        image,
        { board, securityVersion: await securityVersion(), notes, days },
        keys,
        values.out,
      );
    });
  }
  console.log(values.out);
}

await runCommandLine(release, 2);
