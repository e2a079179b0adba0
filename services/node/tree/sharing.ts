import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { BadRequestError, NotFoundError } from "../../shared/errors.ts";
import { freshBytes } from "../../shared/random.ts";
import type { Request, Share } from "./api.ts";
import {
  type Actor,
  type Chain,
  chainId,
  type Grant,
  issueCap,
  type Right,
  rights,
  verifyChain,
} from "./capability.ts";
import { ExpiredCapError, RevokedCapError } from "./errors.ts";
import { type Contact, Person } from "./person.ts";
import { Records } from "./records.ts";
import type { Revocations } from "./revocations.ts";
import type { Tree } from "./tree.ts";

const mostRequests = 100;
const mostShares = 10_000;
const secretSize = 32;
/** How the marks of keys begin that were not all made fresh. */
const cutShort = "rekey-";

const Kept = Type.Object({
  type: Type.Literal("coppice share 1"),
  name: Type.String({ maxLength: 100 }),
  created: Type.Number(),
  /** What is shared, wherever it is moved. */
  node: Bytes(16),
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
  #records: Records;
  #revocations: Revocations;
  /** What the files say, once they were read: each call of a guest asks for it. */
  #known: Map<string, Opened> | undefined;
  #changes = 0;

  constructor(tree: Tree, revocations: Revocations) {
    this.#tree = tree;
    this.#records = new Records(tree);
    this.#revocations = revocations;
  }

  /**
   * Gives somebody new a cap for a path. @param by the owner, or somebody who may pass on what he has.
   * @returns the share, and the secret that opens it. @throws RefusedError where it would be more than `by` has
   */
  async create(
    path: string,
    name: string,
    given: readonly Right[],
    expires: number,
    by = this.#tree.owner,
  ): Promise<{ share: Share; secret: string }> {
    const node = this.#tree.stat(path, by);
    if (node.id.equals(this.#tree.places.rootId))
      throw new BadRequestError(
        "The whole tree is not shared. Choose a folder or a file.",
        "not-the-root",
      );
    const seed = freshBytes(secretSize);
    const subject = new Person(seed);
    const at = this.#tree.places.pathOf(node.id);
    const terms = { path: at, rights: given, expires };
    const chain = issueCap(
      by.person,
      by.chain,
      this.#tree.root.person,
      subject,
      terms,
    );
    await this.#save(chain, name, Date.now(), node.id);
    await this.#admit(node.id, subject);
    await this.#tree.flush();
    return {
      share: await this.#share(chain),
      secret: seed.toString("base64url"),
    };
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
        ...through(all, grant),
      }))
      .sort((a, b) => b.created - a.created);
  }

  /**
   * Takes a share back, and whatever its holder passed on: the cap is revoked, and what is written from now on has keys that
   * none of them ever had. @throws NotFoundError
   */
  async revoke(id: string): Promise<void> {
    const serial = (await this.#one(id)).grant.serials.at(-1) ?? "";
    await this.#revocations.add(serial);
    for (const one of await this.#all())
      if (one.grant.serials.includes(serial)) await this.#withdraw(one);
    await this.#tree.flush();
  }

  /** Takes the keys from those whose shares ended, and goes on where that was cut short. */
  async tidy(signal: AbortSignal): Promise<void> {
    for (const name of this.#records.names(cutShort)) {
      signal.throwIfAborted();
      await this.#rekey(Buffer.from(name.slice(cutShort.length), "hex"));
    }
    for (const one of await this.#all()) {
      signal.throwIfAborted();
      if (this.#stateOf(one.grant) !== "active") await this.#withdraw(one);
    }
  }

  /** Gives a share's holder new keys, in place of lost or stolen ones: the old link opens nothing any more. @throws NotFoundError, ExpiredCapError, RevokedCapError */
  async renew(id: string): Promise<{ share: Share; secret: string }> {
    const { kept, grant } = await this.#one(id);
    refuseOver(this.#stateOf(grant), grant);
    const seed = freshBytes(secretSize);
    const { person } = this.#tree.root;
    const subject = new Person(seed);
    const chain = issueCap(person, [], person, subject, {
      path: grant.path,
      rights: [...grant.rights],
      expires: grant.expires,
    });
    const node = Buffer.from(kept.node);
    await this.#save(chain, kept.name, kept.created, node);
    await this.#admit(node, subject);
    await this.revoke(id);
    return {
      share: await this.#share(chain),
      secret: seed.toString("base64url"),
    };
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
    refuseOver(share.state, share);
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
    await this.#records.write(`request-${share.id}`, encodeCbor(request));
  }

  /** Who asks to be allowed to write. */
  async requests(): Promise<Request[]> {
    const shares = await this.list();
    const found: Request[] = [];
    for (const name of this.#records.names("request-")) {
      const bytes = await this.#records.read(name);
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
    if (!this.#records.names(name).includes(name)) throw noShare();
    if (allow) {
      const { person } = this.#tree.root;
      const chain = issueCap(person, [], person, grant.subject, {
        path: grant.path,
        rights: rights.filter(
          (right) => right === "write" || grant.rights.has(right),
        ),
        expires: grant.expires,
      });
      await this.#save(chain, kept.name, kept.created, Buffer.from(kept.node));
      this.#discard(id);
    }
    this.#discard(name);
    await this.#tree.flush();
  }

  async #share(chain: Chain): Promise<Share> {
    const share = (await this.list()).find(({ id }) => id === chainId(chain));
    if (!share) throw new Error("a share was made and is not there");
    return share;
  }

  async #all(): Promise<Opened[]> {
    if (!this.#known) {
      const changes = this.#changes;
      const opened = new Map<string, Opened>();
      for (const id of this.#records.names(""))
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
    const bytes = await this.#records.read(id);
    if (!bytes) throw noShare();
    const kept = parseCbor(Kept, bytes, "a share");
    const chain = kept.chain.map((cap) => Buffer.from(cap));
    // Also one that ended says what it gave.
    const grant = verifyChain(chain, this.#tree.root.person, 0, new Map());
    return { id, kept, chain, grant };
  }

  #stateOf(grant: Grant): Share["state"] {
    const now = Date.now();
    const principal = grant.subject.principal.toString("hex");
    if (this.#revocations.has(...grant.serials, principal)) return "revoked";
    return grant.expires < now ? "ended" : "active";
  }

  async #save(
    chain: Chain,
    name: string,
    created: number,
    node: Buffer,
  ): Promise<void> {
    if (this.#records.names("").length >= mostShares)
      throw new BadRequestError("There are too many shares. Take some back.");
    await this.#records.write(
      chainId(chain),
      encodeCbor({
        type: "coppice share 1",
        name,
        created,
        node,
        chain: [...chain],
      }),
    );
    this.#forget();
  }

  async #admit(node: Buffer, reader: Contact): Promise<void> {
    const { readers } = this.#tree.header(node, this.#tree.owner);
    await this.#tree.setReaders(node, [...readers, reader]);
  }

  async #withdraw({ kept, grant }: Opened): Promise<void> {
    const node = Buffer.from(kept.node);
    if (!this.#tree.state.node(node)) return;
    const { readers } = this.#tree.header(node, this.#tree.owner);
    const { principal } = grant.subject;
    const left = readers.filter((one) => !one.principal.equals(principal));
    if (left.length === readers.length) return;
    // What is cut short is known by this when the box starts again.
    await this.#records.write(markOf(node), Buffer.alloc(1));
    await this.#tree.setReaders(node, left);
    this.#records.discard(markOf(node));
  }

  async #rekey(node: Buffer): Promise<void> {
    if (this.#tree.state.node(node)) await this.#tree.rekey(node);
    this.#records.discard(markOf(node));
  }

  #forget(): void {
    this.#changes++;
    this.#known = undefined;
  }

  #discard(name: string): void {
    this.#forget();
    this.#records.discard(name);
  }
}

/** What says that fresh keys beneath a block are not all made. */
function markOf(node: Buffer): string {
  return cutShort + node.toString("hex");
}

/** The name of whoever passed it on, where that was not the owner. */
function through(
  all: readonly Opened[],
  { serials }: Grant,
): { through?: string } {
  const giver = all.find(
    ({ grant }) => grant.serials.at(-1) === serials.at(-2),
  );
  return serials.length > 1 && giver ? { through: giver.kept.name } : {};
}

/** @throws ExpiredCapError, RevokedCapError where a share gives nothing any more */
function refuseOver(
  state: Share["state"],
  { expires }: { expires: number },
): void {
  if (state === "ended") throw new ExpiredCapError(expires);
  if (state === "revoked") throw new RevokedCapError();
}

function noShare(): NotFoundError {
  return new NotFoundError(
    "There is no such share. Ask the owner for a new link.",
    "no-such-share",
  );
}
