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

/** A secret for a browser's cookie, and for how long. */
export interface Ticket {
  secret: string;
  seconds: number;
}

/** One of the secrets that a session had, by its hash. */
interface Secret {
  digest: string;
  issued: number;
  /** When it counts no longer: set once a later one was used. */
  until: number;
}

interface Open {
  session: Session;
  end: AbortController;
  /** The newest last. */
  secrets: Secret[];
}

const lifetime = { owner: 12 * 3600_000, setup: 3600_000 } as const;
/** Milliseconds after which a browser gets another secret for its session: a copy of the one before is of no use for long. */
const renewal = 15 * 60_000;
/** Milliseconds for which a secret still counts once a later one was used, for what is under way, and after which a later one that nobody used is taken for lost on its way. */
const overlap = 2 * 60_000;

/** Browser sessions, kept in memory by the hashes of their secrets: a restart signs everybody out. */
export class Sessions {
  readonly #now: () => number;
  /** By the sessions' ids. */
  #open = new Map<string, Open>();
  #bySecret = new Map<string, { open: Open; secret: Secret }>();

  /** @param now milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Opens a session. A new setup session ends the one before. */
  open(access: "owner" | "setup", { address, agent }: Origin): Ticket {
    this.#expire();
    if (access === "setup") this.endAll("setup");
    const now = this.#now();
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
    const open: Open = { session, end, secrets: [] };
    this.#open.set(session.id, open);
    return this.#issue(open);
  }

  /**
   * Whose a cookie is; `undefined` where it is nobody's. Takes note that the browser was here. A secret that comes again long after
   * a later one was used is a copy in other hands, or the later one is: the session ends.
   * @param renews whether the answer can carry another secret @returns also that one, where it is time for it
   */
  find(
    secret: string | undefined,
    renews = false,
  ): { session: Session; ticket?: Ticket } | undefined {
    const found =
      secret === undefined ? undefined : this.#bySecret.get(digest(secret));
    if (!found) return undefined;
    const now = this.#now();
    const { open, secret: own } = found;
    const { session, secrets } = open;
    if (session.expires <= now) return undefined;
    if (own.until <= now) {
      this.#end(open);
      return undefined;
    }
    session.seen = now;
    for (const one of secrets.slice(0, secrets.indexOf(own)))
      one.until = Math.min(one.until, now + overlap);
    const newest = secrets.at(-1) as Secret;
    const isDue =
      own === newest
        ? now - own.issued > renewal
        : own.until === Number.POSITIVE_INFINITY &&
          now - newest.issued > overlap;
    return renews && isDue
      ? { session, ticket: this.#issue(open) }
      : { session };
  }

  /** The owner's, newest first. */
  list(): Session[] {
    this.#expire();
    return [...this.#open.values()]
      .map(({ session }) => session)
      .filter(({ access }) => access === "owner")
      .sort((a, b) => b.seen - a.seen);
  }

  /** Ends a cookie's session. */
  end(secret: string | undefined): void {
    if (secret !== undefined)
      this.#end(this.#bySecret.get(digest(secret))?.open);
  }

  /** Ends the session with this id. @returns whether there was one */
  endById(id: string): boolean {
    const found = this.#open.get(id);
    this.#end(found);
    return found !== undefined;
  }

  /** Ends all sessions of a kind, but one. @param but its id */
  endAll(access: "owner" | "setup", but?: string): void {
    for (const open of this.#open.values())
      if (open.session.access === access && open.session.id !== but)
        this.#end(open);
  }

  #issue(open: Open): Ticket {
    const text = randomBytes(32).toString("base64url");
    const now = this.#now();
    const secret: Secret = {
      digest: digest(text),
      issued: now,
      until: Number.POSITIVE_INFINITY,
    };
    open.secrets.push(secret);
    this.#bySecret.set(secret.digest, { open, secret });
    const seconds = Math.ceil((open.session.expires - now) / 1000);
    return { secret: text, seconds };
  }

  #expire(): void {
    for (const open of this.#open.values())
      if (open.session.expires <= this.#now()) this.#end(open);
  }

  #end(open: Open | undefined): void {
    if (!open) return;
    this.#open.delete(open.session.id);
    for (const one of open.secrets) this.#bySecret.delete(one.digest);
    open.end.abort();
  }
}

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
