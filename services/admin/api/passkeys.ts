import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from "@simplewebauthn/server";
import { type Static, Type } from "typebox";
import { readJson, removeDurable, writeDurable } from "../../shared/durable.ts";
import {
  BadRequestError,
  ConflictError,
  NotFoundError,
} from "../../shared/errors.ts";

/** Base64url of so many characters at most. */
const base64url = (most: number) =>
  Type.String({ minLength: 1, maxLength: most, pattern: "^[A-Za-z0-9_-]+$" });
const CredentialId = base64url(1366);
const Name = Type.String({ minLength: 1, maxLength: 64 });
const shared = {
  id: CredentialId,
  rawId: CredentialId,
  type: Type.Literal("public-key"),
  clientExtensionResults: Type.Object({}),
} as const;

/** What a browser answers that has made a passkey (Web Authentication Level 3, 5.1, RegistrationResponseJSON). */
export const MadePasskey = Type.Object({
  ...shared,
  response: Type.Object({
    clientDataJSON: base64url(8192),
    attestationObject: base64url(65_536),
    transports: Type.Optional(
      Type.Array(Type.String({ maxLength: 32 }), { maxItems: 8 }),
    ),
  }),
});
export type MadePasskey = Static<typeof MadePasskey>;

/** What a browser answers that signed with one (AuthenticationResponseJSON). */
export const UsedPasskey = Type.Object({
  ...shared,
  response: Type.Object({
    clientDataJSON: base64url(8192),
    authenticatorData: base64url(8192),
    signature: base64url(8192),
    userHandle: Type.Optional(
      Type.Union([Type.String({ maxLength: 128 }), Type.Null()]),
    ),
  }),
});
export type UsedPasskey = Static<typeof UsedPasskey>;

/** A passkey of the owner's. */
export const Passkey = Type.Object({
  id: CredentialId,
  name: Name,
  site: Type.String({ description: "the box's name that it was made for" }),
  made: Type.Integer({ description: "milliseconds since 1970" }),
  used: Type.Union([Type.Integer(), Type.Null()]),
});
export type Passkey = Static<typeof Passkey>;

const Stored = Type.Object({
  /** By which authenticators know the owner: no name, so that it tells nothing. */
  user: Type.String(),
  keys: Type.Array(
    Type.Object({
      ...Passkey.properties,
      publicKey: Type.String({ description: "COSE, base64url" }),
      counter: Type.Integer(),
      transports: Type.Array(Type.String()),
    }),
  ),
});
type Stored = Static<typeof Stored>;

/** Names of the box that a passkey can be made for: it is bound to a name, and addresses are none. */
const sites = ["coppice.local", "coppice.home.arpa", "localhost"];
/** Passkeys of one owner. */
const most = 20;
/** Challenges that wait for an answer: anybody may ask for one. */
const mostWaiting = 200;
/** Milliseconds that somebody may take to answer. */
const patience = 5 * 60_000;

/** The library is loaded with the first passkey: most boxes have none. */
const library = async () => await import("@simplewebauthn/server");

/** The owner's passkeys (Web Authentication): each is a key in a phone, a laptop or a token, which asks for a finger, a face or a PIN. */
export class Passkeys {
  readonly #file: string;
  #stored: Stored;
  /** What was asked, and until when an answer is taken; each once. */
  readonly #waiting = new Map<string, number>();

  private constructor(file: string, stored: Stored) {
    this.#file = file;
    this.#stored = stored;
  }

  /** @param folder the admin's state */
  static async load(folder: string): Promise<Passkeys> {
    const file = join(folder, "passkeys.json");
    const stored = await readJson(Stored, file);
    return new Passkeys(
      file,
      stored ?? { user: randomBytes(32).toString("base64url"), keys: [] },
    );
  }

  /** Those that there are, the newest first. */
  list(): Passkey[] {
    return this.#stored.keys
      .map(({ id, name, site, made, used }) => ({ id, name, site, made, used }))
      .sort((a, b) => b.made - a.made);
  }

  /** What a browser has to be told to make one. @param host that it speaks with. @throws BadRequestError for an address, ConflictError for too many */
  async offer(
    host: string,
    owner: string,
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { generateRegistrationOptions } = await library();
    const rpID = siteOf(host);
    if (this.#stored.keys.length >= most)
      throw new ConflictError(
        `There are ${most} passkeys. Remove one first.`,
        "too-many-passkeys",
      );
    const options = await generateRegistrationOptions({
      ...{ rpName: "Coppice", rpID, userName: owner, attestationType: "none" },
      userID: Buffer.from(this.#stored.user, "base64url"),
      excludeCredentials: this.#stored.keys.map(({ id }) => ({ id })),
      // Beside what one has, something that one is or knows: it stands for password and code.
      authenticatorSelection: {
        residentKey: "required",
        userVerification: "required",
      },
    });
    this.#wait(options.challenge);
    return options;
  }

  /** Takes a passkey that a browser has made, durably. @throws BadRequestError where it does not prove what it should */
  async add(host: string, made: MadePasskey, name: string): Promise<void> {
    const { verifyRegistrationResponse } = await library();
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: made as unknown as RegistrationResponseJSON,
      ...this.#expected(host),
    }).catch((cause: unknown) => {
      throw new BadRequestError(
        "This passkey does not prove what it should. Begin once more.",
        "bad-passkey",
        { cause },
      );
    });
    if (!verified || this.#stored.keys.some(({ id }) => id === made.id))
      throw new BadRequestError(
        "This passkey is not taken. Begin once more.",
        "bad-passkey",
      );
    const { id, publicKey, counter } = registrationInfo.credential;
    const key = {
      ...{ id, name, counter, site: siteOf(host), made: Date.now() },
      used: null,
      publicKey: Buffer.from(publicKey).toString("base64url"),
      transports: [...(made.response.transports ?? [])],
    };
    await this.#keep({ ...this.#stored, keys: [...this.#stored.keys, key] });
  }

  /** What a browser has to be told to sign in by any of them. @throws BadRequestError for an address */
  async ask(host: string): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { generateAuthenticationOptions } = await library();
    const options = await generateAuthenticationOptions({
      rpID: siteOf(host),
      userVerification: "required",
    });
    this.#wait(options.challenge);
    return options;
  }

  /** Whether an answer is of one of them, and to a question that was asked here; takes note that it was used. */
  async accepts(host: string, answer: UsedPasskey): Promise<boolean> {
    const key = this.#stored.keys.find(({ id }) => id === answer.id);
    if (!key) return false;
    const { verifyAuthenticationResponse } = await library();
    const { verified, authenticationInfo } = await verifyAuthenticationResponse(
      {
        response: answer as unknown as AuthenticationResponseJSON,
        ...this.#expected(host),
        credential: {
          id: key.id,
          publicKey: Buffer.from(key.publicKey, "base64url"),
          counter: key.counter,
        },
      },
    ).catch(() => ({ verified: false, authenticationInfo: undefined }));
    if (!verified || !authenticationInfo) return false;
    const counter = authenticationInfo.newCounter;
    await this.#keep({
      ...this.#stored,
      keys: this.#stored.keys.map((one) =>
        one.id === key.id ? { ...one, counter, used: Date.now() } : one,
      ),
    });
    return true;
  }

  /** Forgets one, durably. @returns its name. @throws NotFoundError */
  async remove(id: string): Promise<string> {
    const found = this.#stored.keys.find((key) => key.id === id);
    if (!found)
      throw new NotFoundError(
        "This passkey is removed already.",
        "no-such-passkey",
      );
    const keys = this.#stored.keys.filter((key) => key !== found);
    await this.#keep({ ...this.#stored, keys });
    return found.name;
  }

  /** Forgets all, durably. */
  async removeAll(): Promise<void> {
    await removeDurable(this.#file);
    this.#stored = { user: randomBytes(32).toString("base64url"), keys: [] };
  }

  #expected(host: string) {
    return {
      expectedChallenge: (challenge: string): boolean => {
        const until = this.#waiting.get(challenge) ?? 0;
        this.#waiting.delete(challenge);
        return until > Date.now();
      },
      expectedOrigin: `https://${host}`,
      expectedRPID: siteOf(host),
      requireUserVerification: true,
    };
  }

  #wait(challenge: string): void {
    const now = Date.now();
    for (const [one, until] of this.#waiting)
      if (until <= now || this.#waiting.size >= mostWaiting)
        this.#waiting.delete(one);
    this.#waiting.set(challenge, now + patience);
  }

  async #keep(stored: Stored): Promise<void> {
    await writeDurable(this.#file, JSON.stringify(stored));
    this.#stored = stored;
  }
}

/** The name in a Host header, which passkeys are bound to. @throws BadRequestError where it is none of the box's */
function siteOf(host: string): string {
  const [name = ""] = host.toLowerCase().split(":");
  if (sites.includes(name)) return name;
  throw new BadRequestError(
    "A passkey is bound to a name: open https://coppice.local, and try it there.",
    "no-name",
  );
}
