import { createHash, randomBytes } from "node:crypto";

/** Who a request comes from: the owner in a browser, the wizard with the setup code, a script, or root on the box itself. */
export type Access = "owner" | "setup" | "token" | "local";

interface Session {
  access: Access;
  expires: number;
  /** Until when the terminal may be opened: the password was just typed. */
  terminalUntil: number;
}

const lifetime = { owner: 12 * 3600_000, setup: 3600_000 } as const;

/** Browser sessions, kept in memory by the hash of their secret: a restart signs everybody out. */
export class Sessions {
  #sessions = new Map<string, Session>();

  /** Opens a session and returns its secret for the cookie. A new setup session ends the one before. */
  open(access: "owner" | "setup"): { secret: string; seconds: number } {
    this.#expire();
    if (access === "setup") this.endAll("setup");
    const secret = randomBytes(32).toString("base64url");
    this.#sessions.set(digest(secret), {
      access,
      expires: Date.now() + lifetime[access],
      terminalUntil: 0,
    });
    return { secret, seconds: lifetime[access] / 1000 };
  }

  /** What a cookie gives access to; `undefined` where it gives none. */
  find(secret: string | undefined): Session | undefined {
    if (secret === undefined) return undefined;
    const session = this.#sessions.get(digest(secret));
    return session && session.expires > Date.now() ? session : undefined;
  }

  /** Ends one session. */
  end(secret: string | undefined): void {
    if (secret !== undefined) this.#sessions.delete(digest(secret));
  }

  /** Ends all sessions of a kind. */
  endAll(access: Access): void {
    for (const [key, session] of this.#sessions)
      if (session.access === access) this.#sessions.delete(key);
  }

  #expire(): void {
    for (const [key, { expires }] of this.#sessions)
      if (expires <= Date.now()) this.#sessions.delete(key);
  }
}

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
