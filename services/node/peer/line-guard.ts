/** A round trip of so many times a friend's best one, and of so many milliseconds more, says that the line is full. */
const crowded = { factor: 1.25, milliseconds: 40 };
/** Milliseconds of which the best round trip counts, and those before: what was best long ago may have been another way. */
const period = 5 * 60_000;
/** What the line once gave counts less by this share each second. */
const fading = 0.001;
/** The share of what went through that is allowed once the line is full, and where that did not help: others want it. */
const backOff = { first: 0.95, again: 0.7 };
/** Milliseconds after which a full line counts as full for the first time again. */
const forgiven = 7000;
/**
 * How the allowed rate comes back each round: by a factor to near what the line has given, then by `slow` for each round in
 * which all was well, within bounds.
 */
const recover = {
  near: 0.95,
  fast: 1.25,
  slow: 0.002,
  slowest: 0.005,
  most: 0.1,
};
/** What is allowed at least, bytes a second: a share of what the line has given, and an absolute rate. */
const least = { share: 0.05, rate: 16_384 };
/** Milliseconds for which nothing is sent, so that what queues drains. */
const longestPause = 3000;

/**
 * Finds out how much a line carries before it grows slow for the household, which nobody had to tell: round trips to friends
 * grow when what is sent queues up (as LEDBAT, RFC 6817, by rate and not by window). All friends are reached by the same
 * line, so it is full where the round trips to most of them are long: one alone is that friend's own.
 */
export class LineGuard {
  /** Bytes a second that may be sent. */
  allowed = Number.POSITIVE_INFINITY;
  #best = new Map<string, { now: number; before: number; since: number }>();
  /** Bytes a second that went through when the line was last full, and the most that ever did, fading. */
  #given = 0;
  #most = 0;
  /** Bytes a second of the round before, where it was one of a full line. */
  #before: number | undefined;
  #goodRounds = 0;
  #lastFull = Number.NEGATIVE_INFINITY;
  #settles = Number.NEGATIVE_INFINITY;

  /** What is left to this box of what the line has given, 0 to 1. */
  get share(): number {
    return this.allowed > this.#most * 0.9 ? 1 : this.allowed / this.#most;
  }

  /**
   * Takes note of a round trip to each friend, in milliseconds. @param rate bytes a second that were sent meanwhile. @param now
   * milliseconds. @returns for how long nothing should be sent, milliseconds
   */
  measured(
    roundTrips: ReadonlyMap<string, number>,
    rate: number,
    now: number,
  ): number {
    const excess = this.#excess(roundTrips, now);
    // What drains says nothing of what comes.
    if (excess === undefined || now < this.#settles) return 0;
    if (excess === 0) {
      this.#before = undefined;
      this.#goodRounds++;
      this.#giveMore(rate);
      return 0;
    }
    this.#goodRounds = 0;
    // One round alone may have met a burst, and what it counts may still be in buffers.
    if (this.#before === undefined) {
      this.#before = rate;
      return 0;
    }
    return this.#giveWay(Math.min(rate, this.#before), excess, now);
  }

  /** Takes note of a round trip to a friend at any time, in milliseconds. @returns the best, which tells how long the way is */
  learn(id: string, milliseconds: number, now: number): number {
    let best = this.#best.get(id);
    if (!best || now - best.since >= period) {
      const before = best?.now ?? milliseconds;
      best = { now: milliseconds, before, since: now };
      this.#best.set(id, best);
    }
    best.now = Math.min(best.now, milliseconds);
    return Math.min(best.now, best.before);
  }

  /** Milliseconds by which the median of the round trips is too long, 0 for none; `undefined` where none was measured. */
  #excess(
    roundTrips: ReadonlyMap<string, number>,
    now: number,
  ): number | undefined {
    const all = [...roundTrips].map(([id, milliseconds]) => {
      const best = this.learn(id, milliseconds, now);
      const full =
        milliseconds > best * crowded.factor &&
        milliseconds > best + crowded.milliseconds;
      return full ? milliseconds - best : 0;
    });
    return all.sort((a, b) => a - b)[(all.length - 1) >> 1];
  }

  #giveMore(rate: number): void {
    // What is not used says nothing of whether there is more.
    if (rate < this.allowed / 2) return;
    const near = this.#given * recover.near;
    const slow = Math.min(
      recover.most,
      Math.max(recover.slowest, recover.slow * this.#goodRounds),
    );
    this.allowed =
      this.allowed < near
        ? Math.min(near, this.allowed * recover.fast)
        : this.allowed * (1 + slow);
  }

  #giveWay(rate: number, excess: number, now: number): number {
    const again = now - this.#lastFull < forgiven;
    this.#given = Math.min(rate, this.allowed);
    const faded = Math.min(1, ((now - this.#lastFull) / 1000) * fading);
    this.#most = Math.max(this.#given, this.#most * (1 - faded));
    this.allowed = Math.max(
      this.#given * (again ? backOff.again : backOff.first),
      this.#most * least.share,
      least.rate,
    );
    const pause = Math.min(longestPause, excess);
    this.#before = undefined;
    this.#lastFull = now;
    this.#settles = now + 2 * pause + 1000;
    return pause;
  }
}
