import {
  CoppiceError,
  DiskError,
  DiskFullError,
  hasCode,
} from "../../shared/errors.ts";

/** A disk takes so long for an operation that it counts as failed. */
export class DiskSlowError extends DiskError {
  override name = "DiskSlowError";
}

/** Runs a disk's operations: gives what fails its type, and fences the disk where nobody knows any more what is on it. */
export class DiskGuard {
  #patience: number;
  #onFull: () => void;
  #failure: DiskError | undefined;

  /** @param patience milliseconds after which an operation counts as failed. @param onFull is called where the disk is full. */
  constructor(patience: number, onFull: () => void) {
    this.#patience = patience;
    this.#onFull = onFull;
  }

  /** Set once the disk failed. */
  get failure(): DiskError | undefined {
    return this.#failure;
  }

  /** @throws DiskSlowError where `work` takes too long */
  async patiently<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () =>
        reject(
          new DiskSlowError(
            `The data disk took longer than ${this.#patience / 1000} s to ${what}. Check its cable and its health, then restart the box.`,
          ),
        ),
      this.#patience,
    );
    try {
      return await Promise.race([work(), promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param writing whether the disk is fenced where `work` fails. @throws DiskFullError, DiskError */
  async run<T>(
    what: string,
    work: () => Promise<T>,
    writing = false,
  ): Promise<T> {
    if (writing && this.#failure) throw this.#failure;
    try {
      return await this.patiently(what, work);
    } catch (error) {
      if (hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT")) {
        this.#onFull();
        throw new DiskFullError(
          "The disk is full. Delete something and try again.",
          { cause: error },
        );
      }
      if (error instanceof CoppiceError && !(error instanceof DiskSlowError))
        throw error;
      const gone = ["EROFS", "ENODEV", "ENXIO"].some((code) =>
        hasCode(error, code),
      );
      if (writing || gone || error instanceof DiskSlowError)
        throw this.fence(error, what);
      throw diskError(error, what);
    }
  }

  /** Takes nothing more from now on. */
  fence(cause: unknown, what: string): DiskError {
    this.#failure ??= diskError(cause, what);
    return this.#failure;
  }
}

function diskError(cause: unknown, what: string): DiskError {
  return cause instanceof DiskError
    ? cause
    : new DiskError(
        `The box could not ${what} its data disk (${(cause as Error).message}). Check its cable and power, then restart the box.`,
        { cause },
      );
}
