import { Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { NotFoundError } from "../../shared/errors.ts";
import type { Box } from "./api.ts";
import {
  type Chain,
  type Grant,
  issueCap,
  rights,
  verifyChain,
} from "./capability.ts";
import type { Contact } from "./person.ts";
import { Records } from "./records.ts";
import type { Revocations } from "./revocations.ts";
import type { Tree } from "./tree.ts";

const prefix = "box-";
const year = 365 * 86_400_000;
const lifetime = 10 * year;

const Kept = Type.Object({
  type: Type.Literal("coppice box 1"),
  created: Type.Number(),
  chain: Type.Array(Bytes(1, 4096), { minItems: 1, maxItems: 16 }),
});

/** Which nodes sign in the owner's name: each has a cap for the whole tree from the root key, for the node key in its TPM. */
export class Boxes {
  #tree: Tree;
  #records: Records;
  #revocations: Revocations;

  constructor(tree: Tree, revocations: Revocations) {
    this.#tree = tree;
    this.#records = new Records(tree);
    this.#revocations = revocations;
  }

  /** The chain that ends with this node's cap: the one it has, or, where that was taken back or ends soon, one issued anew. */
  async admit(node: Contact): Promise<Chain> {
    const principal = node.principal.toString("hex");
    const known = await this.#open(principal);
    if (
      known &&
      !this.#revocations.has(...known.grant.serials) &&
      known.grant.expires > Date.now() + year
    )
      return known.chain;
    const { person } = this.#tree.root;
    const chain = issueCap(person, [], person, node, {
      path: "/",
      rights,
      expires: Date.now() + lifetime,
    });
    await this.#records.write(
      prefix + principal,
      encodeCbor({
        type: "coppice box 1",
        created: Date.now(),
        chain: [...chain],
      }),
    );
    await this.#tree.flush();
    return chain;
  }

  /** All that ever signed, the newest first. @param own principal of this one, hex. */
  async list(own: string | undefined): Promise<Box[]> {
    const found: Box[] = [];
    for (const name of this.#records.names(prefix)) {
      const principal = name.slice(prefix.length);
      const box = await this.#open(principal);
      if (box)
        found.push({
          principal,
          created: box.created,
          own: principal === own,
          revoked: this.#revocations.has(...box.grant.serials),
        });
    }
    return found.sort((a, b) => b.created - a.created);
  }

  /** Takes a node's cap back: what it signs from now on is refused everywhere. @throws NotFoundError */
  async revoke(principal: string): Promise<void> {
    const box = await this.#open(principal);
    if (!box)
      throw new NotFoundError(
        "No box with this principal ever signed for you. Look at the list again.",
        "no-such-box",
      );
    for (const serial of box.grant.serials)
      if (!this.#revocations.has(serial)) await this.#revocations.add(serial);
    await this.#tree.flush();
  }

  async #open(
    principal: string,
  ): Promise<{ chain: Chain; grant: Grant; created: number } | undefined> {
    const bytes = await this.#records.read(prefix + principal);
    if (!bytes) return undefined;
    const kept = parseCbor(Kept, bytes, "a box's cap");
    const chain = kept.chain.map((cap) => Buffer.from(cap));
    // Also one that ended says what it gave.
    const grant = verifyChain(chain, this.#tree.root.person, 0, new Map());
    return { chain, grant, created: kept.created };
  }
}
