import { tryDelay } from "../../provisioning/setup-code.ts";

/** Counts wrong tries at a secret: from the fifth in a row on, each makes the next one wait longer. */
export class Tries {
  #failures: number;
  #notBefore: number;

  /** @param failures that were there before: a restart does not forgive them */
  constructor(failures = 0) {
    this.#failures = failures;
    this.#notBefore = performance.now() + tryDelay(failures) * 1000;
  }

  /** Wrong tries in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Seconds until the next try may be made; none where that is 0. */
  get wait(): number {
    return Math.max(0, (this.#notBefore - performance.now()) / 1000);
  }

  /** Takes note of a wrong one. @returns seconds until the next may be made */
  wrong(): number {
    const seconds = tryDelay(++this.#failures);
    this.#notBefore = performance.now() + seconds * 1000;
    return seconds;
  }

  /** Takes note of the right one. */
  right(): void {
    this.#failures = 0;
  }
}
