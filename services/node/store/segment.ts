import { CoppiceError } from "../../shared/errors.ts";
import type { Cut } from "./coding.ts";
import type { DiskStore } from "./disk-store.ts";
import { blockKey } from "./record.ts";
import type { Row } from "./rows.ts";

/** Whose a block is (16 bytes; zeros are the box's own) and its id (16 bytes). */
export interface Address {
  account: Buffer;
  block: Buffer;
}

/** A block's address as a key of maps. */
export function addressKey(address: Address): string {
  return blockKey(address).toString("hex");
}

/** A segment cannot be restored: more of its fragments are lost than its code tolerates. */
export class SegmentLostError extends CoppiceError {
  override name = "SegmentLostError";
  /** Number of the segment in its block. */
  readonly segment: number;
  constructor(segment: number, left: number, needed: number) {
    super(
      503,
      "segment-lost",
      `Part of this file is lost: of segment ${segment} ${left} fragments are left and ${needed} are needed. Plug in a disk that is missing, or restore the file from another copy.`,
    );
    this.segment = segment;
  }
}

/** There is no such block. */
export class NoBlockError extends CoppiceError {
  override name = "NoBlockError";
  constructor() {
    super(
      404,
      "no-such-block",
      "Nothing is stored under this id. Check it, and that all disks are there.",
    );
  }
}

/** Somebody has as much here as was allowed. */
export class QuotaError extends CoppiceError {
  override name = "QuotaError";
  constructor(used: number, quota: number) {
    super(
      507,
      "quota-exceeded",
      `${used} of ${quota} bytes are used. Delete something, or ask the owner for more.`,
    );
  }
}

/** A fragment of a segment, on one of the disks. */
export interface Held {
  disk: DiskStore;
  row: Row;
}

/** What is known of a segment. */
export interface Located {
  cut: Cut;
  created: number;
  expires: number;
  /** Kept for somebody else: most fragments are elsewhere. */
  foreign: boolean;
  /** All copies of each fragment, by its number. */
  held: Map<number, Held[]>;
}

/** The names of a segment's fragments, 32 bytes each; zeros where no disk knows one. */
export function namesOf({ cut, held }: Located): Buffer {
  const names = Buffer.alloc(32 * (cut.k + cut.m));
  for (const [index, [copy]] of held) copy?.row.name.copy(names, index * 32);
  return names;
}

/** Whether a block is the box's own: its header is here too, then. */
export function isOwn({ account }: Address): boolean {
  return account.subarray(0, 15).every((byte) => byte === 0);
}
