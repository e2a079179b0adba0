import { setTimeout as sleep } from "node:timers/promises";
import { Check } from "typebox/value";
import type { NodeClient } from "../../node/client.ts";
import { Mutex } from "../../shared/mutex.ts";
import { Act, type ActivityPart, type ActivityQuestion } from "./api.ts";

/** Milliseconds for which acts are collected before they are written down. */
const pause = 1000;
/** Milliseconds until they are written down where that failed: the disk may be locked yet. */
const retry = 30_000;
/** Acts that wait at most; whoever does more meanwhile is noted no longer. */
const mostWaiting = 2000;
/** Bytes of acts a day, below what a record may have. */
const mostADay = 1_000_000;
/** Days after which acts are forgotten. */
const kept = 732;
const prefix = "activity-";

/** Who did what to the box: lines of JSON, one record a day in the tree, where this box's key signs them. */
export class Activity {
  readonly #node: NodeClient;
  readonly #ending: AbortSignal;
  readonly #onError: (error: unknown) => void;
  readonly #queue = new Mutex();
  #waiting: Act[] = [];
  #last = 0;
  /** When acts were refused. */
  #refused: number[] = [];
  #writing = false;

  /** @param ending aborts when the service ends. @param onError is given why acts have to wait until they are written down */
  constructor(
    node: NodeClient,
    ending: AbortSignal,
    onError: (error: unknown) => void,
  ) {
    this.#node = node;
    this.#ending = ending;
    this.#onError = onError;
  }

  /** Takes note of an act of now, which is written down soon, or as soon as there is a tree. */
  note(act: Omit<Act, "at">): void {
    if (this.#waiting.length >= mostWaiting) return;
    // No two at the same moment: pages go on behind the last one's.
    const now = Date.now();
    this.#last = now === this.#last ? now + 1 : now;
    this.#waiting.push({ at: this.#last, ...act });
    if (act.refused)
      this.#refused = [...this.#refused.filter(isOfLate), now].slice(-1000);
    if (!this.#writing) void this.#writeSoon();
  }

  /** How many were refused in the last hour, since the start. */
  get refusals(): number {
    return this.#refused.filter(isOfLate).length;
  }

  /** Acts, newest first. @throws CoppiceError where the tree cannot be read */
  async read(question: ActivityQuestion): Promise<ActivityPart> {
    await this.write();
    const { count = 100, before = Number.POSITIVE_INFINITY } = question;
    const words = question.search?.trim().toLowerCase() ?? "";
    const acts: Act[] = [];
    for (const name of (await this.#names()).reverse()) {
      if (Number.isFinite(before) && name > nameOf(before)) continue;
      for (const act of (await this.#day(name)).reverse()) {
        if (act.at >= before || !told(act).includes(words)) continue;
        if (acts.length === count) return { acts, more: true };
        acts.push(act);
      }
    }
    return { acts, more: false };
  }

  /** All of them as lines of JSON, oldest first. @throws CoppiceError */
  async *lines(): AsyncGenerator<string> {
    await this.write();
    for (const name of await this.#names())
      for (const act of await this.#day(name)) yield `${JSON.stringify(act)}\n`;
  }

  /** Writes down what waits. @throws CoppiceError where there is no tree yet, or its disk does not take it: it goes on waiting */
  async write(): Promise<void> {
    await this.#queue.run(async () => {
      while (this.#waiting.length > 0) {
        const [first] = this.#waiting as [Act];
        const name = nameOf(first.at);
        const acts = this.#waiting.filter(({ at }) => nameOf(at) === name);
        const before = await this.#node.record(name);
        if (before === null) await this.#forget();
        let text = before ?? "";
        for (const act of acts) {
          const line = `${JSON.stringify(act)}\n`;
          if (text.length + line.length < mostADay) text += line;
        }
        if (text !== before) await this.#node.keepRecord(name, text);
        this.#waiting = this.#waiting.filter((act) => !acts.includes(act));
      }
    });
  }

  async #writeSoon(): Promise<void> {
    const signal = this.#ending;
    this.#writing = true;
    for (let wait = pause; this.#waiting.length > 0; wait = retry) {
      await sleep(wait, undefined, { signal, ref: false }).catch(() => {});
      await this.write().catch(this.#onError);
      if (signal.aborted) break;
    }
    this.#writing = false;
  }

  /** Days of which there is something, oldest first. */
  async #names(): Promise<string[]> {
    return (await this.#node.recordNames(prefix)).sort();
  }

  async #day(name: string): Promise<Act[]> {
    const text = (await this.#node.record(name)) ?? "";
    return text.split("\n").flatMap((line) => {
      if (line === "") return [];
      const act: unknown = JSON.parse(line);
      return Check(Act, act) ? [act as Act] : [];
    });
  }

  /** Forgets what is too old. */
  async #forget(): Promise<void> {
    const oldest = nameOf(Date.now() - kept * 86_400_000);
    for (const name of await this.#names())
      if (name < oldest) await this.#node.dropRecord(name);
  }
}

function isOfLate(at: number): boolean {
  return at > Date.now() - 3_600_000;
}

/** The record of a day (UTC). */
function nameOf(at: number): `activity-${string}` {
  return `${prefix}${new Date(at).toISOString().slice(0, 10)}`;
}

/** All that is said of an act, as somebody searches it. */
function told({ who, by, act, about, refused }: Act): string {
  return [who, ...Object.values(by), act, about, refused && "refused"]
    .join(" ")
    .toLowerCase();
}
