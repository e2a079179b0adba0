import type { RebuildableIndex } from "./rebuildable-index.ts";

/** The tables of a disk's index. */
export const fragmentTables = [
  "fragments",
  "packs",
  "accounts",
  "graves",
  "removals",
  "facts",
  "mended",
  "days",
] as const;
export type Table = (typeof fragmentTables)[number];

/** The index of a disk's fragments: packs rebuild it. */
export type FragmentIndex = RebuildableIndex<Table>;
