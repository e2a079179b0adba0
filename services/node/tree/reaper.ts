import type { Contents } from "./contents.ts";
import type { TreeState } from "./tree-state.ts";

/** Removes bodies that nothing names any more, in the background. */
export class Reaper implements AsyncDisposable {
  #state: TreeState;
  #contents: Contents;
  #onError: (error: unknown) => void;
  #reaping: Promise<void> | undefined;
  #ending = new AbortController();

  /** @param onError hears why something could not be removed. */
  constructor(
    state: TreeState,
    contents: Contents,
    onError: (error: unknown) => void,
  ) {
    this.#state = state;
    this.#contents = contents;
    this.#onError = onError;
  }

  /** Resolves when what was begun is done. */
  async idle(): Promise<void> {
    await this.#reaping;
  }

  /** Begins, where there is something to remove. */
  reap(): void {
    if (this.#reaping || this.#state.bodies.released(1).length === 0) return;
    const { signal } = this.#ending;
    this.#reaping = this.#reapAll(signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#onError(error);
      })
      .finally(() => {
        this.#reaping = undefined;
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#reaping;
  }

  async #reapAll(signal: AbortSignal): Promise<void> {
    const { bodies } = this.#state;
    let held = 0;
    while (!signal.aborted) {
      const released = bodies.released(100 + held).slice(held);
      if (released.length === 0) break;
      // A body goes only after the durable word that nothing names it.
      await this.#state.settle();
      for (const one of released) {
        if (!bodies.isReleased(one.id)) continue;
        const list = one.page
          ? await this.#contents.pageOf(one, signal)
          : undefined;
        if (this.#contents.isInUse(one.id)) {
          held++;
          continue;
        }
        this.#state.change(() => {
          if (list) bodies.nameAll(list, -1);
          bodies.removed(one.id);
        });
        await this.#contents.remove(one);
      }
    }
    await this.#state.clean();
  }
}
