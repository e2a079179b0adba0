/** How large an image is, beside what was recorded of it: growth is to be noticed, and decided. */
import { open, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { Parse } from "typebox/value";
import { buildFolder, repository } from "./builder.ts";
import { readPartitions } from "./partitions.ts";
import { Bill, propertyOf, sbomFile, sizeProperty } from "./sbom.ts";

/** What an image takes. */
export const Sizes = Type.Object({
  root: Type.Integer({ description: "bytes of the root file system" }),
  kernel: Type.Integer({ description: "bytes of the UKI" }),
  packages: Type.Record(Type.String(), Type.Integer(), {
    description: "installed kB by name; coppice: the services",
  }),
});
export type Sizes = Static<typeof Sizes>;

/** Part by which an image may grow before somebody has to say that it may. */
const tolerance = 0.03;
/** Packages that are named for a growth. */
const named = 8;

/** Bytes that the erofs root really takes, from its superblock. @param disk path of the raw image */
export async function rootSize(disk: string): Promise<number> {
  const [, root] = await readPartitions(disk);
  await using file = await open(disk);
  const superblock = Buffer.alloc(128);
  await file.read(superblock, 0, 128, (root?.start ?? 0) + 1024);
  return superblock.readUInt32LE(36) * 2 ** superblock.readUInt8(12);
}

/** What the image of a board takes that was built last. @throws where there is none */
export async function sizesOf(board: string): Promise<Sizes> {
  const folder = join(buildFolder, "image", board);
  const { metadata, components } = Parse(
    Bill,
    JSON.parse(await readFile(join(folder, sbomFile), "utf8")),
  );
  const size = (one: Parameters<typeof propertyOf>[0]): number =>
    Number(propertyOf(one, sizeProperty) ?? 0);
  const packages: Record<string, number> = {
    coppice: size(metadata.component),
  };
  for (const one of components)
    if (size(one) > 0) packages[one.name] = size(one);
  return {
    root: await rootSize(join(folder, "coppice.raw")),
    kernel: (await stat(join(folder, "coppice.efi"))).size,
    packages,
  };
}

/** File with what was recorded of a board's image. */
function recordOf(board: string): string {
  return join(repository, "test/board", `${board}.sizes.json`);
}

/** What was recorded of a board's image; `undefined` where nothing was. */
export async function recordedSizes(board: string): Promise<Sizes | undefined> {
  const text = await readFile(recordOf(board), "utf8").catch(() => undefined);
  return text === undefined ? undefined : Parse(Sizes, JSON.parse(text));
}

/** Records what the image of a board takes that was built last: later ones are held to it. */
export async function recordSizes(board: string): Promise<void> {
  const text = JSON.stringify(await sizesOf(board), null, 2);
  await writeFile(recordOf(board), `${text}\n`);
}

/** What grew by more than it may, in words, with the packages that it comes from; nothing where all is well. */
export function growth(before: Sizes, now: Sizes): string[] {
  const grown = (["root", "kernel"] as const).filter(
    (part) => now[part] > before[part] * (1 + tolerance),
  );
  if (grown.length === 0) return [];
  const causes = Object.entries(now.packages)
    .map(([name, size]) => ({
      name,
      more: size - (before.packages[name] ?? 0),
    }))
    .filter(({ more }) => more > 0)
    .sort((a, b) => b.more - a.more)
    .slice(0, named)
    .map(({ name, more }) => `${name} ${more} kB`);
  return grown.map(
    (part) =>
      `the ${part} grew from ${before[part]} to ${now[part]} bytes; installed, these grew most: ${causes.join(", ") || "none"}. If it is to be so: npm run build -- --record`,
  );
}
