import type { FragmentTuple, Priority, Question } from "./messages.ts";

/** A fragment on its way to a friend. */
export interface Parcel {
  fragment: FragmentTuple;
  bytes: Buffer;
}

interface Waiting extends Parcel {
  done: PromiseWithResolvers<void>;
}

/** A batch goes when it has so many bytes or fragments, or when its first has waited so long, milliseconds. */
const batch = { bytes: 4 * 2 ** 20, count: 64, wait: 20 };

/** Sends a batch to a friend and takes its receipt. */
export type SendBatch = (
  id: string,
  fragments: Question<"put">["fragments"],
  priority: Priority,
) => Promise<void>;

/** Gathers fragments for each friend, so that many share a receipt and the flush behind it. */
export class Outbox {
  #send: SendBatch;
  #waiting = new Map<string, { parcels: Waiting[]; bytes: number }>();
  #timers = new Map<string, NodeJS.Timeout>();

  constructor(send: SendBatch) {
    this.#send = send;
  }

  /** Resolves when the friend has signed for it. @throws as `send` */
  async put(id: string, parcel: Parcel, priority: Priority): Promise<void> {
    const key = `${priority} ${id}`;
    let box = this.#waiting.get(key);
    if (!box) {
      box = { parcels: [], bytes: 0 };
      this.#waiting.set(key, box);
      this.#timers.set(
        key,
        setTimeout(() => this.#go(key, id, priority), batch.wait),
      );
    }
    const done = Promise.withResolvers<void>();
    box.parcels.push({ ...parcel, done });
    box.bytes += parcel.bytes.length;
    if (box.bytes >= batch.bytes || box.parcels.length >= batch.count)
      this.#go(key, id, priority);
    await done.promise;
  }

  #go(key: string, id: string, priority: Priority): void {
    clearTimeout(this.#timers.get(key));
    const parcels = this.#waiting.get(key)?.parcels ?? [];
    this.#waiting.delete(key);
    this.#send(
      id,
      parcels.map(({ fragment, bytes }) => [fragment, bytes]),
      priority,
    ).then(
      () => {
        for (const { done } of parcels) done.resolve();
      },
      (error: unknown) => {
        for (const { done } of parcels) done.reject(error);
      },
    );
  }
}
