import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "typebox";
import {
  drawSetupCode,
  formatSetupCode,
  setupCodeMatches,
} from "../../provisioning/setup-code.ts";
import { readJson, removeDurable, writeDurable } from "../shared/durable.ts";
import { ConflictError, CoppiceError } from "../shared/errors.ts";
import { Mutex } from "../shared/mutex.ts";
import { Tries } from "../shared/tries.ts";
import { NotThisTpmError } from "./tpm/errors.ts";
import type { Tpm } from "./tpm/tpm.ts";

/** The code was wrong, or it is too early for another try. */
export class SetupCodeError extends CoppiceError {
  override name = "SetupCodeError";
}

const Stored = Type.Union([
  Type.Object({
    publicArea: Type.String(),
    privateArea: Type.String(),
    failures: Type.Integer({ minimum: 0 }),
  }),
  Type.Object({ retired: Type.Literal(true) }),
]);

/** The box's setup code: drawn once, sealed by the TPM, gone when the box has an owner. */
export class SetupCode {
  #file: string;
  #label: string;
  #code: string | undefined;
  #sealed = { publicArea: "", privateArea: "" };
  #tries = new Tries();
  #queue = new Mutex();

  private constructor(file: string, label: string) {
    this.#file = file;
    this.#label = label;
  }

  /**
   * Loads the code, or draws it at the first boot, and leaves it in a file that only root and this service read: the label.
   * @param label path of that file, on a file system that does not outlive the boot.
   */
  static async load(
    tpm: Tpm,
    stateFolder: string,
    label: string,
  ): Promise<SetupCode> {
    const setup = new SetupCode(join(stateFolder, "setup-code.json"), label);
    await mkdir(stateFolder, { recursive: true });
    const stored = await readJson(Stored, setup.#file);
    if (stored && "retired" in stored) return setup;
    const code = stored && (await openCode(tpm, stored));
    if (stored && code !== undefined) {
      setup.#sealed = stored;
      setup.#code = code;
      setup.#tries = new Tries(stored.failures);
    } else {
      // Nobody owns this box yet, so a TPM that was cleared or changed costs nothing but a new code.
      setup.#code = drawSetupCode();
      const sealed = await tpm.seal(Buffer.from(setup.#code, "latin1"));
      setup.#sealed = {
        publicArea: sealed.publicArea.toString("base64"),
        privateArea: sealed.privateArea.toString("base64"),
      };
      await setup.#save();
    }
    await writeFile(label, `${formatSetupCode(setup.#code)}\n`, {
      mode: 0o600,
    });
    return setup;
  }

  /**
   * Resolves where `typed` is the code.
   * @throws SetupCodeError (403 wrong, 429 too early, with the seconds to wait), ConflictError where the box has an owner.
   */
  async verify(typed: string): Promise<void> {
    await this.#queue.run(async () => {
      if (this.#code === undefined)
        throw new ConflictError(
          "This box has an owner already. Sign in instead.",
          "already-claimed",
        );
      const { wait } = this.#tries;
      if (wait > 0)
        throw new SetupCodeError(
          429,
          "too-many-tries",
          `Too many wrong codes. Wait ${Math.ceil(wait)} seconds, then try again.`,
          { retryAfter: wait },
        );
      if (setupCodeMatches(typed, this.#code)) {
        if (this.#tries.failures > 0) {
          this.#tries.right();
          await this.#save();
        }
        return;
      }
      const seconds = this.#tries.wrong();
      await this.#save();
      const next =
        seconds > 0 ? ` You can try again in ${seconds} seconds.` : "";
      throw new SetupCodeError(
        403,
        "wrong-code",
        `That is not the setup code. It stands on the box's label and on its console.${next}`,
        seconds > 0 ? { retryAfter: seconds } : {},
      );
    });
  }

  /** Forgets the code for good. */
  async retire(): Promise<void> {
    await this.#queue.run(async () => {
      await writeDurable(this.#file, JSON.stringify({ retired: true }));
      this.#code = undefined;
      await removeDurable(this.#label);
    });
  }

  async #save(): Promise<void> {
    await writeDurable(
      this.#file,
      JSON.stringify({
        publicArea: this.#sealed.publicArea,
        privateArea: this.#sealed.privateArea,
        failures: this.#tries.failures,
      }),
    );
  }
}

/** The code in a sealed record; `undefined` where another TPM sealed it. @throws TpmError */
async function openCode(
  tpm: Tpm,
  sealed: { publicArea: string; privateArea: string },
): Promise<string | undefined> {
  try {
    const secret = await tpm.unseal({
      publicArea: Buffer.from(sealed.publicArea, "base64"),
      privateArea: Buffer.from(sealed.privateArea, "base64"),
    });
    return secret.toString("latin1");
  } catch (error) {
    if (error instanceof NotThisTpmError) return undefined;
    throw error;
  }
}
