import { CoppiceError } from "../../shared/errors.ts";

/** A TPM command failed; `code` is the TSS2_RC. */
export class TpmError extends CoppiceError {
  override name = "TpmError";
  readonly code: number;
  constructor(
    what: string,
    code: number,
    { status = 503, type = "tpm-failed", advice = "" } = {},
  ) {
    super(
      status,
      type,
      `The TPM refused to ${what}: ${advice || "restart the box; if it happens again, the TPM is damaged or is used by another program"} (code 0x${(code >>> 0).toString(16)}).`,
    );
    this.code = code;
  }
}

/** The connection to the TPM was closed: the service is ending. */
export class TpmClosedError extends CoppiceError {
  override name = "TpmClosedError";
  constructor() {
    super(
      503,
      "tpm-closed",
      "The identity service is ending. It restarts by itself; try again in a few seconds.",
    );
  }
}

/** The password of a sealed secret was wrong. */
export class WrongPasswordError extends TpmError {
  override name = "WrongPasswordError";
}

/** What was booted is not what the secret was sealed to. */
export class WrongImageError extends TpmError {
  override name = "WrongImageError";
}

/** What was given to the TPM was not made by it: it was cleared, or it is another one. */
export class NotThisTpmError extends TpmError {
  override name = "NotThisTpmError";
}

/** The TPM locks password tries for a time (dictionary attack lockout). */
export class TpmLockoutError extends TpmError {
  override name = "TpmLockoutError";
}

/** A credential was made for another endorsement key or another attestation key. */
export class CredentialError extends TpmError {
  override name = "CredentialError";
  constructor(cause: TpmError) {
    super("open a credential", cause.code, {
      status: 422,
      type: "wrong-credential",
      advice:
        "it was made for another TPM or for another key in it; make it for this box's endorsement key and the name of its attestation key",
    });
    this.cause = cause;
  }
}

/** The TPM has nothing at this handle. */
export class NoSuchHandleError extends TpmError {
  override name = "NoSuchHandleError";
}

// Response codes of Part 2 section 6.6 without the bits that tell which handle, session or parameter.
const responseCode = {
  authFail: 0x08e,
  badAuth: 0x0a2,
  policyFail: 0x09d,
  pcrChanged: 0x128,
  value: 0x084,
  signature: 0x09b,
  handle: 0x08b,
  integrity: 0x09f,
  lockout: 0x921,
} as const;

/** The response code of a TSS2_RC from the TPM itself; 0 from another layer. */
function responseOf(code: number): number {
  if ((code & 0xff0000) !== 0) return 0;
  return code & 0x80 ? code & 0xbf : code & 0x97f;
}

/** Whether the TPM (format one, Part 2 section 6.6.2) or the marshalling library complains of what it was given. */
function isAboutInput(code: number): boolean {
  const layer = code & 0xff0000;
  const marshalling = 0x090000;
  return layer === marshalling || (layer === 0 && (code & 0x80) !== 0);
}

/** The error class for a TSS2_RC. @param what the act that failed, such as "sign". */
export function tpmError(what: string, code: number): TpmError {
  switch (responseOf(code)) {
    case responseCode.authFail:
    case responseCode.badAuth:
      return new WrongPasswordError(what, code, {
        status: 403,
        type: "wrong-password",
        advice: "the password is wrong; try again",
      });
    case responseCode.policyFail:
    case responseCode.pcrChanged:
      return new WrongImageError(what, code, {
        status: 409,
        type: "wrong-image",
        advice:
          "another system was started than the one this was sealed for; start a system that is signed with the same key",
      });
    case responseCode.integrity:
      return new NotThisTpmError(what, code, {
        status: 409,
        type: "not-this-tpm",
        advice:
          "another TPM made this, or the TPM was cleared since; enrol the box again with the owner's root key",
      });
    case responseCode.lockout:
      return new TpmLockoutError(what, code, {
        type: "tpm-lockout",
        advice:
          "it locks passwords after too many wrong ones; wait until its lockout has passed",
      });
    case responseCode.handle:
      return new NoSuchHandleError(what, code);
    default:
      return isAboutInput(code)
        ? new TpmError(what, code, {
            status: 422,
            type: "tpm-refused",
            advice: "what it was given does not fit; ask for it again",
          })
        : new TpmError(what, code);
  }
}
