import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { ConflictError, hasCode } from "../../shared/errors.ts";
import { openLibrary } from "../../shared/native.ts";
import { Coder } from "./coder.ts";
import { DiskStore } from "./disk-store.ts";
import { fragmentTables } from "./fragment-index.ts";
import { FragmentStore } from "./fragments.ts";
import { RebuildableLmdb } from "./rebuildable-index.ts";
import { FolderStorage } from "./storage.ts";

/** The file at the top of each data disk that says it is one; an unmounted folder has none. */
export const diskMark = "coppice-disk.json";

/** What stands in that file. */
export const DiskMark = Type.Object({
  format: Type.Literal(1),
  uuid: Type.String({ pattern: "^[0-9a-f-]{36}$" }),
});
export type DiskMark = Static<typeof DiskMark>;

/** A mounted data disk. */
export type FoundDisk = DiskMark & { path: string };

/** The mounted data disks below `folder`. */
export async function findDisks(folder: string): Promise<FoundDisk[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  const found: FoundDisk[] = [];
  for (const name of names.sort()) {
    const path = join(folder, name);
    const mark = await readJson(DiskMark, join(path, diskMark));
    if (mark) found.push({ ...mark, path });
  }
  return found;
}

/** Makes an empty folder a data disk, or reads the mark of one. @throws ConflictError where other things are in it */
export async function markFolder(path: string): Promise<FoundDisk> {
  await mkdir(path, { recursive: true });
  const mark = await readJson(DiskMark, join(path, diskMark));
  if (mark) return { ...mark, path };
  const names = await readdir(path);
  // What a power cut left of an earlier try.
  const unfinished = names.filter((name) => name.startsWith(`${diskMark}.`));
  for (const name of unfinished) await rm(join(path, name));
  if (names.length > unfinished.length)
    throw new ConflictError(
      `${path} is not empty and not a data disk. Name an empty folder.`,
      "not-a-data-disk",
    );
  const fresh: DiskMark = { format: 1, uuid: crypto.randomUUID() };
  await writeDurable(join(path, diskMark), JSON.stringify(fresh));
  return { ...fresh, path };
}

const exclusiveNow = 2 | 4;

/** Opens the fragments of a mounted data disk, for this process alone. @throws ConflictError, DiskMissingError, DiskError */
export async function openDataDisk({
  path,
  uuid,
}: FoundDisk): Promise<DiskStore> {
  const folder = join(path, "store");
  await mkdir(folder, { recursive: true });
  const lock = await open(join(folder, "lock"), "a", 0o600);
  const libc = openLibrary("libc.so.6", "libc6", {
    flock: ["int", ["int", "int"]],
  });
  if ((await libc.flock(lock.fd, exclusiveNow)) !== 0) {
    await lock.close();
    throw new ConflictError(
      `${path} is in use by another process. Let it end first.`,
      "busy",
    );
  }
  const index = await RebuildableLmdb.open(
    join(folder, "index"),
    fragmentTables,
  );
  try {
    return await DiskStore.open(
      await FolderStorage.open(join(folder, "packs")),
      index,
      uuid,
      { onClose: () => lock.close() },
    );
  } catch (error) {
    await index[Symbol.asyncDispose]();
    await lock.close();
    throw error;
  }
}

/** Opens a store on folders, each of which is a data disk or becomes one. @throws as `markFolder` and `openDataDisk` */
export async function openFolders(
  paths: readonly string[],
  onError: (error: unknown) => void,
): Promise<FragmentStore> {
  const store = new FragmentStore(Coder.open(), onError);
  try {
    for (const path of paths)
      store.attach(await openDataDisk(await markFolder(path)));
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}
