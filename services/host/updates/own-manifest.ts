/** The signed manifest of the version that runs: with it, friends' boxes can have that version from here. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeDurable } from "../../shared/durable.ts";
import { hasCode } from "../../shared/errors.ts";
import { imageAnchors, readSigners } from "../../shared/image.ts";
import { openManifest, UpdateError } from "../../shared/update.ts";

const suffix = ".update";

/** The name under which coppice-version.service finds it. */
function fileFor(version: string): string {
  return `coppice_${version}${suffix}`;
}

/** Keeps a copy for when that version runs. @param file with the signed manifest. @param folder of the host's own */
export async function keepManifest(
  file: string,
  folder: string,
  version: string,
): Promise<void> {
  await writeDurable(join(folder, fileFor(version)), await readFile(file));
}

/** Keeps the manifest that a source has of the version that runs, where one was found; does nothing else. @param file as the updater left it */
export async function takeManifest(
  file: string,
  folder: string,
  version: string,
): Promise<void> {
  try {
    const document = await readFile(file);
    const found = openManifest(
      document,
      await readSigners(imageAnchors.signers),
    );
    if (found.version === version)
      await writeDurable(join(folder, fileFor(version)), document);
    await rm(file);
  } catch (error) {
    if (error instanceof UpdateError) await rm(file);
    else if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** Forgets those of versions that do not run any more. @param versions that are kept */
export async function forgetManifests(
  folder: string,
  versions: readonly string[],
): Promise<void> {
  const wanted = new Set(versions.map(fileFor));
  for (const name of await readdir(folder))
    if (name.endsWith(suffix) && !wanted.has(name))
      await rm(join(folder, name));
}
