import { hostname } from "node:os";
import { join } from "node:path";
import { Type } from "typebox";
import type { PeerIdentityClient } from "../../identity/peer-client.ts";
import { readJson, writeDurable } from "../../shared/durable.ts";
import type { Person } from "../tree/person.ts";
import { principalOf } from "../tree/person.ts";
import type { Self } from "./hello.ts";

const Word = Type.Object({ node: Type.String(), at: Type.Number() });

/** Whose this box is, and where that is kept. */
export interface Owned {
  /** Folder for the time of the owner's word. */
  folder: string;
  /** The owner. */
  root: Person;
}

/** What this box says of itself to others: its certificate, the owner's word for it, its name and addresses. */
export class Introduction {
  readonly #owned: Owned;
  readonly #identity: PeerIdentityClient;
  #self: Self;
  #node: Buffer;

  private constructor(
    owned: Owned,
    identity: PeerIdentityClient,
    self: Self,
    node: Buffer,
  ) {
    this.#owned = owned;
    this.#identity = identity;
    this.#self = self;
    this.#node = node;
  }

  /** @throws CoppiceError where the identity does not answer */
  static async prepare(
    owned: Owned,
    identity: PeerIdentityClient,
    signal: AbortSignal,
  ): Promise<Introduction> {
    const state = await identity.state(signal);
    const node = principalOf(Buffer.from(state.node, "base64"));
    const statement = await statementOf(owned, node);
    const self = { state, statement, name: hostname(), addresses: [] };
    return new Introduction(owned, identity, self, node);
  }

  /** This box's principal. */
  get node(): Buffer {
    return this.#node;
  }

  /** This box's libp2p public key, protobuf. */
  get peerKey(): Buffer {
    return Buffer.from(this.#self.state.publicKey, "base64");
  }

  /** With the newest certificate. @throws CoppiceError where the identity does not answer */
  async refreshed(
    name: string | undefined,
    addresses: readonly string[],
    signal: AbortSignal,
  ): Promise<Self> {
    const state = await this.#identity.state(signal);
    const node = principalOf(Buffer.from(state.node, "base64"));
    const statement = node.equals(this.#node)
      ? this.#self.statement
      : await statementOf(this.#owned, node);
    this.#node = node;
    this.#self = { state, statement, name: name ?? hostname(), addresses };
    return this.#self;
  }
}

/** The owner's word for this box, with the time at which it was first given. */
async function statementOf(
  { folder, root }: Owned,
  node: Buffer,
): Promise<Buffer> {
  const { stateOwner } = await import("./statement.ts");
  const path = join(folder, "statement.json");
  const known = await readJson(Word, path);
  const name = node.toString("hex");
  const word = known?.node === name ? known : { node: name, at: Date.now() };
  if (word !== known) await writeDurable(path, JSON.stringify(word));
  return stateOwner(root, node, word.at);
}
