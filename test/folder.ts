import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of a test's own, gone at the end. Its path is short: Unix sockets in it must fit 108 bytes. */
export async function temporaryFolder(): Promise<
  AsyncDisposable & { path: string }
> {
  const path = await mkdtemp(join(tmpdir(), "cpc-"));
  return {
    path,
    [Symbol.asyncDispose]: async () =>
      await rm(path, { recursive: true, force: true }),
  };
}
