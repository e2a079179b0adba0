/** Runs what it is given one at a time, in the order asked. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all before it have ended; resolves or rejects as it does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => {});
    return result;
  }
}
