import { dirname, join } from "node:path";
import { ensureHostTools } from "./debian.ts";
import type { Image } from "./image.ts";
import { run } from "./process.ts";

/** An image as people download it. */
export interface Packed {
  /** Path of the compressed image, which Etcher, dd (behind zstd) and bmaptool take. */
  image: string;
  /** Path of the map of the blocks that hold something, with their digests (bmap 2.0). */
  map: string;
}

/** Compresses an image, and maps it. @throws CommandError, MissingToolError */
export async function packImage(
  { disk, version }: Image,
  board: string,
): Promise<Packed> {
  await ensureHostTools("pack");
  const base = join(dirname(disk), `coppice-${board}-${version}.img`);
  const packed = { image: `${base}.zst`, map: `${base}.bmap` };
  await run("bmaptool", ["create", "--output", packed.map, disk]);
  // Not node:zlib's, which ends in the midst of an image where it has several threads.
  await run("zstd", [
    ...["-10", "--threads=0", "--force", "--quiet"],
    ...[disk, "-o", packed.image],
  ]);
  return packed;
}
