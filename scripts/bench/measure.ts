import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { run } from "../process.ts";

/** A folder on a real disk: /tmp may be memory. */
export async function scratch(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp("/var/tmp/coppice-bench-");
  return {
    path,
    [Symbol.asyncDispose]: async () =>
      await rm(path, { recursive: true, force: true }),
  };
}

/** Seconds that `work` takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Makes the kernel forget what it read. Needs root. */
export async function dropCaches(): Promise<void> {
  await run("sync", []);
  await writeFile("/proc/sys/vm/drop_caches", "3");
}
