import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { readJson } from "../shared/durable.ts";
import { hasCode } from "../shared/errors.ts";

/** The file at the top of each data disk that says it is one; an unmounted folder has none. */
export const diskMark = "coppice-disk.json";

/** What stands in that file. */
export const DiskMark = Type.Object({
  format: Type.Literal(1),
  uuid: Type.String({ pattern: "^[0-9a-f-]{36}$" }),
});
export type DiskMark = Static<typeof DiskMark>;

/** The mounted data disk below `folder`: its path and mark; `undefined` where none is mounted. */
export async function findDisk(
  folder: string,
): Promise<(DiskMark & { path: string }) | undefined> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  for (const name of names.sort()) {
    const path = join(folder, name);
    const mark = await readJson(DiskMark, join(path, diskMark));
    if (mark) return { ...mark, path };
  }
  return undefined;
}
