import { createHash, randomBytes, randomUUID } from "node:crypto";

/** Who a request comes from: the owner in a browser, the wizard with the setup code, a script, or root on the box itself. */
export type Access = "owner" | "setup" | "token" | "local";

/** Where a browser is, as its requests tell. */
export interface Origin {
  /** IP address. */
  address: string;
  /** What it says that it is (User-Agent); as it likes, so shortened. */
  agent: string;
}

/** A browser that is signed in. */
export interface Session extends Origin {
  id: string;
  access: "owner" | "setup";
  /** Milliseconds since 1970, as those below. */
  started: number;
  /** When it last asked for something. */
  seen: number;
  expires: number;
  /** Until when the terminal may be opened: the password was just typed. */
  terminalUntil: number;
  /** Aborts when the session ends: what still flows to the browser ends with it. */
  ended: AbortSignal;
}

const lifetime = { owner: 12 * 3600_000, setup: 3600_000 } as const;

/** Browser sessions, kept in memory by the hash of their secret: a restart signs everybody out. */
export class Sessions {
  #sessions = new Map<string, { session: Session; end: AbortController }>();

  /** Opens a session and returns its secret for the cookie. A new setup session ends the one before. */
  open(
    access: "owner" | "setup",
    { address, agent }: Origin,
  ): { secret: string; seconds: number } {
    this.#expire();
    if (access === "setup") this.endAll("setup");
    const secret = randomBytes(32).toString("base64url");
    const now = Date.now();
    const end = new AbortController();
    const session: Session = {
      id: randomUUID(),
      access,
      address,
      agent,
      started: now,
      seen: now,
      expires: now + lifetime[access],
      terminalUntil: 0,
      ended: end.signal,
    };
    this.#sessions.set(digest(secret), { session, end });
    return { secret, seconds: lifetime[access] / 1000 };
  }

  /** Whose a cookie is; `undefined` where it is nobody's. Takes note that the browser was here. */
  find(secret: string | undefined): Session | undefined {
    if (secret === undefined) return undefined;
    const now = Date.now();
    const session = this.#sessions.get(digest(secret))?.session;
    if (!session || session.expires <= now) return undefined;
    session.seen = now;
    return session;
  }

  /** The owner's, newest first. */
  list(): Session[] {
    this.#expire();
    return [...this.#sessions.values()]
      .map(({ session }) => session)
      .filter(({ access }) => access === "owner")
      .sort((a, b) => b.seen - a.seen);
  }

  /** Ends a cookie's session. */
  end(secret: string | undefined): void {
    if (secret !== undefined) this.#end(digest(secret));
  }

  /** Ends the session with this id. @returns whether there was one */
  endById(id: string): boolean {
    const found = [...this.#sessions].find(([, one]) => one.session.id === id);
    if (found) this.#end(found[0]);
    return found !== undefined;
  }

  /** Ends all sessions of a kind, but one. @param but its id */
  endAll(access: "owner" | "setup", but?: string): void {
    for (const [key, { session }] of this.#sessions)
      if (session.access === access && session.id !== but) this.#end(key);
  }

  #expire(): void {
    for (const [key, { session }] of this.#sessions)
      if (session.expires <= Date.now()) this.#end(key);
  }

  #end(key: string): void {
    const found = this.#sessions.get(key);
    this.#sessions.delete(key);
    found?.end.abort();
  }
}

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
