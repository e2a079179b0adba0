/** What is left of keys on a disk, byte by byte: for one that was reset. */
import { open } from "node:fs/promises";
import { runIn } from "../services/identity/tpm-stand.ts";

const sector = 512;
const wanted = 8;
const size = 16;

/** Some bytes of the LUKS header and key slots of the disk's state, which are nowhere else by chance. */
export async function keyMaterial(disk: string): Promise<Buffer[]> {
  const { partitiontable } = JSON.parse(
    await runIn("/", "sfdisk", ["--json", disk]),
  ) as { partitiontable: { partitions: { name: string; start: number }[] } };
  const state = partitiontable.partitions.find(({ name }) => name === "state");
  if (!state) throw new Error(`${disk} has no state.`);
  await using file = await open(disk, "r");
  const header = Buffer.alloc(16 * 2 ** 20);
  await file.read(header, 0, header.length, state.start * sector);
  const random = (piece: Buffer): boolean =>
    // A line's end would end the pattern.
    new Set(piece).size > 13 && !piece.includes(10) && !piece.includes(0);
  const pieces: Buffer[] = [];
  for (let at = 0; at < header.length && pieces.length < wanted; at += 4096) {
    const piece = header.subarray(at, at + size);
    if (random(piece)) pieces.push(piece);
  }
  return pieces;
}

/** How many of the pieces are anywhere on the disk. */
export async function countOnDisk(
  disk: string,
  pieces: readonly Buffer[],
): Promise<number> {
  const escaped = (piece: Buffer): string =>
    [...piece]
      .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`)
      .join("");
  const found = await runIn(
    "/",
    "grep",
    [
      ...["--only-matching", "--byte-offset", "--binary", "--text"],
      ...["--perl-regexp", pieces.map(escaped).join("|"), disk],
    ],
    { LC_ALL: "C" },
  ).catch((error: { code?: number; stdout?: string }) => {
    // It ends with 1 where it finds nothing.
    if (error.code === 1) return "";
    throw error;
  });
  return (found.match(/^\d+:/gm) ?? []).length;
}
