import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { ExecutionContext } from "ava";
import { until } from "./until.ts";
import type { Home } from "./village.ts";

/** Stores files of several sizes and both layouts. @returns their bytes, by path */
export async function fill(
  { tree }: Home,
  sizes: Readonly<Record<string, number>> = {
    "/note": 300,
    "/photos/sea": 3_000_000,
    "/photos/wood": 700_000,
    "/photos/empty": 0,
    "/photos/film": 5_000_000,
  },
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const folders = new Set<string>();
  for (const [path, size] of Object.entries(sizes)) {
    const [, folder = "", name = ""] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
    if (folder !== "" && !folders.has(folder)) {
      folders.add(folder);
      await tree.act({ act: "directory", parent: "/", name: folder.slice(1) });
    }
    const bytes = randomBytes(size);
    await tree.write(
      {
        parent: folder === "" ? "/" : folder,
        name,
        layout: name === "film" ? "random" : "sequential",
      },
      Readable.from([bytes], { objectMode: false }),
      size,
    );
    files.set(path, bytes);
  }
  return files;
}

/** Compares all files with what they should be. */
export async function compare(
  t: ExecutionContext,
  { name, tree }: Home,
  files: ReadonlyMap<string, Buffer>,
): Promise<void> {
  for (const [at, bytes] of files) {
    const { stream } = await tree.read({ at });
    t.true((await buffer(stream)).equals(bytes), `${at} on ${name}`);
  }
}

/** Resolves when everything of a home is as was promised, and survives the loss of so many boxes. */
export async function settled(home: Home, survives: number): Promise<void> {
  await until(`what ${home.name} has survives ${survives} boxes`, async () => {
    const { protection, progress } = await home.state();
    return (
      progress.current &&
      protection.every(
        (one) => one.waiting === 0 && (one.survives ?? 99) >= survives,
      )
    );
  });
}
