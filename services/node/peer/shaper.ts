import { setTimeout as sleep } from "node:timers/promises";
import { type Static, Type } from "typebox";
import { isWithin } from "../../shared/zone.ts";
import { LineGuard } from "./line-guard.ts";

const Rate = Type.Integer({
  minimum: 0,
  maximum: 10_000_000_000,
  description: "bytes a second; 0 for as much as there is",
});

/** How much of the household's line the friends' boxes may have. */
export const Limits = Type.Object({
  upload: Rate,
  download: Rate,
  quiet: Type.Union(
    [
      Type.Object({
        from: Type.Integer({ minimum: 0, maximum: 23 }),
        to: Type.Integer({ minimum: 0, maximum: 23 }),
        upload: Rate,
        download: Rate,
      }),
      Type.Null(),
    ],
    {
      description:
        "other limits from one hour of the day to before another, on the household's clock",
    },
  ),
});
export type Limits = Static<typeof Limits>;

export const noLimits: Limits = { upload: 0, download: 0, quiet: null };

/** The limits of an hour of the day. */
export function limitsAt(
  { upload, download, quiet }: Limits,
  hour: number,
): { upload: number; download: number } {
  if (!quiet) return { upload, download };
  return isWithin(quiet, hour)
    ? { upload: quiet.upload, download: quiet.download }
    : { upload, download };
}

/** Seconds' worth of bytes that may go at once after a rest, and the least of it, bytes. */
const burst = { seconds: 0.1, least: 64 * 1024 };
/** Seconds' worth of bytes that are sent in one piece, and the least of it, bytes: more would be a queue of its own. */
const grain = { seconds: 0.01, least: 8 * 1024 };
/** Bytes a second that stand for no limit where one has to be reckoned with. */
const fastest = 1e12;
/** Bytes within a second that are worth looking at the line. */
const busy = 65_536;

/** What waits for the owner's limits. */
export interface Gate {
  /** Bytes to send at a time. */
  readonly grain: number;
  /** Resolves when so many bytes may go; in the order asked. @throws where `signal` aborts */
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/** A token bucket with the owner's rate, and less where the line cannot carry it (`LineGuard`). */
export class Shaper implements Gate {
  #limit: () => number;
  #guard = new LineGuard();
  #tokens = 0;
  #at = performance.now();
  #turn: Promise<void> = Promise.resolve();
  /** Bytes that had gone through at the last measurement, and when the first one after it went. */
  #before = 0;
  #began = 0;
  /** Bytes that went through. */
  total = 0;

  /** @param limit bytes a second at this moment, 0 for none. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** What the guard leaves of what the line has given, 0 to 1. */
  get share(): number {
    return this.#guard.share;
  }

  /** Whether enough went through since the last time, a second ago, that round trips tell something of the line. */
  wasBusy(): boolean {
    if (this.total - this.#before > busy) return true;
    this.#before = this.total;
    return false;
  }

  get grain(): number {
    const rate = this.#rate;
    return rate === Number.POSITIVE_INFINITY
      ? Number.MAX_SAFE_INTEGER
      : Math.max(grain.least, Math.round(rate * grain.seconds));
  }

  /** Takes note of a round trip to a friend, in milliseconds, at any time. */
  learn(id: string, roundTrip: number): void {
    this.#guard.learn(id, roundTrip, performance.now());
  }

  /** Takes note of the round trips to all friends, in milliseconds, where it `wasBusy`. */
  measured(roundTrips: ReadonlyMap<string, number>): void {
    const now = performance.now();
    const seconds = (now - this.#began) / 1000;
    const passed = this.total - this.#before;
    this.#before = this.total;
    const pause = this.#guard.measured(roundTrips, passed / seconds, now);
    if (pause === 0) return;
    this.#tokens = -(this.#rate * pause) / 1000;
    this.#at = now;
  }

  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#rate === Number.POSITIVE_INFINITY) {
      this.#count(bytes);
      return;
    }
    const before = this.#turn;
    const mine = Promise.withResolvers<void>();
    this.#turn = mine.promise;
    try {
      await before;
      for (;;) {
        signal.throwIfAborted();
        // The owner may have lifted the limit meanwhile.
        const rate = Math.min(this.#rate, fastest);
        const full = Math.max(burst.least, rate * burst.seconds);
        const now = performance.now();
        this.#tokens = Math.min(
          full,
          this.#tokens + ((now - this.#at) / 1000) * rate,
        );
        this.#at = now;
        // What is larger than the bucket goes when it is full, and leaves a debt.
        const wanted = Math.min(bytes, full);
        if (this.#tokens >= wanted) {
          this.#tokens -= bytes;
          this.#count(bytes);
          return;
        }
        const missing = (wanted - this.#tokens) / rate;
        await sleep(Math.min(1000, missing * 1000), undefined, {
          signal,
          ref: false,
        });
      }
    } finally {
      mine.resolve();
    }
  }

  #count(bytes: number): void {
    if (this.total === this.#before) this.#began = performance.now();
    this.total += bytes;
  }

  get #rate(): number {
    return Math.min(
      this.#limit() || Number.POSITIVE_INFINITY,
      this.#guard.allowed,
    );
  }
}
