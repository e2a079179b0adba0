import { buffer } from "node:stream/consumers";
import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { BadRequestError, NotFoundError } from "../../shared/errors.ts";
import { freshBytes } from "../../shared/random.ts";
import type { Request, Share } from "./api.ts";
import {
  type Chain,
  chainId,
  type Grant,
  issueCap,
  type Right,
  readRevocations,
  rights,
  signRevocations,
  verifyChain,
} from "./capability.ts";
import { ExpiredCapError, NoEntryError, RevokedCapError } from "./errors.ts";
import { type Contact, Person } from "./person.ts";
import type { Actor, Tree } from "./tree.ts";

const never = new AbortController().signal;
const mostRequests = 100;
const mostShares = 10_000;
const secretSize = 32;

const Kept = Type.Object({
  type: Type.Literal("coppice share 1"),
  name: Type.String({ maxLength: 100 }),
  created: Type.Number(),
  chain: Type.Array(Bytes(1, 4096), { maxItems: 16 }),
});

const KeptRequest = Type.Object({
  type: Type.Literal("coppice request 1"),
  share: Type.String(),
  words: Type.String({ maxLength: 500 }),
  at: Type.Number(),
});

/** A share that is kept, with what its caps give. */
interface Opened {
  id: string;
  kept: Static<typeof Kept>;
  chain: Chain;
  grant: Grant;
}

/**
 * Who has which caps: kept as files in the tree itself, under `/.sharing`, so that they are there again with the root key.
 * A link's secret is the seed of its reader's keys; the box keeps only the public ones.
 */
export class Sharing {
  #tree: Tree;
  #number = 0;
  /** What the files say, once they were read: each call of a guest asks for it. */
  #known: Map<string, Opened> | undefined;
  #changes = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Takes in what was taken back. @throws ForgedError */
  async load(): Promise<void> {
    const list = await this.#read("revoked");
    if (!list) return;
    const { number, revoked } = readRevocations(list, this.#tree.root.person);
    this.#number = number;
    this.#tree.revoked = revoked;
  }

  /** Gives somebody new a cap for a path. @returns the share, and the secret that opens it */
  async create(
    path: string,
    name: string,
    given: readonly Right[],
    expires: number,
  ): Promise<{ share: Share; secret: string }> {
    const node = this.#tree.places.find(path);
    if (node.id.equals(this.#tree.places.rootId))
      throw new BadRequestError(
        "The whole tree is not shared. Choose a folder or a file.",
        "not-the-root",
      );
    const seed = freshBytes(secretSize);
    const subject = new Person(seed);
    const at = this.#tree.places.pathOf(node.id);
    const { person } = this.#tree.root;
    const terms = { path: at, rights: given, expires };
    const chain = issueCap(person, [], person, subject, terms);
    await this.#save(chain, name, Date.now());
    this.#tree.setReaders(node.id, [
      ...this.#tree.header(node.id, this.#tree.owner).readers,
      subject,
    ]);
    await this.#tree.flush();
    const share = (await this.list()).find(({ id }) => id === chainId(chain));
    if (!share) throw new Error("a share was made and is not there");
    return { share, secret: seed.toString("base64url") };
  }

  /** All shares, those that ended too, the newest first. */
  async list(): Promise<Share[]> {
    const all = await this.#all();
    return all
      .map(({ id, kept, grant }) => ({
        id,
        name: kept.name,
        created: kept.created,
        path: grant.path,
        rights: [...grant.rights],
        expires: grant.expires,
        principal: grant.subject.principal.toString("hex"),
        state: this.#stateOf(grant),
      }))
      .sort((a, b) => b.created - a.created);
  }

  /** Takes a share back: its cap is revoked, and what is written from now on has keys that its holder never had. @throws NotFoundError */
  async revoke(id: string): Promise<void> {
    const { grant } = await this.#one(id);
    const revoked = new Map(this.#tree.revoked);
    const serial = grant.serials.at(-1);
    if (serial) revoked.set(serial, Date.now());
    await this.#write(
      "revoked",
      signRevocations(this.#tree.root.person, ++this.#number, revoked),
    );
    this.#tree.revoked = revoked;
    this.#withdraw(grant);
    await this.#tree.flush();
  }

  /**
   * Gives what one principal had to another: for a new key of the same person, or a box in a lost one's place.
   * @returns how many caps were issued anew
   */
  async reissue(from: string, to: Contact): Promise<number> {
    const live = (await this.#all()).filter(
      ({ grant }) =>
        grant.subject.principal.toString("hex") === from &&
        this.#stateOf(grant) === "active",
    );
    const { person } = this.#tree.root;
    for (const { id, kept, grant } of live) {
      const chain = issueCap(person, [], person, to, {
        path: grant.path,
        rights: [...grant.rights],
        expires: grant.expires,
      });
      await this.#save(chain, kept.name, kept.created);
      this.#admit(grant.path, to);
      await this.revoke(id);
    }
    await this.#tree.flush();
    return live.length;
  }

  /** Whoever has a share's secret, as somebody who acts. @throws NotFoundError, ExpiredCapError, RevokedCapError */
  async actor(secret: string): Promise<{ actor: Actor; share: Share }> {
    const seed = Buffer.from(secret, "base64url");
    if (seed.length !== secretSize) throw noShare();
    const person = new Person(seed);
    const principal = person.principal.toString("hex");
    const share = (await this.list()).find(
      (one) => one.principal === principal,
    );
    if (!share) throw noShare();
    if (share.state === "ended") throw new ExpiredCapError(share.expires);
    if (share.state === "revoked") throw new RevokedCapError();
    const { chain } = await this.#one(share.id);
    return { actor: { person, chain }, share };
  }

  /** Asks the owner for the right to write. @throws BadRequestError where too many ask */
  async request(share: Share, words: string): Promise<void> {
    const open = await this.requests();
    if (open.length >= mostRequests)
      throw new BadRequestError(
        "Too many requests wait for the owner already. Try again later.",
        "too-many-requests",
      );
    const request = {
      type: "coppice request 1",
      share: share.id,
      words,
      at: Date.now(),
    };
    // One request a share: who asks again replaces it.
    await this.#write(`request-${share.id}`, encodeCbor(request));
  }

  /** Who asks to be allowed to write. */
  async requests(): Promise<Request[]> {
    const shares = await this.list();
    const found: Request[] = [];
    for (const name of this.#names("request-")) {
      const bytes = await this.#read(name);
      if (!bytes) continue;
      const {
        share: id,
        words,
        at,
      } = parseCbor(KeptRequest, bytes, "a request");
      const share = shares.find((one) => one.id === id);
      if (share?.state === "active") found.push({ share, words, at });
    }
    return found;
  }

  /** Lets somebody write who asked for it, or not. @param id of the share. @throws NotFoundError */
  async answer(id: string, allow: boolean): Promise<void> {
    const { kept, grant } = await this.#one(id);
    const name = `request-${id}`;
    if (!this.#names(name).includes(name)) throw noShare();
    if (allow) {
      const { person } = this.#tree.root;
      const chain = issueCap(person, [], person, grant.subject, {
        path: grant.path,
        rights: rights.filter(
          (right) => right === "write" || grant.rights.has(right),
        ),
        expires: grant.expires,
      });
      await this.#save(chain, kept.name, kept.created);
      this.#discard(id);
    }
    this.#discard(name);
    await this.#tree.flush();
  }

  async #all(): Promise<Opened[]> {
    if (!this.#known) {
      const changes = this.#changes;
      const opened = new Map<string, Opened>();
      for (const id of this.#names(""))
        if (/^[0-9a-f]{32}$/.test(id)) opened.set(id, await this.#open(id));
      // Somebody may have changed them while they were read.
      if (changes !== this.#changes) return await this.#all();
      this.#known = opened;
    }
    return [...this.#known.values()];
  }

  async #one(id: string): Promise<Opened> {
    const known = (await this.#all()).find((one) => one.id === id);
    if (!known) throw noShare();
    return known;
  }

  async #open(id: string): Promise<Opened> {
    const bytes = await this.#read(id);
    if (!bytes) throw noShare();
    const kept = parseCbor(Kept, bytes, "a share");
    const chain = kept.chain.map((cap) => Buffer.from(cap));
    // Also one that ended says what it gave.
    const grant = verifyChain(chain, this.#tree.root.person, 0, new Map());
    return { id, kept, chain, grant };
  }

  #stateOf(grant: Grant): Share["state"] {
    const now = Date.now();
    const { revoked } = this.#tree;
    const principal = grant.subject.principal.toString("hex");
    if ([...grant.serials, principal].some((one) => revoked.has(one)))
      return "revoked";
    return grant.expires < now ? "ended" : "active";
  }

  async #save(chain: Chain, name: string, created: number): Promise<void> {
    if (this.#names("").length >= mostShares)
      throw new BadRequestError("There are too many shares. Take some back.");
    await this.#write(
      chainId(chain),
      encodeCbor({
        type: "coppice share 1",
        name,
        created,
        chain: [...chain],
      }),
    );
    this.#forget();
  }

  #admit(path: string, reader: Contact): void {
    const { id } = this.#tree.places.find(path);
    const { readers } = this.#tree.header(id, this.#tree.owner);
    this.#tree.setReaders(id, [...readers, reader]);
  }

  #withdraw({ path, subject }: Grant): void {
    let id: Buffer;
    try {
      ({ id } = this.#tree.places.find(path));
    } catch (error) {
      // It was moved or thrown away: whoever moved it took the reader away already.
      if (error instanceof NoEntryError) return;
      throw error;
    }
    const { readers } = this.#tree.header(id, this.#tree.owner);
    this.#tree.setReaders(
      id,
      readers.filter((one) => !one.principal.equals(subject.principal)),
    );
  }

  #names(prefix: string): string[] {
    return this.#tree.state
      .children(this.#tree.places.systemId("sharing"), "", mostShares * 2)
      .map(({ name }) => name)
      .filter((name) => name.startsWith(prefix));
  }

  #forget(): void {
    this.#changes++;
    this.#known = undefined;
  }

  #discard(name: string): void {
    this.#forget();
    this.#tree.discard(`/.sharing/${name}`, this.#tree.owner);
  }

  async #read(name: string): Promise<Buffer | undefined> {
    try {
      const { owner } = this.#tree;
      return await buffer(
        this.#tree.read(`/.sharing/${name}`, owner, never).bytes,
      );
    } catch (error) {
      if (error instanceof NoEntryError) return undefined;
      throw error;
    }
  }

  async #write(name: string, bytes: Buffer): Promise<void> {
    await this.#tree.put(
      "/.sharing",
      name,
      (async function* () {
        yield bytes;
      })(),
      this.#tree.owner,
      never,
      { keep: false },
    );
  }
}

function noShare(): NotFoundError {
  return new NotFoundError(
    "There is no such share. Ask the owner for a new link.",
    "no-such-share",
  );
}
