import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { LmdbIndex } from "../../../../services/node/store/ordered-index.ts";
import { temporaryFolder } from "../../../folder.ts";

const run = promisify(execFile);
const noWarning = "--disable-warning=ExperimentalWarning";
const limits = { timeout: 60_000, killSignal: "SIGKILL" } as const;

test("a process that dies of an error while its index is written ends, so that it can be started again", async (t) => {
  await using folder = await temporaryFolder();
  const died = await t.throwsAsync(
    run(
      process.execPath,
      [noWarning, join(import.meta.dirname, "dying-writer.ts"), folder.path],
      limits,
    ),
  );
  t.like(died, { code: 1, killed: false });
  t.regex(String(died), /as planned/);
  await using index = await LmdbIndex.open(folder.path, ["rows"]);
  const key = Buffer.from("key");
  await index.commit([{ table: "rows", key, value: Buffer.from("again") }]);
  t.is(String(index.get("rows", key)), "again");
});

test("an index whose disk is full says what the disk said, and the process goes on", async (t) => {
  await using folder = await temporaryFolder();
  // A mount of its own namespace: it is gone with the process, however that ends.
  const { stdout } = await run(
    "unshare",
    [
      ...["--mount", "sh", "-c"],
      'mount -t tmpfs -o size=3m tmpfs "$0" && exec "$@"',
      ...[folder.path, process.execPath, noWarning],
      ...[join(import.meta.dirname, "filling-writer.ts"), folder.path],
    ],
    limits,
  );
  t.regex(stdout, /^refused: (Input\/output error|No space left on device)/);
});
