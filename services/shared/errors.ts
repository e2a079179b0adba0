/** An error that a caller may show: what was being done, why it failed, what to do next, and the HTTP status it maps to. */
export class CoppiceError extends Error {
  override name = "CoppiceError";
  /** HTTP status, 400 to 599. */
  readonly status: number;
  /** A short stable word for programs, such as `wrong-code`. */
  readonly type: string;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    type: string,
    message: string,
    options: ErrorOptions & { retryAfter?: number } = {},
  ) {
    super(message, options);
    this.status = status;
    this.type = type;
    this.retryAfter = options.retryAfter;
  }
}

/** The caller sent something that cannot be meant. */
export class BadRequestError extends CoppiceError {
  override name = "BadRequestError";
  constructor(
    message: string,
    type = "bad-request",
    options: ErrorOptions = {},
  ) {
    super(400, type, message, options);
  }
}

/** What was asked for is not there. */
export class NotFoundError extends CoppiceError {
  override name = "NotFoundError";
  constructor(message: string, type = "not-found") {
    super(404, type, message);
  }
}

/** It is there, but not in a state in which this can be done. */
export class ConflictError extends CoppiceError {
  override name = "ConflictError";
  constructor(message: string, type = "conflict", options: ErrorOptions = {}) {
    super(409, type, message, options);
  }
}

/** A disk has no room left. */
export class DiskFullError extends CoppiceError {
  override name = "DiskFullError";
  constructor(message: string, options: ErrorOptions = {}) {
    super(507, "disk-full", message, options);
  }
}

/** A disk failed, or is not there. */
export class DiskError extends CoppiceError {
  override name = "DiskError";
  constructor(message: string, options: ErrorOptions = {}) {
    super(503, "disk-failed", message, options);
  }
}

/** Whether `error` is a system error with this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
