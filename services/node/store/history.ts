import { Type } from "typebox";
import { Parse } from "typebox/value";
import type { DiskStore } from "./disk-store.ts";
import type { Place } from "./record.ts";
import { encodePlace } from "./record.ts";
import {
  type Batch,
  encodeRow,
  numberKey,
  type Row,
  readNumber,
} from "./rows.ts";

/** A fragment that was made anew, or a segment that could not be. */
export const Mending = Type.Object({
  at: Type.Number({ description: "milliseconds since 1970" }),
  account: Type.String(),
  block: Type.String(),
  segment: Type.Integer(),
  index: Type.Integer(),
  cause: Type.Union(
    [Type.Literal("rotten"), Type.Literal("missing"), Type.Literal("lost")],
    { description: "lost: the segment could not be restored" },
  ),
});
export type Mending = Type.Static<typeof Mending>;

/** What happened to a disk's fragments on one day. */
export const Day = Type.Object({
  day: Type.Integer({ description: "days since 1970" }),
  verified: Type.Number({ description: "bytes that were read and compared" }),
  mended: Type.Integer(),
  lost: Type.Integer(),
});
export type Day = Type.Static<typeof Day>;

const dayMilliseconds = 86_400_000;
const keptMendings = 1000;
const keptDays = 800;
const mendedKey = Buffer.from("mended");
const mendingsKey = Buffer.from("mendings");
const lastMendedKey = Buffer.from("lastMended");

/** Notes durably that a fragment was made anew, or that its segment is lost. */
export async function noteMending(
  disk: DiskStore,
  place: Place,
  cause: Mending["cause"],
): Promise<void> {
  const mending: Mending = {
    at: Date.now(),
    account: place.account.toString("hex"),
    block: place.block.toString("hex"),
    segment: place.segment,
    index: place.index,
    cause,
  };
  await disk.note((batch) => {
    const count = readNumber(batch.get("facts", mendingsKey));
    // A ring: the oldest gives way.
    batch.set(
      "mended",
      numberKey(count % keptMendings),
      Buffer.from(JSON.stringify(mending)),
    );
    batch.set("facts", mendingsKey, numberKey(count + 1));
    if (cause !== "lost") {
      const mended = readNumber(batch.get("facts", mendedKey));
      batch.set("facts", mendedKey, numberKey(mended + 1));
      batch.set("facts", lastMendedKey, numberKey(mending.at));
    }
    changeDay(batch, mending.at, (day) =>
      cause === "lost"
        ? { ...day, lost: day.lost + 1 }
        : { ...day, mended: day.mended + 1 },
    );
  });
}

/** Notes durably that a pack was checked whole, and how many bytes of it were read. */
export async function noteVerified(
  disk: DiskStore,
  bytes: number,
  pack: number,
): Promise<void> {
  const now = Date.now();
  await disk.note((batch) => {
    changeDay(batch, now, (day) => ({
      ...day,
      verified: day.verified + bytes,
    }));
    disk.setVerified(batch, pack, now);
  });
}

/** Marks a fragment as damaged, so that it is not read again until it was mended. */
export async function noteDamaged(
  disk: DiskStore,
  place: Place,
  row: Row,
): Promise<void> {
  await disk.note((batch) => {
    const current = disk.row(place);
    if (current?.pack === row.pack && current.offset === row.offset)
      batch.set(
        "fragments",
        encodePlace(place),
        encodeRow({ ...current, damaged: true }),
      );
  });
}

/** How many fragments of a disk were made anew so far. */
export function mendedOn(disk: DiskStore): number {
  return disk.fact(mendedKey);
}

/** When a fragment of a disk was last made anew, milliseconds since 1970; 0 for never. */
export function lastMendedOn(disk: DiskStore): number {
  return disk.fact(lastMendedKey);
}

/** What was mended on a disk, the newest first. */
export function mendingsOn(disk: DiskStore): Mending[] {
  return disk
    .noted("mended", keptMendings)
    .map(([, value]) => Parse(Mending, JSON.parse(value.toString())))
    .sort((a, b) => b.at - a.at);
}

/** The days of a disk, the oldest first. */
export function daysOn(disk: DiskStore): Day[] {
  return disk
    .noted("days", keptDays + 1)
    .map(([, value]) => Parse(Day, JSON.parse(value.toString())));
}

function changeDay(batch: Batch, now: number, change: (day: Day) => Day): void {
  const day = Math.floor(now / dayMilliseconds);
  const key = numberKey(day);
  const old = batch.get("days", key);
  const state = old
    ? Parse(Day, JSON.parse(old.toString()))
    : { day, verified: 0, mended: 0, lost: 0 };
  batch.set("days", key, Buffer.from(JSON.stringify(change(state))));
  batch.set("days", numberKey(day - keptDays), undefined);
}
