/** Signed links: an old node key hands over to a new one, or the owner's root key puts a new TPM in an old one's place. */
import { createHash, createPublicKey } from "node:crypto";
import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import {
  type CoseSigner,
  openCose,
  readCosePayload,
  SignatureError,
  signCose,
} from "../../shared/cose.ts";
import { rawEd25519 } from "../../shared/ed25519.ts";
import { principalOf } from "../../shared/principal.ts";

const Seconds = Type.Integer({ minimum: 0, maximum: 2 ** 40 });

/** From one key of a node to the next. */
export const KeyLink = Type.Object(
  {
    type: Type.Literal("coppice key link 1"),
    kind: Type.Union([Type.Literal("node"), Type.Literal("attestation")]),
    /** SubjectPublicKeyInfo of the old node key, which signs; for an attestation key, of the node key. */
    from: Bytes(1, 1024),
    /** SubjectPublicKeyInfo of the new key. */
    to: Bytes(1, 1024),
    /** Seconds since 1970. */
    at: Seconds,
  },
  { additionalProperties: false },
);
export type KeyLink = Static<typeof KeyLink>;

/** The owner's word that a node goes on in another TPM. */
export const ReEnrolment = Type.Object(
  {
    type: Type.Literal("coppice re-enrolment 1"),
    /** Principal of the node that is lost. */
    from: Bytes(32),
    /** SubjectPublicKeyInfo of the new node key. */
    to: Bytes(1, 1024),
    /** TPM name of the new endorsement key. */
    endorsement: Bytes(34, 66),
    /** The owner's root key, raw Ed25519. */
    root: Bytes(32),
    at: Seconds,
  },
  { additionalProperties: false },
);
export type ReEnrolment = Static<typeof ReEnrolment>;

/**
 * Links an old key to a new one. A new node key signs too: nobody can be handed a key that is not theirs.
 * @param successor the new node key; left out where an attestation key changes, which signs nothing but quotes.
 */
export async function linkKeys(
  link: KeyLink,
  old: CoseSigner,
  successor?: CoseSigner,
): Promise<Buffer> {
  const payload = encodeCbor(link);
  return await signCose(
    successor ? await signCose(payload, successor) : payload,
    old,
  );
}

/** Opens a link and checks its signatures. @throws SignatureError, CborError */
export function openLink(bytes: Uint8Array): KeyLink {
  const outer = readCosePayload(bytes);
  const inner = isSigned(outer) ? readCosePayload(outer) : outer;
  const link = parseCbor(KeyLink, inner, "a link between keys");
  const key = (spki: Uint8Array) =>
    createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  openCose(bytes, principalOf(link.from), key(link.from));
  if (link.kind === "node") openCose(outer, principalOf(link.to), key(link.to));
  return link;
}

function isSigned(bytes: Uint8Array): boolean {
  try {
    readCosePayload(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The principal that a node has now, where `links` lead there from the one it had; wrong links lead nowhere. */
export function followLinks(
  from: Buffer,
  links: readonly Uint8Array[],
): Buffer {
  let current = from;
  for (const bytes of links) {
    try {
      const link = openLink(bytes);
      if (link.kind === "node" && principalOf(link.from).equals(current))
        current = principalOf(link.to);
    } catch {
      // A link that does not check is no link.
    }
  }
  return current;
}

/** Signs a re-enrolment with the owner's root key. */
export async function signReEnrolment(
  statement: ReEnrolment,
  root: CoseSigner,
): Promise<Buffer> {
  return await signCose(encodeCbor(statement), root);
}

/** Reads a re-enrolment to sign, or signed. @throws CborError */
export function readReEnrolment(bytes: Uint8Array): ReEnrolment {
  return parseCbor(ReEnrolment, bytes, "a re-enrolment");
}

/** Opens what the owner signed. @param owner principal of the root key. @throws SignatureError, CborError */
export function openReEnrolment(
  bytes: Uint8Array,
  owner: Uint8Array,
): ReEnrolment {
  const statement = readReEnrolment(readCosePayload(bytes));
  if (!createHash("sha256").update(statement.root).digest().equals(owner))
    throw new SignatureError("another root key than the owner's signed this");
  openCose(bytes, owner, rawEd25519(statement.root));
  return statement;
}
