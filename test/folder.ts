import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { hasCode } from "../services/shared/errors.ts";

const run = promisify(execFile);

/** A folder of a test's own, gone at the end. Its path is short: Unix sockets in it must fit 108 bytes. */
export async function temporaryFolder(): Promise<
  AsyncDisposable & { path: string }
> {
  await removeOrphans();
  const path = await mkdtemp(join(tmpdir(), `cpc-${process.pid}-`));
  return {
    path,
    [Symbol.asyncDispose]: async () => await remove(path),
  };
}

/** Removes the folders of test processes that were killed. */
async function removeOrphans(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(/^cpc-(\d+)-/.exec(name)?.[1]);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    const path = join(tmpdir(), name);
    await unmountBelow(path);
    await remove(path);
  }
}

/** Removes a folder with all that is in it. Whoever was ended a moment ago may still let go of something: that is waited for. */
async function remove(path: string): Promise<void> {
  await rm(path, {
    recursive: true,
    force: true,
    maxRetries: 10,
    retryDelay: 200,
  });
}

/** Takes away what a killed test mounted, the innermost first, and the loop devices on its files. */
async function unmountBelow(path: string): Promise<void> {
  const points = await mountedBelow(path);
  for (const point of points.reverse())
    await run("umount", ["--lazy", point]).catch(async (error: unknown) => {
      // Another test process may have tidied up at the same moment.
      if ((await mountedBelow(path)).includes(point)) throw error;
    });
  if (points.length === 0) return;
  const { stdout } = await run("losetup", [
    "--list",
    "--noheadings",
    "--output",
    "NAME,BACK-FILE",
  ]);
  for (const line of stdout.split("\n")) {
    const [device = "", file = ""] = line.trim().split(/\s+/);
    // So may it here; a device that stays is found by the next.
    if (file.startsWith(`${path}/`))
      await run("losetup", ["--detach", device]).catch(() => {});
  }
}

async function mountedBelow(path: string): Promise<string[]> {
  return (await readFile("/proc/self/mounts", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((point) => point.startsWith(`${path}/`));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}
