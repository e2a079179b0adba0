import { setTimeout as sleep } from "node:timers/promises";
import { type Static, Type } from "typebox";

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
    { description: "other limits from one hour of the day to before another" },
  ),
});
export type Limits = Static<typeof Limits>;

export const noLimits: Limits = { upload: 0, download: 0, quiet: null };

/** The limits of an hour of the day, in local time. */
export function limitsAt(
  { upload, download, quiet }: Limits,
  hour: number,
): { upload: number; download: number } {
  if (!quiet) return { upload, download };
  const { from, to } = quiet;
  const within =
    from <= to ? hour >= from && hour < to : hour >= from || hour < to;
  return within
    ? { upload: quiet.upload, download: quiet.download }
    : { upload, download };
}

/** Bytes that may go at once after a rest: a quarter of a second's worth, and one fragment. */
const burstSeconds = 0.25;
const leastBurst = 256 * 1024;
/** A round trip that takes so many times the best one, and so many milliseconds more, says that the line is full. */
const crowded = { factor: 2, milliseconds: 40 };
/** The guard's share of the rate after a full line, and how it comes back with each good round trip. */
const backOff = 0.7;
const recover = 0.05;
const leastShare = 0.05;
/** What the guard takes for the rate where the owner gave none, bytes a second, until it has seen more. */
const unlimited = 125_000_000;

/**
 * A token bucket with a guard: where the owner's rate is too high for the line, round trips grow long, and the share falls;
 * it comes back while they are short (as LEDBAT, RFC 6817, in the large).
 */
export class Shaper {
  #rate: () => number;
  #tokens = 0;
  #at = performance.now();
  #share = 1;
  #best = Number.POSITIVE_INFINITY;
  #turn: Promise<void> = Promise.resolve();
  /** Bytes that went through. */
  total = 0;

  /** @param rate bytes a second at this moment, 0 for no limit. */
  constructor(rate: () => number) {
    this.#rate = rate;
  }

  /** The share of the rate that the guard leaves, 0.05 to 1. */
  get share(): number {
    return this.#share;
  }

  /** Takes note of a round trip over the same line, in milliseconds. */
  measured(roundTrip: number): void {
    // The best of long ago may have been another way: it fades.
    this.#best = Math.min(roundTrip, this.#best * 1.02);
    const full =
      roundTrip > this.#best * crowded.factor &&
      roundTrip > this.#best + crowded.milliseconds;
    this.#share = full
      ? Math.max(leastShare, this.#share * backOff)
      : Math.min(1, this.#share + recover);
  }

  /** Resolves when so many bytes may go; in the order asked. @throws where `signal` aborts */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    this.total += bytes;
    if (this.#rate() === 0 && this.#share === 1) return;
    const before = this.#turn;
    const mine = Promise.withResolvers<void>();
    this.#turn = mine.promise;
    try {
      await before;
      for (;;) {
        signal.throwIfAborted();
        const rate = (this.#rate() || unlimited) * this.#share;
        const burst = Math.max(leastBurst, rate * burstSeconds);
        const now = performance.now();
        this.#tokens = Math.min(
          burst,
          this.#tokens + ((now - this.#at) / 1000) * rate,
        );
        this.#at = now;
        // A message that is larger than the bucket goes when it is full, and leaves a debt.
        if (this.#tokens >= Math.min(bytes, burst)) {
          this.#tokens -= bytes;
          return;
        }
        const missing = Math.min(bytes, burst) - this.#tokens;
        await sleep(Math.min(1000, (missing / rate) * 1000), undefined, {
          signal,
          ref: false,
        });
      }
    } finally {
      mine.resolve();
    }
  }
}
