/** All tests: lint, types, unit, property, browser, and the emulated board. Ends with one line: N passed, N failed. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { buildFolder, repository } from "./builder.ts";
import { ensureHostTools, MissingToolError } from "./debian.ts";
import { buildWebPages, ensureImage } from "./image.ts";
import { joinHome } from "./joined-home.ts";
import { withProgress } from "./progress.ts";

interface Count {
  passed: number;
  skipped: number;
  /** What is said of each that failed. */
  failed: readonly string[];
}

const none: Count = { passed: 0, skipped: 0, failed: [] };
/** Milliseconds without a line after which a run is taken for stuck: longer than any test may take. */
const quietest = 61 * 60_000;
/** Milliseconds that a run may take to end after its report is whole. */
const lingering = 60_000;

/** Minutes and seconds since all began: what a part costs can be read from any log. */
function elapsed(): string {
  const seconds = Math.floor(performance.now() / 1000);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}

/** Runs one command as one test. */
async function check(
  name: string,
  command: string,
  args: readonly string[],
): Promise<Count> {
  const child = spawn(command, args, { cwd: repository, stdio: "inherit" });
  const [code] = (await once(child, "close")) as [number | null];
  const good = code === 0;
  console.log(`${elapsed()} ${good ? "ok" : "not ok"} - ${name}`);
  return good ? { ...none, passed: 1 } : { ...none, failed: [name] };
}

/** Runs ava on some files and counts what it reports in TAP. */
async function ava(
  name: string,
  files: readonly string[],
  flags: readonly string[] = [],
): Promise<Count> {
  const cli = join(repository, "scripts/ava-tap.ts");
  // A group of its own, so that all of it can be ended; and it ends with its parent.
  const child = spawn(
    "setpriv",
    [
      ...["--pdeathsig", "KILL", "--", process.execPath],
      ...[cli, ...flags, ...files],
    ],
    {
      cwd: repository,
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    },
  );
  let passed = 0;
  let skipped = 0;
  const failed: string[] = [];
  /** Whether what is read now is said of the last that failed. */
  let ofFailure = false;
  let whole = false;
  const ending = new AbortController();
  const stuck = (): void => {
    const after = whole ? "after its report" : "in the midst of its tests";
    console.log(`${name}: stuck ${after}; what was running:`);
    console.log(
      spawnSync("ps", ["axfww", "-o", "pid,stat,wchan:20,etime,args"], {
        encoding: "utf8",
      })
        .stdout.split("\n")
        .filter((line) => !/ \[/.test(line))
        .map((line) => line.slice(0, 200))
        .join("\n"),
    );
    if (!whole) failed.push(`${name}: stuck`);
    process.kill(-(child.pid as number), "SIGKILL");
    ending.abort();
  };
  let watch = setTimeout(stuck, quietest);
  for await (const line of createInterface({
    input: child.stdout,
    signal: ending.signal,
  })) {
    if (/^# fail \d+$/.test(line)) whole = true;
    clearTimeout(watch);
    watch = setTimeout(stuck, whole ? lingering : quietest);
    if (
      line !== "" &&
      !/^(1\.\.\d+|TAP version|# (tests|pass|fail|skip))/.test(line)
    )
      console.log(`${elapsed()} ${name}: ${line}`);
    if (/^(not )?ok |^1\.\./.test(line)) ofFailure = line.startsWith("not");
    if (/^not ok /.test(line)) failed.push(`${name}: ${line}`);
    else if (ofFailure) failed.push(`${failed.pop()}\n${line}`);
    else if (/^ok .*# SKIP/i.test(line)) skipped++;
    else if (/^ok /.test(line)) passed++;
  }
  if (child.exitCode === null && child.signalCode === null)
    await once(child, "exit");
  clearTimeout(watch);
  // A run that crashed without a report must not count as green.
  const ended = whole && ending.signal.aborted;
  if (child.exitCode !== 0 && failed.length === 0 && !ended)
    failed.push(`${name}: ended with ${child.exitCode ?? child.signalCode}`);
  return { passed, skipped, failed };
}

function add(...counts: Count[]): Count {
  return counts.reduce((sum, one) => ({
    passed: sum.passed + one.passed,
    skipped: sum.skipped + one.skipped,
    failed: [...sum.failed, ...one.failed],
  }));
}

/** What keeps both processors busy: the image is built meanwhile. */
async function busyTests(): Promise<Count> {
  const node = process.execPath;
  const bin = (name: string): string => join(repository, "node_modules", name);
  await withProgress("building the pages", () =>
    buildWebPages(join(buildFolder, "web")),
  );
  process.env.COPPICE_TEST_HOME = await joinHome();
  return add(
    await check("lint", node, [join(repository, "scripts/lint.ts")]),
    await check("types", node, [bin("typescript/bin/tsc")]),
    await ava("unit", [
      "test/services/**/*.test.ts",
      "test/provisioning/*.test.ts",
      "test/scripts/*.test.ts",
    ]),
    await ava("web", ["test/web/*.test.ts"]),
  );
}

const networkTest = (name: string): string => `test/network/${name}.test.ts`;
/** Villages that are more than two processors' work. */
const busyVillages = ["five", "twelve"].map(networkTest);
const streets = ["router", "speed"].map(networkTest);
const networkTimeout = "--timeout=16m";
const oneByOne = ["--serial", "--concurrency=1", networkTimeout];

/** Villages one at a time, and beside them streets, which wait. */
async function busyNetworkTests(): Promise<Count> {
  return add(
    ...(await Promise.all([
      ava("network", busyVillages, oneByOne),
      ava("network", streets, [networkTimeout]),
    ])),
  );
}

/** Those that wait for clocks and lines nine tenths of their time: beside them the boards have the processors. */
async function waitingNetworkTests(): Promise<Count> {
  return await ava(
    "network",
    [
      "test/network/*.test.ts",
      ...[...busyVillages, ...streets].map((file) => `!${file}`),
    ],
    oneByOne,
  );
}

/** The image that boards boot, the next version, to which one is updated, and the first once more: it follows from the commit alone. */
async function images(): Promise<Count> {
  await ensureImage("qemu-x86-64");
  await ensureImage("qemu-x86-64", { version: "0.2.0" });
  const build = join(repository, "scripts/build.ts");
  return await check("two builds", process.execPath, [build, "--twice"]);
}

const boardTest = (name: string): string => `test/board/${name}.test.ts`;
/** Whole lives of boxes, of which each takes a processor whole. */
const lives = ["attest", "life"].map(boardTest);

async function boardTests(): Promise<Count> {
  return await ava("board", lives, ["--concurrency=2", "--timeout=60m"]);
}

/** Short ones: after the lives they would be waited for, one at a time. */
async function shortBoardTests(): Promise<Count> {
  return await ava(
    "board",
    ["test/board/*.test.ts", ...lives.map((file) => `!${file}`)],
    ["--serial", "--concurrency=1", "--timeout=20m"],
  );
}

/** What goes on beside the lives of boxes. */
async function besideBoards(only: string | undefined): Promise<Count> {
  return add(
    only === "board" ? none : await waitingNetworkTests(),
    only === "host" ? none : await shortBoardTests(),
  );
}

const { values } = parseArgs({
  options: { only: { type: "string" } },
});
try {
  await ensureHostTools(
    ...(["build", "pack", "flash", "emulate", "services", "test"] as const),
  );
  const { only } = values;
  if (only !== undefined && only !== "host" && only !== "board")
    throw new MissingToolError("--only takes host or board");
  const counts = await Promise.all([
    only === "board" ? none : busyTests(),
    only === "host" ? none : images(),
  ]);
  const total = add(
    ...counts,
    only === "board" ? none : await busyNetworkTests(),
    ...(await Promise.all([
      besideBoards(only),
      only === "host" ? none : boardTests(),
    ])),
  );
  // Once more at the end: whoever reads a long log begins there.
  for (const text of total.failed) console.log(`FAILED ${text}`);
  const failed = total.failed.length;
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
  console.log(`${total.passed} passed, ${failed} failed${skipped}`);
  process.exitCode = failed > 0 || total.passed === 0 ? 1 : 0;
} catch (error) {
  console.error(
    error instanceof MissingToolError ? `coppice: ${error.message}` : error,
  );
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
}
