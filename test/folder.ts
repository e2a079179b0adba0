import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "../services/shared/errors.ts";

/** A folder of a test's own, gone at the end. Its path is short: Unix sockets in it must fit 108 bytes. */
export async function temporaryFolder(): Promise<
  AsyncDisposable & { path: string }
> {
  await removeOrphans();
  const path = await mkdtemp(join(tmpdir(), `cpc-${process.pid}-`));
  return {
    path,
    [Symbol.asyncDispose]: async () =>
      await rm(path, { recursive: true, force: true }),
  };
}

/** Removes the folders of test processes that were killed. */
async function removeOrphans(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(/^cpc-(\d+)-/.exec(name)?.[1]);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}
