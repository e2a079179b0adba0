import { createHash, randomBytes } from "node:crypto";

const seconds = 12 * 3600;
const most = 1000;

/** People who came with the link of a share. Their secrets are in memory only, for half a day. */
export class Guests {
  #secrets = new Map<
    string,
    { secret: string; share: string; until: number }
  >();

  /** Lets somebody in. @param share its id. @returns what his cookie holds, and for how many seconds */
  admit(secret: string, share: string): { cookie: string; seconds: number } {
    const cookie = randomBytes(32).toString("base64url");
    this.#secrets.set(keyOf(cookie), {
      secret,
      share,
      until: Date.now() + seconds * 1000,
    });
    for (const oldest of this.#secrets.keys()) {
      if (this.#secrets.size <= most) break;
      this.#secrets.delete(oldest);
    }
    return { cookie, seconds };
  }

  /** Shows everybody the door who came by a share. */
  dismiss(share: string): void {
    for (const [key, guest] of this.#secrets)
      if (guest.share === share) this.#secrets.delete(key);
  }

  /** Shows whoever has this cookie the door. */
  leave(cookie: string | undefined): void {
    if (cookie !== undefined) this.#secrets.delete(keyOf(cookie));
  }

  /** The share's secret of whoever has this cookie. */
  find(cookie: string | undefined): string | undefined {
    if (cookie === undefined) return undefined;
    const key = keyOf(cookie);
    const guest = this.#secrets.get(key);
    if (guest && guest.until < Date.now()) this.#secrets.delete(key);
    return guest && guest.until >= Date.now() ? guest.secret : undefined;
  }
}

/** Looked up by its hash, so that no comparison tells anything of a cookie. */
function keyOf(cookie: string): string {
  return createHash("sha256").update(cookie).digest("hex");
}
