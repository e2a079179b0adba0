import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repository } from "./builder.ts";

const fix = process.argv.includes("--fix");
const { status } = spawnSync(
  join(repository, "node_modules/.bin/biome"),
  ["check", "--error-on-warnings", ...(fix ? ["--write"] : []), "."],
  { cwd: repository, stdio: "inherit" },
);
process.exitCode = status ?? 1;
