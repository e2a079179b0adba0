import { type Static, Type } from "typebox";
import { Version } from "../../shared/update.ts";

/** Minutes since midnight, on the household's clock. */
const Minute = Type.Integer({ minimum: 0, maximum: 1439 });

/** How the box keeps itself up to date. */
export const UpdateSettings = Type.Object({
  source: Type.Union(
    [
      Type.String({
        maxLength: 512,
        pattern: "^https?://[^\\s]+$",
      }),
      Type.Null(),
    ],
    {
      description:
        "URL of a folder with one folder for each board; what is in it is signed. Null: nobody is asked",
    },
  ),
  friends: Type.Boolean({
    description:
      "ask friends' boxes too: each hands on the version that it runs",
  }),
  automatic: Type.Boolean({
    description: "install and restart by itself, in the quiet hours",
  }),
  quiet: Type.Object(
    { from: Minute, to: Minute },
    { description: "minutes since midnight, on the household's clock" },
  ),
});
export type UpdateSettings = Static<typeof UpdateSettings>;

/** Where a newer version is looked for. */
export const UpdateOrigin = Type.Union(
  [Type.Literal("source"), Type.Literal("friends"), Type.Literal("stick")],
  { description: "the source of the settings, friends' boxes, or a USB stick" },
);
export type UpdateOrigin = Static<typeof UpdateOrigin>;

/** How to look for a newer version. */
export const UpdateCheck = Type.Object({
  download: Type.Boolean({ description: "bring it here if there is one" }),
  from: UpdateOrigin,
});
export type UpdateCheck = Static<typeof UpdateCheck>;

/** What became of an update. */
export const UpdateOutcome = Type.Object({
  version: Version,
  at: Type.Integer({ description: "milliseconds since 1970" }),
  good: Type.Boolean(),
  words: Type.String(),
});
export type UpdateOutcome = Static<typeof UpdateOutcome>;

/** Something that a version has to do before it is kept. */
export const HealthCheck = Type.Object({
  name: Type.String(),
  good: Type.Boolean(),
  words: Type.String(),
});
export type HealthCheck = Static<typeof HealthCheck>;

/** What the health check found when this version started. */
export const Health = Type.Object({
  version: Version,
  at: Type.Integer({ description: "milliseconds since 1970" }),
  checks: Type.Array(HealthCheck),
});
export type Health = Static<typeof Health>;

/** Updates of the box, as they are at the moment. */
export const UpdateState = Type.Object({
  version: Type.String({ description: "that runs" }),
  board: Type.String(),
  settings: UpdateSettings,
  phase: Type.Enum(
    [
      "idle",
      "looking",
      "found",
      "comparing",
      "downloading",
      "ready",
      "installing",
      "restart",
      "proving",
    ] as const,
    {
      description: "restart: it is on the disk, and starts with the next boot",
    },
  ),
  found: Type.Union([
    Type.Object({
      version: Version,
      notes: Type.String(),
      size: Type.Integer({ description: "bytes of all its parts" }),
    }),
    Type.Null(),
  ]),
  came: Type.Integer({ description: "bytes of it that came by the line" }),
  checked: Type.Union([Type.Integer(), Type.Null()], {
    description: "when somebody was asked last, milliseconds since 1970",
  }),
  problem: Type.Union([
    Type.Object({ type: Type.String(), words: Type.String() }),
    Type.Null(),
  ]),
  health: Type.Union([Health, Type.Null()]),
  history: Type.Array(UpdateOutcome),
});
export type UpdateState = Static<typeof UpdateState>;
