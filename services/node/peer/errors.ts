import { CoppiceError } from "../../shared/errors.ts";

/** A friend's box does not answer: it is off, or the way to it is cut. */
export class UnreachableError extends CoppiceError {
  override name = "UnreachableError";
  constructor(who: string, options: ErrorOptions = {}) {
    super(
      503,
      "unreachable",
      `${who} does not answer. Nothing is lost: the box tries again by itself.`,
      options,
    );
  }
}

/** A friend's box took longer than it may. */
export class LateError extends CoppiceError {
  override name = "LateError";
  constructor(who: string, seconds: number) {
    super(
      504,
      "late",
      `${who} did not answer within ${seconds} s. The box asks again later.`,
    );
  }
}

/** What came over the wire is not what the protocol allows: the connection is closed. */
export class WireProtocolError extends CoppiceError {
  override name = "WireProtocolError";
  constructor(what: string) {
    super(
      502,
      "bad-frame",
      `A peer sent ${what}; its connection was closed. If that goes on, its box needs an update or is not what it says.`,
    );
  }
}

/** A friend answered that it will not do this. */
export class RefusedError extends CoppiceError {
  override name = "RefusedError";
  /** The friend's own word for it, such as `no-contract`. */
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(409, "refused", message);
    this.reason = reason;
  }
}

/** Bytes that a friend sent are not those that were asked for. */
export class WrongBytesError extends CoppiceError {
  override name = "WrongBytesError";
  constructor(who: string, what: string) {
    super(
      502,
      "wrong-bytes",
      `${who} sent ${what} that does not match its name. It was refused, and is noted as a finding.`,
    );
  }
}

/** Whoever is at the other end is not a friend. */
export class StrangerError extends CoppiceError {
  override name = "StrangerError";
  constructor(message: string) {
    super(403, "stranger", message);
  }
}

/** The clocks of two boxes are too far apart for certificates. */
export class ClockError extends StrangerError {
  override name = "ClockError";
  /** @param days how far apart, where that is known. */
  constructor(days?: number) {
    super(
      `The clocks of the two boxes differ by ${days === undefined ? "more than certificates allow" : `${days} days`}. Set the clock of the one that is wrong.`,
    );
  }
}

/** An invitation cannot be used. */
export class InvitationError extends CoppiceError {
  override name = "InvitationError";
  constructor(message: string, type = "bad-invitation") {
    super(422, type, message);
  }
}

/** A contract does not say what it must, or is not signed as it must be. */
export class ContractError extends CoppiceError {
  override name = "ContractError";
  constructor(message: string, type = "bad-contract") {
    super(422, type, message);
  }
}
