import { setImmediate } from "node:timers/promises";
import {
  type CoppiceError,
  DiskError,
  DiskFullError,
} from "../../shared/errors.ts";
import type { Table } from "./fragment-index.ts";
import type { Ledger, Mark, NewRow } from "./ledger.ts";
import type { OrderedIndex } from "./ordered-index.ts";
import type { Packs } from "./pack.ts";
import { Batch, numberKey } from "./rows.ts";

/** The fact that keeps the highest sequence of a disk's records. */
export const sequenceKey = Buffer.from("sequence");

interface Waiting {
  rows: readonly NewRow[];
  voids: readonly Mark[];
  more: ((batch: Batch) => void) | undefined;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Commits what several want committed with one flush of the packs and one of the index, always in this order. */
export class GroupCommit {
  #packs: Pick<Packs, "sync">;
  #index: OrderedIndex<Table>;
  #ledger: Ledger;
  #sequence: () => number;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #failure: DiskError | undefined;

  /** @param sequence tells the highest one that was given out. */
  constructor(
    packs: Pick<Packs, "sync">,
    index: OrderedIndex<Table>,
    ledger: Ledger,
    sequence: () => number,
  ) {
    this.#packs = packs;
    this.#index = index;
    this.#ledger = ledger;
    this.#sequence = sequence;
  }

  /** Set once the index could not be written. */
  get failure(): DiskError | undefined {
    return this.#failure;
  }

  /** Resolves when nothing is being committed. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Does something while nothing is committed; whoever wants to commit waits. */
  async alone(work: () => Promise<void>): Promise<void> {
    while (this.#running) await this.#running;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#running = this.#run(async () => {
      await work().then(resolve, reject);
    });
    await promise;
  }

  /**
   * Makes rows and marks durable, with what `more` changes beside them.
   * @throws DiskFullError, DiskError; then nothing of it is in the index.
   */
  async add(
    rows: Waiting["rows"],
    voids: Waiting["voids"],
    more: Waiting["more"],
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ rows, voids, more, resolve, reject });
    this.#running ??= this.#run();
    await promise;
  }

  async #run(first?: () => Promise<void>): Promise<void> {
    // One turn of the event loop lets those who come at the same moment into the same flush.
    await setImmediate();
    await first?.();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#packs.sync();
        const batch = new Batch(this.#index);
        for (const { rows, voids, more } of group) {
          for (const row of rows) this.#ledger.put(batch, row);
          for (const mark of voids) this.#ledger.void(batch, mark);
          more?.(batch);
        }
        batch.set("facts", sequenceKey, numberKey(this.#sequence()));
        await this.#index.commit(batch.changes).catch((error: unknown) => {
          throw this.#indexError(error);
        });
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    // In the turn in which nobody waits: who comes a moment later begins anew.
    this.#running = undefined;
  }

  #indexError(error: unknown): CoppiceError {
    if (/ENOSPC|No space|MAP_FULL/.test(String(error)))
      return new DiskFullError(
        "The disk is full. Delete something and try again.",
        { cause: error },
      );
    this.#failure = new DiskError(
      `The box could not write the index of its data disk (${(error as Error).message}). Check its cable and power, then restart the box.`,
      { cause: error },
    );
    return this.#failure;
  }
}
