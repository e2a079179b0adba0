import { type TSchema, Type } from "typebox";
import { Check } from "typebox/value";
import { encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { CoppiceError } from "../../shared/errors.ts";
import {
  LateError,
  RefusedError,
  UnreachableError,
  WireProtocolError,
} from "./errors.ts";
import type { Frames } from "./frames.ts";
import {
  type Act,
  type Answer,
  acts,
  largestMessage,
  mostQuestions,
  type Priority,
  priorities,
  type Question,
} from "./messages.ts";
import type { Gate } from "./shaper.ts";

/** Bytes of questions that are on their way to one friend: more would only wait in buffers, before what is more urgent. */
const mostOnTheWay = 8 * 2 ** 20;
/** Milliseconds for an answer, and bytes a second that a friend's line has at least. */
const patience = 30_000;
const slowest = 50_000;

const Envelope = Type.Tuple([
  Type.Integer({ minimum: 0, maximum: 2 }),
  Type.Integer({ minimum: 0, maximum: 2 ** 32 }),
  Type.String({ maxLength: 64 }),
  Type.Unknown(),
]);
const Failure = Type.String({ maxLength: 1000 });

interface Waiting {
  frame: Buffer;
  priority: number;
  sent: PromiseWithResolvers<void>;
  /** Whether its bytes count as on their way. */
  away: boolean;
}

/** Asks a friend over one long stream; what is more urgent goes first. */
export class Caller implements AsyncDisposable {
  readonly who: string;
  #frames: Frames;
  #gate: Gate;
  #next = 0;
  #queue: Waiting[] = [];
  #onTheWay = 0;
  #pumping: Promise<void> | undefined;
  #room = Promise.withResolvers<void>();
  #open = new Map<number, PromiseWithResolvers<unknown>>();
  #ending = new AbortController();
  #failure: Error | undefined;
  #onEnd: () => void;
  #reading: Promise<void>;

  /** @param frames of a stream on which both have said who they are. @param who names the friend in errors. @param gate keeps the owner's limits. @param onEnd hears that the stream has ended. */
  constructor(frames: Frames, who: string, gate: Gate, onEnd: () => void) {
    this.who = who;
    this.#onEnd = onEnd;
    this.#frames = frames;
    frames.most = largestMessage;
    this.#gate = gate;
    this.#reading = this.#read();
  }

  /** Whether the stream has ended: ask by another one. */
  get ended(): boolean {
    return this.#failure !== undefined;
  }

  /** Questions that wait or are being answered. */
  get busy(): number {
    return this.#open.size;
  }

  /** Asks, and resolves with the answer. @throws RefusedError, LateError, UnreachableError, WireProtocolError */
  async ask<A extends Act>(
    act: A,
    question: Question<A>,
    priority: Priority,
    signal: AbortSignal,
    expected = 0,
  ): Promise<Answer<A>> {
    if (this.#failure) throw this.#unreachable();
    const id = this.#next++;
    const frame = encodeCbor([0, id, act, question]);
    const answer = Promise.withResolvers<unknown>();
    answer.promise.catch(() => {});
    const sent = Promise.withResolvers<void>();
    sent.promise.catch(() => {});
    const waiting: Waiting = {
      frame,
      priority: priorities.indexOf(priority),
      sent,
      away: false,
    };
    this.#open.set(id, answer);
    const abort = (): void => answer.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    let timer: NodeJS.Timeout | undefined;
    try {
      this.#enqueue(waiting);
      await Promise.race([sent.promise, answer.promise]);
      // The clock runs from when it was sent: waiting for the owner's limits is nobody's fault.
      const wait =
        patience +
        ((frame.length + expected + this.#onTheWay) / slowest) * 1000;
      timer = setTimeout(
        () => answer.reject(new LateError(this.who, Math.round(wait / 1000))),
        wait,
      );
      const result = await answer.promise;
      if (!Check(acts[act].answer, result)) {
        const error = new WireProtocolError(
          `an answer to "${act}" that is none`,
        );
        this.#fail(error);
        throw error;
      }
      return result as Answer<A>;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      this.#open.delete(id);
      this.#queue = this.#queue.filter((one) => one !== waiting);
      if (waiting.away) this.#release(frame.length);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new UnreachableError(this.who));
    this.#ending.abort();
    await this.#frames.close();
    await this.#reading;
    await this.#pumping;
  }

  #enqueue(waiting: Waiting): void {
    const at = this.#queue.findIndex((one) => one.priority > waiting.priority);
    if (at < 0) this.#queue.push(waiting);
    else this.#queue.splice(at, 0, waiting);
    this.#pumping ??= this.#pump();
  }

  async #pump(): Promise<void> {
    const { signal } = this.#ending;
    try {
      while (this.#queue.length > 0 && !this.#failure) {
        if (this.#onTheWay > mostOnTheWay) {
          this.#room = Promise.withResolvers<void>();
          await this.#room.promise;
          continue;
        }
        const first = this.#queue[0] as Waiting;
        const paid = Math.min(first.frame.length, this.#gate.grain);
        await this.#gate.take(paid, signal);
        // What is more urgent may have come while this one waited for the owner's limits.
        const waiting = this.#queue.shift();
        if (!waiting) continue;
        this.#onTheWay += waiting.frame.length;
        waiting.away = true;
        await this.#frames.send(waiting.frame, signal, this.#gate, paid);
        waiting.sent.resolve();
      }
    } catch (error) {
      this.#fail(error as Error);
    }
    // In the turn in which nobody waits: who comes a moment later begins anew.
    this.#pumping = undefined;
  }

  #release(bytes: number): void {
    this.#onTheWay -= bytes;
    this.#room.resolve();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const message = await this.#frames.next();
        if (!message) throw new UnreachableError(this.who);
        const [kind, id, type, result] = parseCbor(
          Envelope,
          message,
          "an answer",
        );
        const open = this.#open.get(id);
        if (kind === 1) open?.resolve(result);
        else if (kind === 2 && Check(Failure, result))
          open?.reject(
            new RefusedError(type, `${this.who} answered: ${result}`),
          );
        else throw new WireProtocolError("an answer that is none");
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #unreachable(): Error {
    return this.#failure instanceof CoppiceError
      ? this.#failure
      : new UnreachableError(this.who, { cause: this.#failure });
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#frames.stream.abort(error);
    for (const { reject } of this.#open.values()) reject(this.#unreachable());
    this.#queue = [];
    this.#room.resolve();
    this.#onEnd();
  }
}

/** How questions are answered. */
export type Answers = {
  [A in Act]: (
    question: Question<A>,
    signal: AbortSignal,
  ) => Promise<Answer<A>>;
};

/**
 * Answers a friend's questions until the stream ends. So many are worked on at once, and no more is read meanwhile.
 * @param gate keeps the owner's limits. @throws WireProtocolError for what is no question
 */
export async function serveCalls(
  frames: Frames,
  answers: Answers,
  gate: Gate,
  signal: AbortSignal,
): Promise<void> {
  const { stream } = frames;
  frames.most = largestMessage;
  const working = new Set<Promise<void>>();
  const ending = new AbortController();
  const until = AbortSignal.any([signal, ending.signal]);
  const stop = (): void => stream.abort(new UnreachableError("This box"));
  signal.addEventListener("abort", stop, { once: true });
  let sending: Promise<void> = Promise.resolve();
  const send = async (message: Buffer): Promise<void> => {
    const before = sending;
    const turn = Promise.withResolvers<void>();
    sending = turn.promise;
    try {
      await before;
      await frames.send(message, until, gate);
    } finally {
      turn.resolve();
    }
  };
  try {
    for (;;) {
      const message = await frames.next();
      if (!message) return;
      const [kind, id, act, question] = parseCbor(
        Envelope,
        message,
        "a question",
      );
      if (kind !== 0 || !isAct(act) || !checks(acts[act].question, question))
        throw new WireProtocolError("a question that is none");
      const work = answerOne(answers, act, question, id, until)
        .then(send)
        .catch(() => {})
        .finally(() => working.delete(work));
      working.add(work);
      while (working.size >= mostQuestions) await Promise.race(working);
    }
  } catch (error) {
    stream.abort(error as Error);
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    ending.abort();
    await Promise.all(working);
    await frames.close();
  }
}

async function answerOne(
  answers: Answers,
  act: Act,
  question: unknown,
  id: number,
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    const answer = answers[act] as (
      question: unknown,
      signal: AbortSignal,
    ) => Promise<unknown>;
    return encodeCbor([1, id, act, await answer(question, signal)]);
  } catch (error) {
    // What is no error for others stays here: the log tells it.
    return error instanceof CoppiceError
      ? encodeCbor([
          2,
          id,
          (error instanceof RefusedError ? error.reason : error.type).slice(
            0,
            64,
          ),
          error.message.slice(0, 1000),
        ])
      : encodeCbor([2, id, "internal", "Something went wrong on that box."]);
  }
}

function isAct(name: string): name is Act {
  return Object.hasOwn(acts, name);
}

function checks(schema: TSchema, value: unknown): boolean {
  return Check(schema, value);
}
