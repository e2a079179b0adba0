import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import test from "ava";
import { repository } from "../../scripts/builder.ts";

test("a test that fails with an error that came from nowhere is reported, and those after it", async (t) => {
  // AVA takes tests of its own project alone.
  const folder = await mkdtemp(join(repository, "test/scripts/.ava-tap-"));
  t.teardown(async () => await rm(folder, { recursive: true, force: true }));
  const file = join(folder, "failing.test.ts");
  await writeFile(
    file,
    `import test from "ava";
test("without a stack", () => {
  const error = new Error("from nowhere");
  error.stack = String(error);
  throw error;
});
test("after it", (t) => t.pass());
`,
  );
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(repository, "scripts/ava-tap.ts"), relative(repository, file)],
    { cwd: repository, encoding: "utf8", timeout: 60_000 },
  );
  t.is(status, 1, stderr);
  t.regex(stdout, /^not ok \d+ - without a stack$/m);
  t.regex(stdout, /from nowhere/);
  t.regex(stdout, /^ok \d+ - after it$/m);
});
