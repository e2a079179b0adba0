/** All tests: lint, types, unit, property, browser, and the emulated board. Ends with one line: N passed, N failed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { buildFolder, repository } from "./builder.ts";
import { ensureHostTools, MissingToolError } from "./debian.ts";
import { buildWebPages, ensureImage } from "./image.ts";
import { withProgress } from "./progress.ts";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

const none: Count = { passed: 0, failed: 0, skipped: 0 };

/** Runs one command as one test. */
async function check(
  name: string,
  command: string,
  args: readonly string[],
): Promise<Count> {
  const started = performance.now();
  const child = spawn(command, args, { cwd: repository, stdio: "inherit" });
  const [code] = (await once(child, "close")) as [number | null];
  const good = code === 0;
  console.log(
    `${good ? "ok" : "not ok"} - ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`,
  );
  return { ...none, passed: good ? 1 : 0, failed: good ? 0 : 1 };
}

/** Runs ava on some files and counts what it reports in TAP. */
async function ava(
  name: string,
  files: readonly string[],
  flags: readonly string[] = [],
): Promise<Count> {
  const cli = join(repository, "node_modules/ava/entrypoints/cli.js");
  const child = spawn(process.execPath, [cli, "--tap", ...flags, ...files], {
    cwd: repository,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const count = { ...none };
  for await (const line of createInterface({ input: child.stdout })) {
    if (
      line !== "" &&
      !/^(1\.\.\d+|TAP version|# (tests|pass|fail|skip))/.test(line)
    )
      console.log(`${name}: ${line}`);
    if (/^not ok /.test(line)) count.failed++;
    else if (/^ok .*# SKIP/i.test(line)) count.skipped++;
    else if (/^ok /.test(line)) count.passed++;
  }
  if (child.exitCode === null) await once(child, "close");
  // A run that crashed without a report must not count as green.
  if (child.exitCode !== 0 && count.failed === 0) count.failed++;
  return count;
}

function add(...counts: Count[]): Count {
  return counts.reduce((sum, one) => ({
    passed: sum.passed + one.passed,
    failed: sum.failed + one.failed,
    skipped: sum.skipped + one.skipped,
  }));
}

/** What runs on this machine: the image is built meanwhile. */
async function hostTests(): Promise<Count> {
  const node = process.execPath;
  const bin = (name: string): string => join(repository, "node_modules", name);
  await withProgress("building the pages", () =>
    buildWebPages(join(buildFolder, "web")),
  );
  return add(
    await check("lint", node, [join(repository, "scripts/lint.ts")]),
    await check("types", node, [bin("typescript/bin/tsc")]),
    await ava("unit", ["test/services/**/*.test.ts"]),
    await ava("web", ["test/web/*.test.ts"]),
  );
}

/** An emulated board needs a processor for itself: it waits until `others` are done. */
async function boardTests(others: Promise<unknown>): Promise<Count> {
  await Promise.all([ensureImage("qemu-x86-64"), others]);
  return await ava(
    "board",
    ["test/board/*.test.ts"],
    ["--concurrency=2", "--timeout=25m"],
  );
}

const { values } = parseArgs({
  options: { only: { type: "string" } },
});
try {
  await ensureHostTools("build", "emulate", "services", "test");
  const { only } = values;
  if (only !== undefined && only !== "host" && only !== "board")
    throw new MissingToolError("--only takes host or board");
  const host = only === "board" ? undefined : hostTests();
  const board = only === "host" ? undefined : boardTests(Promise.resolve(host));
  const counts = await Promise.all([host, board]);
  const total = add(...counts.filter((count) => count !== undefined));
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
} catch (error) {
  console.error(
    error instanceof MissingToolError ? `coppice: ${error.message}` : error,
  );
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
}
