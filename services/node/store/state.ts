import { Type } from "typebox";
import { Day, Mending } from "./history.ts";

/** A data disk. */
export const DataDisk = Type.Object({
  uuid: Type.String(),
  state: Type.Union(
    [
      Type.Literal("ok"),
      Type.Literal("draining"),
      Type.Literal("failed"),
      Type.Literal("missing"),
    ],
    { description: "draining: its fragments move to the other disks" },
  ),
  failure: Type.Optional(
    Type.String({ description: "what is wrong, and what to do" }),
  ),
  draining: Type.Optional(
    Type.Number({
      description: "bytes of fragments that were on it when that began",
    }),
  ),
  total: Type.Number({ description: "bytes" }),
  free: Type.Number({ description: "bytes that fragments may still take" }),
  stored: Type.Number({ description: "bytes of fragments" }),
  packs: Type.Integer(),
  mended: Type.Integer({
    description: "fragments that were made anew on it so far",
  }),
  readErrors: Type.Integer({
    description: "reads that the disk refused since the start",
  }),
});
export type DataDisk = Type.Static<typeof DataDisk>;

/** How the owner wants the scrub. */
export const ScrubSettings = Type.Object({
  periodDays: Type.Integer({
    minimum: 1,
    maximum: 3650,
    description: "days in which everything is read once",
  }),
  rate: Type.Integer({
    minimum: 100_000,
    maximum: 10_000_000_000,
    description: "bytes a second at most",
  }),
  pausedUntil: Type.Integer({
    minimum: 0,
    description: "milliseconds since 1970; 0 for not at all",
  }),
});
export type ScrubSettings = Type.Static<typeof ScrubSettings>;

const LostSegment = Type.Object({
  account: Type.String(),
  block: Type.String(),
  segment: Type.Integer(),
});
const report = {
  verified: Type.Number({ description: "bytes that were read and compared" }),
  damaged: Type.Integer({
    description: "fragments that did not match their name, or were not there",
  }),
  mended: Type.Integer({ description: "fragments that were made anew" }),
  moved: Type.Integer({
    description:
      "sound fragments that were written elsewhere: from a disk that is to be emptied, or with a damaged record",
  }),
  lost: Type.Array(LostSegment, {
    description: "segments that could not be restored",
  }),
};

/** What a pass found. */
export const ScrubReport = Type.Object(report);
export type ScrubReport = Type.Static<typeof ScrubReport>;

/** A pass that is under way. */
export const ScrubProgress = Type.Object({
  ...report,
  started: Type.Number({ description: "milliseconds since 1970" }),
  total: Type.Number({ description: "bytes to be read" }),
  disk: Type.Optional(
    Type.String({
      description: "UUID of the disk that is being read",
    }),
  ),
});
export type ScrubProgress = Type.Static<typeof ScrubProgress>;

/** What somebody has here. */
export const Usage = Type.Object({
  account: Type.String({ description: "hex; zeros are the owner's files" }),
  kind: Type.Union([
    Type.Literal("files"),
    Type.Literal("objects"),
    Type.Literal("peer"),
  ]),
  bytes: Type.Number({ description: "bytes of fragments" }),
  fragments: Type.Integer(),
  quota: Type.Union([Type.Number(), Type.Null()]),
});
export type Usage = Type.Static<typeof Usage>;

/** All about the fragment store. */
export const StoreState = Type.Object({
  disks: Type.Array(DataDisk),
  usage: Type.Array(Usage),
  scrub: Type.Object({
    settings: ScrubSettings,
    progress: Type.Optional(ScrubProgress),
    last: Type.Optional(
      Type.Object({
        ...report,
        ended: Type.Number({ description: "milliseconds since 1970" }),
      }),
    ),
  }),
  days: Type.Array(Day),
  mendings: Type.Array(Mending, { description: "the newest first" }),
});
export type StoreState = Type.Static<typeof StoreState>;

/** What the owner may set. */
export const StoreSettings = Type.Object({
  scrub: ScrubSettings,
  quotas: Type.Array(
    Type.Object({
      account: Type.String({ pattern: "^[0-9a-f]{32}$" }),
      bytes: Type.Integer({ minimum: 0 }),
    }),
    { maxItems: 1000 },
  ),
});
export type StoreSettings = Type.Static<typeof StoreSettings>;
