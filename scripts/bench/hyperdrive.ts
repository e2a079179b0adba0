import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { buildFolder } from "../builder.ts";
import { run } from "../process.ts";

/** Installed only where it is measured: it has 200 MB of prebuilt binaries, and nothing of it is in the product. */
const packages = {
  name: "hyperdrive-bench",
  private: true,
  dependencies: { hyperdrive: "13.3.4", corestore: "7.12.5" },
  // What these ask for is not in every registry.
  overrides: { "hypercore-storage": "3.3.1" },
};

interface Drive {
  ready(): Promise<void>;
  close(): Promise<void>;
  createWriteStream(path: string): Writable;
  createReadStream(path: string): AsyncIterable<Uint8Array>;
  put(path: string, bytes: Uint8Array): Promise<void>;
  del(path: string): Promise<void>;
}
type DriveClass = new (
  store: unknown,
  options: { encryptionKey: Uint8Array },
) => Drive;
type StoreClass = new (folder: string) => { close(): Promise<void> };

/** An encrypted hyperdrive on a folder; it neither codes nor waits for the disk. Needs npm's registry the first time. */
export async function openHyperdrive(
  folder: string,
): Promise<AsyncDisposable & { drive: Drive }> {
  const home = join(buildFolder, "hyperdrive");
  await mkdir(home, { recursive: true });
  await writeFile(join(home, "package.json"), JSON.stringify(packages));
  await run("npm", ["install", "--ignore-scripts", "--no-audit"], {
    cwd: home,
  });
  const load = createRequire(join(home, "package.json"));
  const Store = load("corestore") as StoreClass;
  const Hyperdrive = load("hyperdrive") as DriveClass;
  const store = new Store(folder);
  const drive = new Hyperdrive(store, { encryptionKey: randomBytes(32) });
  await drive.ready();
  return {
    drive,
    [Symbol.asyncDispose]: async () => {
      await drive.close();
      await store.close();
    },
  };
}

/** Writes a file of a hyperdrive from a stream. */
export async function writeDrive(
  drive: Drive,
  path: string,
  source: Readable,
): Promise<void> {
  await pipeline(source, drive.createWriteStream(path));
}
