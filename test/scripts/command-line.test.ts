/** Commands end in words where their user can do something, and say so by their status. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";

const run = promisify(execFile);

/** Runs a command of this repository. @returns its status, and what it said of what went wrong */
async function ended(
  name: string,
  ...args: string[]
): Promise<{ status: number; words: string }> {
  const file = join(import.meta.dirname, "../../scripts", `${name}.ts`);
  try {
    await run(process.execPath, [
      "--disable-warning=ExperimentalWarning",
      file,
      ...args,
    ]);
    return { status: 0, words: "" };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { status: code, words: stderr };
  }
}

test("wrong use, and what is not there, is said in one line; a stack is for nobody", async (t) => {
  for (const [status, words, name, ...args] of [
    [2, /^coppice: Unknown option '--version'.*\n$/, "build", "--version", "1"],
    [2, /^coppice: .*nothing.*\n$/, "build", "--board", "nothing"],
    [2, /^coppice: a release needs --version.*\n$/, "release"],
    [2, /^coppice: Unknown option '--nonsense'.*\n$/, "start", "--nonsense"],
    [2, /^coppice: npm run audit -- FILE.*\n$/, "audit"],
    [
      2,
      /^coppice: .*cannot be read.*npm run build first\n$/,
      "audit",
      "--board",
      "nothing",
      "/dev/null",
    ],
  ] as const) {
    const end = await ended(name, ...args);
    t.is(end.status, status, `${name} ${args.join(" ")}: ${end.words}`);
    t.regex(end.words, words);
  }
});
