import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Ring } from "./ring.ts";
import type { Sampler } from "./sampler.ts";
import { metrics, type Past, type PastQuestion } from "./state.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** Step and span of each curve; the first is in memory alone. */
const sizes = [
  [second, hour],
  [30 * second, day],
  [5 * minute, 14 * day],
  [hour, 2 * 365 * day],
] as const;
/** Milliseconds between two writes: what a power cut costs. */
const written = 5 * minute;
const usual = 1200;

/** How the machine was, second by second for an hour to hour by hour for two years, in files of fixed size. */
export class MachinePast implements AsyncDisposable {
  readonly #rings: readonly Ring[];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  readonly #onError: (error: unknown) => void;

  private constructor(
    rings: readonly Ring[],
    onError: (error: unknown) => void,
  ) {
    this.#rings = rings;
    this.#onError = onError;
  }

  /**
   * @param folder for the files; it is made. @param onError hears why something is not kept: a disk without room is no
   * reason not to start
   */
  static async open(
    folder: string,
    onError: (error: unknown) => void,
  ): Promise<MachinePast> {
    await mkdir(folder, { recursive: true }).catch(onError);
    const rings = sizes.map(async ([step, span], index) => {
      const size = [step, span / step, metrics.length] as const;
      if (index === 0) return await Ring.open(...size);
      return await Ring.open(...size, join(folder, `${step / second}`)).catch(
        async (error: unknown) => {
          onError(error);
          return await Ring.open(...size);
        },
      );
    });
    return new MachinePast(await Promise.all(rings), onError);
  }

  /** Measures once a second from now on. */
  start(sampler: Sampler): void {
    let flushed = performance.now();
    const look = (): void => {
      if (this.#stopped) return;
      const now = performance.now();
      this.add(Date.now(), sampler.sample(now));
      if (now - flushed >= written) {
        flushed = now;
        this.#writing = this.flush().catch(this.#onError);
      }
      this.#timer = setTimeout(look, second - (Date.now() % second)).unref();
    };
    look();
  }

  /** Takes values of a moment. @param at milliseconds since 1970. @param values in the order of `metrics` */
  add(at: number, values: readonly number[]): void {
    for (const ring of this.#rings) ring.add(at, values);
  }

  /** Writes what is new. */
  async flush(): Promise<void> {
    for (const ring of this.#rings) await ring.flush();
  }

  /**
   * A part of the past, as fine as the points that are asked for, and as there is one that reaches so far back: several
   * points of a finer curve together are one. @param now milliseconds since 1970
   */
  read({ from, to, points = usual }: PastQuestion, now: number): Past {
    const coarsest = this.#rings.at(-1) as Ring;
    const start = Math.max(from, now - coarsest.span);
    const end = Math.min(to, now);
    const wanted = (end - start) / points;
    const reaching = this.#rings.filter(({ span }) => start >= now - span);
    const ring =
      reaching.findLast(({ step }) => step <= wanted) ??
      reaching[0] ??
      coarsest;
    const together = Math.max(1, Math.ceil(wanted / ring.step));
    const step = ring.step * together;
    const last = Math.floor(end / step) * step;
    const first = Math.max(
      Math.ceil(start / step) * step,
      last - (points - 1) * step,
    );
    const moments: number[] = [];
    for (let moment = first; moment <= last; moment += step)
      moments.push(moment);
    const curves = Object.fromEntries(
      metrics.map((name, index) => {
        const values = moments.map((moment) =>
          ring.over(moment, together, index),
        );
        return [
          name,
          {
            mean: values.map(([mean]) => short(mean)),
            most: values.map(([, most]) => short(most)),
          },
        ];
      }),
    ) as Past["curves"];
    return { from: first, step, curves };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#writing;
    for (const ring of this.#rings)
      await ring[Symbol.asyncDispose]().catch(this.#onError);
  }
}

/** Four digits tell a curve. */
function short(value: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toPrecision(4));
}
