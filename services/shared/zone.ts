/** What the clocks of the household show. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { places } from "./service.ts";

/** A time zone, as IANA's database names it. */
export const TimeZone = Type.String({
  maxLength: 64,
  pattern: "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$",
  description: "a zone of IANA's database, such as Europe/Berlin",
});
export type TimeZone = Static<typeof TimeZone>;

/** Whether there is a zone of this name. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Whether a time of the day is in a span of it, which may go over midnight. @param at in the unit of `from` and `to` */
export function isWithin(
  { from, to }: { from: number; to: number },
  at: number,
): boolean {
  return from <= to ? at >= from && at < to : at >= from || at < to;
}

/** Where the host tells the other services in which zone the household lives. @param runtime folder of all sockets */
export function zoneFile(runtime = places("host").runtime): string {
  return join(runtime, "clock/zone");
}

/** Milliseconds for which it is not looked again into the file. */
const fresh = 30_000;

/** The clock on the household's wall: UTC until the owner, or the setup, has said where it hangs. */
export class WallClock {
  readonly #file: string;
  #zone = "UTC";
  #looked = Number.NEGATIVE_INFINITY;
  #format: Intl.DateTimeFormat | undefined;
  /** The minute that was asked for last, counted since 1970, and of its day: senders of bytes ask at each piece. */
  #last = { minute: Number.NaN, ofDay: 0 };

  /** @param file as {@link zoneFile} names it */
  constructor(file = zoneFile()) {
    this.#file = file;
  }

  /** Minutes since midnight. */
  minute(time = new Date()): number {
    this.#look();
    const minute = Math.floor(time.getTime() / 60_000);
    if (minute === this.#last.minute) return this.#last.ofDay;
    this.#format ??= new Intl.DateTimeFormat("en", {
      timeZone: this.#zone,
      hour: "numeric",
      minute: "numeric",
      hourCycle: "h23",
    });
    const parts = this.#format.formatToParts(time);
    const part = (name: string): number =>
      Number(parts.find(({ type }) => type === name)?.value);
    this.#last = { minute, ofDay: part("hour") * 60 + part("minute") };
    return this.#last.ofDay;
  }

  /** A line in memory, twice a minute at most: not worth a promise in what sends bytes. */
  #look(): void {
    const now = performance.now();
    if (now - this.#looked < fresh) return;
    this.#looked = now;
    let zone = "UTC";
    try {
      zone = readFileSync(this.#file, "utf8").trim();
    } catch {
      // Nobody has said it yet.
    }
    if (zone === this.#zone || !isTimeZone(zone)) return;
    this.#zone = zone;
    this.#format = undefined;
    this.#last.minute = Number.NaN;
  }
}
