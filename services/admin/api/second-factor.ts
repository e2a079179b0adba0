import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { Secret, TOTP } from "otpauth";
import { type Static, Type } from "typebox";
import { readJson, removeDurable, writeDurable } from "../../shared/durable.ts";
import { ConflictError, CoppiceError } from "../../shared/errors.ts";

/** Whether a code is asked for beside the password. */
export const SecondFactorState = Type.Object({
  on: Type.Boolean(),
  codes: Type.Integer({ description: "recovery codes that are left" }),
});
export type SecondFactorState = Static<typeof SecondFactorState>;

/** What an app that shows codes (TOTP, RFC 6238) is told; it is told once. */
export const Enrolment = Type.Object({
  secret: Type.String({ description: "base32" }),
  uri: Type.String({ description: "otpauth://, for a QR code" }),
});
export type Enrolment = Static<typeof Enrolment>;

const Stored = Type.Object({
  secret: Type.String(),
  codes: Type.Array(Type.String({ description: "SHA-256, hex" })),
});
type Stored = Static<typeof Stored>;

/** The code that was typed is not the one that the app shows. */
export class WrongCodeError extends CoppiceError {
  override name = "WrongCodeError";
}

/** Seconds for which a code is shown. */
const period = 30;
/** Codes before and after the present one that are taken: clocks differ. */
const tolerance = 1;
const codeCount = 10;
/** Without those that look alike. */
const letters = "abcdefghjkmnpqrstuvwxyz23456789";
/** Milliseconds that somebody may take to set an app up. */
const patience = 15 * 60_000;

/** The owner's second factor: an app that shows another code every 30 s (TOTP, RFC 6238), and ten codes for when it is lost. */
export class SecondFactor {
  readonly #file: string;
  #stored: Stored | undefined;
  #draft: { secret: string; until: number } | undefined;
  /** The step of the last code that was taken: none is taken twice (RFC 6238, section 5.2). */
  #lastStep = 0;

  private constructor(file: string, stored: Stored | undefined) {
    this.#file = file;
    this.#stored = stored;
  }

  /** @param folder the admin's state */
  static async load(folder: string): Promise<SecondFactor> {
    const file = join(folder, "second-factor.json");
    return new SecondFactor(file, await readJson(Stored, file));
  }

  get state(): SecondFactorState {
    return {
      on: this.#stored !== undefined,
      codes: this.#stored?.codes.length ?? 0,
    };
  }

  /** Draws a secret for an app; nothing is asked for until it is confirmed. @param box and @param owner are what the app calls it */
  enrol(box: string, owner: string): Enrolment {
    const secret = new Secret({ size: 20 });
    this.#draft = { secret: secret.base32, until: Date.now() + patience };
    const totp = new TOTP({ issuer: `Coppice ${box}`, label: owner, secret });
    return { secret: secret.base32, uri: totp.toString() };
  }

  /** Asks for codes from now on, durably. @returns ten codes for when the app is lost; they are told once. @throws ConflictError, WrongCodeError */
  async confirm(code: string): Promise<string[]> {
    const draft = this.#draft;
    if (!draft || draft.until < Date.now())
      throw new ConflictError(
        "Begin once more, and scan the new picture with the app.",
        "no-enrolment",
      );
    const step = stepOf(draft.secret, code, 0);
    if (step === undefined)
      throw new WrongCodeError(
        400,
        "wrong-code",
        "This is not the code that the app shows now. Is the phone's clock right, and the box's?",
      );
    const codes = draw();
    await this.#keep({ secret: draft.secret, codes: codes.map(digest) });
    this.#draft = undefined;
    this.#lastStep = step;
    return codes;
  }

  /** Draws ten other codes, durably. @throws ConflictError where none are asked for */
  async renew(): Promise<string[]> {
    if (!this.#stored)
      throw new ConflictError(
        "No code is asked for beside the password.",
        "no-second-factor",
      );
    const codes = draw();
    await this.#keep({ ...this.#stored, codes: codes.map(digest) });
    return codes;
  }

  /** Whether this is the app's code of now, or one of the ten; each is taken once. */
  async accepts(typed: string): Promise<boolean> {
    const stored = this.#stored;
    if (!stored) return true;
    const code = typed.replaceAll(/[\s-]/g, "").toLowerCase();
    const step = stepOf(stored.secret, code, this.#lastStep);
    if (step !== undefined) {
      this.#lastStep = step;
      return true;
    }
    const hash = digest(code);
    const left = stored.codes.filter((one) => !isSame(one, hash));
    if (left.length === stored.codes.length) return false;
    await this.#keep({ ...stored, codes: left });
    return true;
  }

  /** Asks for the password alone from now on, durably. */
  async remove(): Promise<void> {
    await removeDurable(this.#file);
    this.#stored = undefined;
  }

  async #keep(stored: Stored): Promise<void> {
    await writeDurable(this.#file, JSON.stringify(stored));
    this.#stored = stored;
  }
}

/** The step (of 30 s since 1970) whose code this is; `undefined` where it is none's near now, or of one that was taken. */
function stepOf(
  base32: string,
  code: string,
  last: number,
): number | undefined {
  const totp = new TOTP({ secret: Secret.fromBase32(base32), period });
  const delta = totp.validate({ token: code, window: tolerance });
  if (delta === null) return undefined;
  const step = totp.counter() + delta;
  return step > last ? step : undefined;
}

/** Ten codes of 59 bits. */
function draw(): string[] {
  return Array.from({ length: codeCount }, () => {
    let code = "";
    while (code.length < 12) {
      const byte = (randomBytes(1)[0] as number) & 31;
      code += letters[byte] ?? "";
    }
    return code.replaceAll(/(.{4})(?=.)/g, "$1-");
  });
}

function digest(code: string): string {
  return createHash("sha256").update(code.replaceAll("-", "")).digest("hex");
}

function isSame(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a, "hex"), Buffer.from(b, "hex"));
}
