import { LockedError } from "./errors.ts";

/** Who may write beneath a path, until when. */
export interface Lock {
  /** Grows with each lock that is given: a writer with a lower one comes too late. */
  token: number;
  holder: string;
  /** Milliseconds since 1970. */
  expires: number;
}

/** A lease lasts at most an hour without being renewed. */
export const longestLease = 3_600_000;

/** Exclusive locks on blocks, each with a lease and a fencing token. */
export class Locks {
  #locks = new Map<string, Lock>();
  #next: () => number;

  /** @param next gives numbers that grow, also over restarts. */
  constructor(next: () => number) {
    this.#next = next;
  }

  /** The lock on a block; `undefined` where there is none, or its lease ran out. */
  of(id: Buffer, now = Date.now()): Lock | undefined {
    const key = id.toString("hex");
    const lock = this.#locks.get(key);
    if (lock && lock.expires <= now) this.#locks.delete(key);
    return lock && lock.expires > now ? lock : undefined;
  }

  /** Locks a block. @param lease milliseconds. @throws LockedError */
  acquire(id: Buffer, path: string, holder: string, lease: number): Lock {
    const held = this.of(id);
    if (held) throw new LockedError(path, held.holder);
    const lock = {
      token: this.#next(),
      holder,
      expires: Date.now() + Math.min(lease, longestLease),
    };
    this.#locks.set(id.toString("hex"), lock);
    return lock;
  }

  /** Prolongs a lease. @throws LockedError where it ran out and somebody else has the lock */
  renew(id: Buffer, path: string, token: number, lease: number): Lock {
    const held = this.of(id);
    if (held?.token !== token)
      throw new LockedError(path, held?.holder ?? "nobody any more");
    held.expires = Date.now() + Math.min(lease, longestLease);
    return held;
  }

  /** Gives a lock back; one that ran out is forgotten anyway. */
  release(id: Buffer, token: number): void {
    if (this.of(id)?.token === token) this.#locks.delete(id.toString("hex"));
  }

  /**
   * Whether somebody with this token, or none, may write.
   * @throws LockedError where another lock holds, or where the token's own lease ran out
   */
  check(id: Buffer, path: string, token: number | undefined): void {
    const held = this.of(id);
    if (held && held.token !== token) throw new LockedError(path, held.holder);
    if (!held && token !== undefined)
      throw new LockedError(path, "nobody any more: the lease ran out");
  }
}
