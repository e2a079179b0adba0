/** What two nodes send each other to attest, as CBOR: introduction, challenge, evidence. */
import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { principalOf } from "../../shared/principal.ts";
import { readPublic, spkiOf } from "../tpm/public-area.ts";

const Pcr = Type.Integer({ minimum: 0, maximum: 23 });
const PublicBytes = Bytes(10, 2048);

/** The prover's keys: TPM2B_PUBLIC each, and the maker's certificates of the endorsement key, DER. */
export const Introduction = Type.Object(
  {
    type: Type.Literal("coppice introduction 1"),
    endorsement: PublicBytes,
    certificate: Type.Union([Bytes(1, 8192), Type.Null()]),
    chain: Type.Array(Bytes(1, 8192), { maxItems: 8 }),
    attestation: PublicBytes,
    node: PublicBytes,
  },
  { additionalProperties: false },
);
export type Introduction = Static<typeof Introduction>;

/** What the verifier asks: a fresh nonce, PCRs, and a credential that only this TPM opens. */
export const Challenge = Type.Object(
  {
    type: Type.Literal("coppice challenge 1"),
    nonce: Bytes(32),
    pcrs: Type.Array(Pcr, { minItems: 1, maxItems: 24 }),
    idObject: Bytes(1, 512),
    encryptedSecret: Bytes(1, 1024),
  },
  { additionalProperties: false },
);
export type Challenge = Static<typeof Challenge>;

/** What the prover answers. */
export const Evidence = Type.Object(
  {
    type: Type.Literal("coppice evidence 1"),
    introduction: Introduction,
    nonce: Bytes(32),
    /** The credential's secret. */
    secret: Bytes(32),
    /** TPMS_ATTEST and TPMT_SIGNATURE of the quote, and the values it is over: pairs of PCR number and SHA-256 value. */
    quote: Bytes(1, 2048),
    quoteSignature: Bytes(1, 1024),
    values: Type.Array(Type.Tuple([Pcr, Bytes(32)]), { maxItems: 24 }),
    /** The attestation key's statement that the node key is in the same TPM. */
    certification: Bytes(1, 2048),
    certificationSignature: Bytes(1, 1024),
    eventLog: Bytes(0, 2 ** 20),
    measureLog: Bytes(0, 2 ** 20),
    commandLine: Type.String({ maxLength: 4096 }),
    /** Reference values of the image, as its builder signed them. */
    reference: Type.Union([Bytes(1, 65536), Type.Null()]),
  },
  { additionalProperties: false },
);
export type Evidence = Static<typeof Evidence>;

/** @throws CborError */
export function readIntroduction(bytes: Uint8Array): Introduction {
  return parseCbor(Introduction, bytes, "a node's introduction");
}

/** @throws CborError */
export function readChallenge(bytes: Uint8Array): Challenge {
  return parseCbor(Challenge, bytes, "a verifier's challenge");
}

/** @throws CborError */
export function readEvidence(bytes: Uint8Array): Evidence {
  return parseCbor(Evidence, bytes, "a node's evidence");
}

/** The bytes of any of the three. */
export function writeMessage(
  message: Introduction | Challenge | Evidence,
): Buffer {
  return encodeCbor(message);
}

/** A node's principal: SHA-256 of its node key's SubjectPublicKeyInfo. @param node TPM2B_PUBLIC. @throws WireError */
export function nodePrincipal(node: Uint8Array): Buffer {
  return principalOf(spkiOf(readPublic(node)));
}
