import {
  drawSetupCode,
  formatSetupCode,
  setupCodeMatches,
} from "../../../provisioning/setup-code.ts";
import { CoppiceError } from "../../shared/errors.ts";
import { Tries } from "../../shared/tries.ts";

/** The recovery's code was wrong, or it is too early for another try. */
export class PresenceError extends CoppiceError {
  override name = "PresenceError";
}

/** Who types what the box's console shows stands before it. The code is another one at each start. */
export class Presence {
  readonly #code = drawSetupCode();
  readonly #tries = new Tries();

  /** As it is shown. */
  get code(): string {
    return formatSetupCode(this.#code);
  }

  /** @throws PresenceError (403 wrong, 429 too early, with the seconds to wait) where this is not the code */
  verify(typed: string): void {
    const { wait } = this.#tries;
    if (wait > 0)
      throw new PresenceError(
        429,
        "too-many-tries",
        `Too many wrong codes. Wait ${Math.ceil(wait)} seconds, then try again.`,
        { retryAfter: wait },
      );
    if (setupCodeMatches(typed, this.#code)) {
      this.#tries.right();
      return;
    }
    const seconds = this.#tries.wrong();
    throw new PresenceError(
      403,
      "wrong-code",
      "That is not the recovery code. It stands on the box's console, and is another one at each start.",
      seconds > 0 ? { retryAfter: seconds } : {},
    );
  }
}
