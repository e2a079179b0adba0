import { randomBytes } from "node:crypto";
import { access, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Static, TSchema } from "typebox";
import { Parse } from "typebox/value";
import { hasCode } from "./errors.ts";

/** Flushes a folder, so that names made or changed in it survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}

/** Whether there is something at a path. */
export async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Replaces a file whole: after a power cut it holds the old or the new content, never a mixture. Mode 0600. */
export async function writeDurable(
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  const fresh = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await using file = await open(fresh, "wx", 0o600);
    await file.writeFile(content);
    await file.sync();
    await rename(fresh, path);
    // FAT says where the content is in the folder, and puts it beside the new name only now: the file would be empty.
    await file.sync();
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Removes a file for good, also across a power cut. A missing one is fine. */
export async function removeDurable(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path)).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error;
  });
}

/** Reads a JSON file and checks it; `undefined` where there is none. @throws where it does not fit `schema`. */
export async function readJson<S extends TSchema>(
  schema: S,
  path: string,
): Promise<Static<S> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  return Parse(schema, JSON.parse(text)) as Static<S>;
}
