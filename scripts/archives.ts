/** Where an image's Debian packages come from, and which they were. */
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "./architecture.ts";
import {
  builderPackages,
  buildFolder,
  debianSources,
  emptyBuildFolder,
} from "./builder.ts";
import {
  type Held,
  type PackageLock,
  preferences,
  snapshotName,
  sorted,
} from "./package-lock.ts";

/** Keeps what mkosi laid out of packages for the next version, for an hour: Debian may have mended something since. Resolves to when it is from, milliseconds since 1970. @param key of the packages that it may hold */
export async function ensureCache(key: string): Promise<number> {
  const stamp = join(buildFolder, "cache.made");
  const made = await stat(stamp).catch(() => undefined);
  const same = (await readFile(stamp, "utf8").catch(() => "")) === key;
  if (made && same && Date.now() - made.mtimeMs < 3_600_000)
    return made.mtimeMs;
  await rm(stamp, { force: true });
  await emptyBuildFolder("cache");
  await writeFile(stamp, key);
  return (await stat(stamp)).mtimeMs;
}

/** Writes what mkosi's apt is to know: where Debian's archives are, and what it may take of them. */
export async function writeArchives(
  architecture: Architecture,
  held: Held | undefined,
): Promise<void> {
  const apt = join(await emptyBuildFolder("sandbox"), "etc/apt");
  const sources = join(apt, "sources.list.d");
  const pins = join(apt, "preferences.d");
  for (const one of [sources, pins]) await mkdir(one, { recursive: true });
  await writeFile(
    join(sources, "mkosi.sources"),
    await debianSources(architecture, held),
  );
  if (held)
    await writeFile(
      join(pins, "locked"),
      preferences(held.lock.image.packages),
    );
}

/** What an image is made of, for those who want the same again. @param from when Debian's archives were asked, milliseconds since 1970 */
export async function lockOf(
  board: string,
  architecture: Architecture,
  from: number,
  packages: readonly { name: string; version: string }[],
): Promise<PackageLock> {
  const builder = await builderPackages(architecture);
  return {
    board,
    builder: {
      snapshot: snapshotName(builder.made),
      packages: builder.packages,
    },
    image: {
      snapshot: snapshotName(from),
      packages: sorted(packages.map(({ name, version }) => [name, version])),
    },
  };
}
