/** What passes between the updater and the host service: a job in one file, how it went in another. */
import { type Static, Type } from "typebox";

/** Files of the updater's state folder. */
export const updaterFiles = {
  /** The signed manifest of the version that was found. */
  manifest: "found.update",
  /** That of the version that runs, where a source has it: friends' boxes may have it from here then. */
  running: "running.update",
  /** Holds its parts. */
  parts: "parts",
  progress: "progress.json",
} as const;

/** Stands for all friends' boxes, among sources. */
export const friendsSource = "friends:";

/** What the updater is to do. */
export const Job = Type.Object({
  source: Type.String({
    description: `URL of a folder with a folder for each board; or ${friendsSource}`,
  }),
  /** Whether to bring the newer version here, or only to look. */
  download: Type.Boolean(),
  /** Least security version. */
  floor: Type.Integer(),
});
export type Job = Static<typeof Job>;

/** How a job goes, or went. */
export const JobProgress = Type.Object({
  at: Type.Integer({ description: "milliseconds since 1970" }),
  phase: Type.Union([
    Type.Literal("looking"),
    Type.Literal("comparing"),
    Type.Literal("downloading"),
    Type.Literal("found"),
    Type.Literal("ready"),
    Type.Literal("none"),
    Type.Literal("failed"),
  ]),
  /** The version that is meant; the one that runs where there is none newer. */
  version: Type.Union([Type.String(), Type.Null()]),
  came: Type.Integer({ description: "bytes that came by the line" }),
  size: Type.Integer({ description: "bytes of all parts together" }),
  problem: Type.Union([
    Type.Object({ type: Type.String(), words: Type.String() }),
    Type.Null(),
  ]),
});
export type JobProgress = Static<typeof JobProgress>;

/** How a job stands that was just begun. */
export function begunJob(): JobProgress {
  return {
    at: Date.now(),
    phase: "looking",
    version: null,
    came: 0,
    size: 0,
    problem: null,
  };
}
