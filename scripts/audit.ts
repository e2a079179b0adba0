/** Known CVEs of an image's Debian packages: `npm run audit -- FILE [--board NAME]`. Exit code 1 where an update of the image closes one. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildFolder } from "./builder.ts";
import { runCommandLine } from "./command-line.ts";
import { findHoles } from "./holes.ts";
import { CommandError } from "./process.ts";
import { sbomFile } from "./sbom.ts";

/** @throws CommandError */
async function audit(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { board: { type: "string", default: "qemu-x86-64" } },
    allowPositionals: true,
  });
  const [file] = positionals;
  if (file === undefined)
    throw new CommandError(
      "npm run audit -- FILE [--board NAME]; FILE is https://security-tracker.debian.org/tracker/data/json",
    );
  const bill = join(buildFolder, "image", values.board, sbomFile);
  const findings = findHoles(
    await readJsonFile(bill, "run npm run build first"),
    await readJsonFile(file, "fetch it again"),
  );
  for (const { cve, source, version, urgency, fixed } of findings)
    console.log(
      `${cve} ${source} ${version} ${fixed === null ? "open" : `closed by ${fixed}`} (${urgency})`,
    );
  const closed = findings.filter(({ fixed }) => fixed !== null).length;
  console.log(
    `${findings.length} known, of which an update of the image closes ${closed}`,
  );
  return closed > 0 ? 1 : 0;
}

/** @param remedy what to do where it is not there, or no JSON. @throws CommandError */
async function readJsonFile(path: string, remedy: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new CommandError(
      `${path} cannot be read: ${(error as Error).message}; ${remedy}`,
    );
  }
}

await runCommandLine(audit, 2);
