/** Known CVEs of an image's Debian packages: `npm run audit -- FILE [--board NAME]`. Exit code 1 where an update of the image closes one. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildFolder } from "./builder.ts";
import { findHoles } from "./holes.ts";
import { sbomFile } from "./sbom.ts";

const { values, positionals } = parseArgs({
  options: { board: { type: "string", default: "qemu-x86-64" } },
  allowPositionals: true,
});
const [file] = positionals;
const bill = join(buildFolder, "image", values.board, sbomFile);
const text = await readFile(bill, "utf8").catch(() => undefined);
if (file === undefined || text === undefined) {
  console.error(
    file === undefined
      ? "coppice: npm run audit -- FILE [--board NAME]; FILE is https://security-tracker.debian.org/tracker/data/json"
      : `coppice: there is no ${bill}; run npm run build first`,
  );
  process.exitCode = 2;
} else {
  const findings = findHoles(
    JSON.parse(text),
    JSON.parse(await readFile(file, "utf8")),
  );
  for (const { cve, source, version, urgency, fixed } of findings)
    console.log(
      `${cve} ${source} ${version} ${fixed === null ? "open" : `closed by ${fixed}`} (${urgency})`,
    );
  const closed = findings.filter(({ fixed }) => fixed !== null).length;
  console.log(
    `${findings.length} known, of which an update of the image closes ${closed}`,
  );
  process.exitCode = closed > 0 ? 1 : 0;
}
