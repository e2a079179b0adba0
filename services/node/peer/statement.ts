/** The owner's word for a box: signed with the root key, so that friends know whose it is, and that a new box stands in an old one's place. */
import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { openCose, readCosePayload } from "../../shared/cose.ts";
import { rawEd25519 } from "../../shared/ed25519.ts";
import { type Person, principalOf } from "../tree/person.ts";

const Statement = Type.Object(
  {
    type: Type.Literal("coppice box of 1"),
    /** The root key, raw Ed25519. */
    owner: Bytes(32),
    /** Principal of the node. */
    node: Bytes(32),
    /** Milliseconds since 1970: of two statements the later one counts. */
    at: Type.Integer({ minimum: 0, maximum: 2 ** 48 }),
  },
  { additionalProperties: false },
);

/** Whose box a node is, checked. */
export interface Owned {
  /** Principal of the owner's root key. */
  owner: Buffer;
  node: Buffer;
  at: number;
}

/** States whose box a node is. @param node its principal. @returns a COSE_Sign1 */
export function stateOwner(root: Person, node: Buffer, at: number): Buffer {
  const statement: Static<typeof Statement> = {
    type: "coppice box of 1",
    owner: root.signing,
    node,
    at,
  };
  return root.sign(encodeCbor(statement));
}

/** What a statement says. @throws SignatureError, CborError */
export function openStatement(bytes: Uint8Array): Owned {
  const { owner } = parseCbor(
    Statement,
    readCosePayload(bytes),
    "an owner's statement",
  );
  const principal = principalOf(owner);
  const { node, at } = parseCbor(
    Statement,
    openCose(bytes, principal, rawEd25519(owner)),
    "an owner's statement",
  );
  return { owner: principal, node: Buffer.from(node), at };
}
