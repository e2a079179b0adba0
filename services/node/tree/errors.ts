import {
  BadRequestError,
  ConflictError,
  CoppiceError,
  NotFoundError,
} from "../../shared/errors.ts";

/** A block or a cap that is not what it should be: it is refused. */
export class RefusedError extends CoppiceError {
  override name = "RefusedError";
  constructor(type: string, message: string) {
    super(403, type, message);
  }
}

/** What should be a block or a cap cannot be read, or does not bear its writer's signature. */
export class ForgedError extends RefusedError {
  override name = "ForgedError";
  constructor(what: string) {
    super(
      "forged",
      `${what} does not bear the signature of whom it says it is from, or was changed since. Ask for it again, from somebody else.`,
    );
  }
}

/** An older version than one that was seen already. */
export class RolledBackError extends RefusedError {
  override name = "RolledBackError";
  constructor(version: number, known: number) {
    super(
      "rolled-back",
      `This is version ${version}, and version ${known} was seen already: somebody gives out old data. Ask another box for it.`,
    );
  }
}

/** A block that says that it belongs somewhere else. */
export class WrongPlaceError extends RefusedError {
  override name = "WrongPlaceError";
  constructor(wanted: string, found: string) {
    super(
      "wrong-place",
      `What was given for ${wanted} is signed as ${found}. Ask another box for it.`,
    );
  }
}

/** A body, or the inner part of a block, that is not the one that was signed. */
export class SwappedBodyError extends RefusedError {
  override name = "SwappedBodyError";
  constructor() {
    super(
      "swapped-body",
      "The content does not belong to the signed header. Ask another box for it.",
    );
  }
}

/** There is no key for this reader in the block. */
export class NoReadCapError extends RefusedError {
  override name = "NoReadCapError";
  constructor() {
    super(
      "no-read-cap",
      "This was not encrypted for you, or not any more. Ask the owner to share it.",
    );
  }
}

/** The writer has no right to write there. */
export class NoWriteCapError extends RefusedError {
  override name = "NoWriteCapError";
  constructor(path: string) {
    super(
      "no-write-cap",
      `The writer has no right to write ${path}. Ask the owner for it.`,
    );
  }
}

/** A right that a cap does not give. */
export class NoRightError extends RefusedError {
  override name = "NoRightError";
  constructor(right: string, path: string) {
    super(
      "no-right",
      `This share does not let you ${right} ${path}. Ask the owner for it.`,
    );
  }
}

/** A cap after its time. */
export class ExpiredCapError extends RefusedError {
  override name = "ExpiredCapError";
  constructor(expires: number) {
    super(
      "expired-cap",
      `This share ended on ${new Date(expires).toISOString()}. Ask the owner for a new one.`,
    );
  }
}

/** A cap that was taken back, or whose chain leads through one that was. */
export class RevokedCapError extends RefusedError {
  override name = "RevokedCapError";
  constructor() {
    super("revoked-cap", "The right to this was taken back by the owner.");
  }
}

/** A chain of caps in which one gives more than the one before it, or that does not begin at the root key. */
export class BrokenChainError extends RefusedError {
  override name = "BrokenChainError";
  constructor(why: string) {
    super(
      "broken-chain",
      `The chain of caps does not hold: ${why}. Ask whoever gave it to you for a new one.`,
    );
  }
}

/** Nothing has this path. */
export class NoEntryError extends NotFoundError {
  override name = "NoEntryError";
  constructor(path: string) {
    super(
      `There is no file or folder "${path}". Look at the list for what there is.`,
      "no-such-file",
    );
  }
}

/** Something has this path already. */
export class ExistsError extends ConflictError {
  override name = "ExistsError";
  constructor(path: string) {
    super(
      `There is something named "${path}" already. Choose another name.`,
      "exists",
    );
  }
}

/** A folder was needed, and this is none. */
export class NotDirectoryError extends ConflictError {
  override name = "NotDirectoryError";
  constructor(path: string) {
    super(`"${path}" is not a folder.`, "not-a-directory");
  }
}

/** A file was needed, and this is a folder. */
export class IsDirectoryError extends ConflictError {
  override name = "IsDirectoryError";
  constructor(path: string) {
    super(`"${path}" is a folder.`, "is-a-directory");
  }
}

/** A folder that must be empty is not. */
export class NotEmptyError extends ConflictError {
  override name = "NotEmptyError";
  constructor(path: string) {
    super(`The folder "${path}" is not empty.`, "not-empty");
  }
}

/** A snapshot, the bin, or a folder of the tree itself, which nobody changes. */
export class ReadOnlyError extends ConflictError {
  override name = "ReadOnlyError";
  constructor(path: string) {
    super(
      `"${path}" is a snapshot, or in the bin, and cannot be changed. Copy it elsewhere first.`,
      "read-only",
    );
  }
}

/** A folder that was to go into itself. */
export class LoopError extends ConflictError {
  override name = "LoopError";
  constructor(path: string) {
    super(
      `"${path}" cannot go into itself. Choose a folder outside it.`,
      "into-itself",
    );
  }
}

/** Somebody wrote another version meanwhile. */
export class ChangedError extends CoppiceError {
  override name = "ChangedError";
  constructor(path: string) {
    super(
      412,
      "changed",
      `"${path}" was changed meanwhile. Read it again, then repeat your change.`,
    );
  }
}

/** Somebody else holds the lock, or this one's lease has run out and another was given since. */
export class LockedError extends CoppiceError {
  override name = "LockedError";
  constructor(path: string, holder: string) {
    super(
      423,
      "locked",
      `"${path}" is locked by ${holder}. Wait until it is free.`,
    );
  }
}

/** A name that a file cannot have. */
export class BadNameError extends BadRequestError {
  override name = "BadNameError";
  constructor() {
    super(
      "A name has 1 to 255 bytes of UTF-8 without slashes, and is not . or .. . Choose another.",
      "bad-name",
    );
  }
}
