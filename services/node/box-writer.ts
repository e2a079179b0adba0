import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Type } from "typebox";
import { PeerIdentityClient } from "../identity/peer-client.ts";
import { readJson, writeDurable } from "../shared/durable.ts";
import { CoppiceError } from "../shared/errors.ts";
import type { Boxes } from "./tree/boxes.ts";
import { type Actor, draftCap, extendChain } from "./tree/capability.ts";
import { type Contact, Person, principalOf } from "./tree/person.ts";
import type { Tree } from "./tree/tree.ts";

const lifetime = 30 * 86_400_000;
const lookEvery = 60_000;
const retryAfter = 10_000;
const Known = Type.Object({ principal: Type.String() });

/**
 * Keeps the key with which this box signs blocks: an Ed25519 key in memory, made anew at each start and every fortnight.
 * The node key in the TPM vouches for it, and has its own cap from the root key. (A TPM takes up to half a second for a
 * signature: too long for each block.) Until the identity service answers, the root key signs.
 */
export class BoxWriter {
  #file: string;
  #tree: Tree;
  #boxes: Boxes;
  #onError: (error: unknown) => void;

  /** @param state the node's own folder. @param onError hears why the root key goes on signing, once a cause. */
  constructor(
    state: string,
    tree: Tree,
    boxes: Boxes,
    onError: (error: unknown) => void,
  ) {
    this.#file = join(state, "box.json");
    this.#tree = tree;
    this.#boxes = boxes;
    this.#onError = onError;
  }

  /** The principal that this box signed with last, hex; `undefined` where it never did. */
  async principal(): Promise<string | undefined> {
    return (await readJson(Known, this.#file))?.principal;
  }

  /** Draws keys until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await using identity = new PeerIdentityClient();
    let told = "";
    let drawn = { node: "", at: 0 };
    while (!signal.aborted) {
      let wait = lookEvery;
      try {
        // The TPM may be another one since: the owner put it into the old one's place.
        const { node } = await identity.state(signal);
        if (node !== drawn.node || Date.now() > drawn.at + lifetime / 2) {
          this.#tree.writeAs(await this.#draw(identity, node, signal));
          drawn = { node, at: Date.now() };
        }
        told = "";
      } catch (error) {
        if (!(error instanceof CoppiceError)) throw error;
        if (error.message !== told) this.#onError(error);
        told = error.message;
        wait = retryAfter;
      }
      await sleep(wait, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async #draw(
    identity: PeerIdentityClient,
    spki: string,
    signal: AbortSignal,
  ): Promise<Actor> {
    const signing = Buffer.from(spki, "base64");
    const principal = principalOf(signing);
    // A node signs, and reads with the tree's own key.
    const node: Contact = { principal, signing, encryption: Buffer.alloc(0) };
    const before = await this.principal();
    const name = principal.toString("hex");
    const chain = await this.#boxes.admit(node);
    if (before !== undefined && before !== name)
      await this.#boxes.revoke(before);
    if (before !== name)
      await writeDurable(this.#file, JSON.stringify({ principal: name }));
    const person = Person.create();
    const root = this.#tree.root.person;
    const cap = await identity.signCap(
      draftCap(node, root, person, {
        path: "/",
        rights: ["read", "write", "list"],
        expires: Date.now() + lifetime,
      }),
      signal,
    );
    return { person, chain: extendChain(chain, cap, root) };
  }
}
