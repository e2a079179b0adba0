/** Receipts: the signed word of a box that it keeps a batch of fragments. COSE_Sign1 under the certified libp2p key. */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { publicKeyFromProtobuf } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { type CoseSigner, openCose, signCose } from "../../shared/cose.ts";
import { rawEd25519 } from "../../shared/ed25519.ts";
import { rootOf } from "../store/merkle.ts";
import type { FragmentTuple } from "./messages.ts";

const Receipt = Type.Object(
  {
    type: Type.Literal("coppice receipt 1"),
    contract: Bytes(16),
    /** Principal of the node that keeps them, and of the owner whose they are. */
    provider: Bytes(32),
    owner: Bytes(32),
    /** Counts up between these two; with the hash of the one before, none can be denied. */
    number: Type.Integer({ minimum: 1, maximum: 2 ** 48 }),
    previous: Bytes(0, 32),
    /** Root of the Merkle tree (RFC 6962) over the fragments, in the order in which they were sent. */
    root: Bytes(32),
    count: Type.Integer({ minimum: 1, maximum: 65_536 }),
    bytes: Type.Integer({ minimum: 1, maximum: 2 ** 48 }),
    /** Milliseconds since 1970. */
    at: Type.Integer({ minimum: 0, maximum: 2 ** 48 }),
  },
  { additionalProperties: false },
);
export type Receipt = Static<typeof Receipt>;

/** The root over the fragments of a batch: each leaf is what was said of one. */
export function batchRoot(fragments: readonly FragmentTuple[]): Buffer {
  return rootOf(
    fragments.map((fragment) =>
      createHash("sha256")
        .update(Buffer.of(0))
        .update(encodeCbor(fragment))
        .digest(),
    ),
  );
}

/** Signs a receipt. */
export async function signReceipt(
  receipt: Omit<Receipt, "type">,
  signer: CoseSigner,
): Promise<Buffer> {
  return await signCose(
    encodeCbor({ type: "coppice receipt 1", ...receipt }),
    signer,
  );
}

/** Checks a receipt. @param peerKey the signer's libp2p key, protobuf. @throws SignatureError, CborError */
export function openReceipt(bytes: Uint8Array, peerKey: Uint8Array): Receipt {
  return parseCbor(
    Receipt,
    openCose(bytes, kidOf(peerKey), keyOf(peerKey)),
    "a receipt",
  );
}

/** Signs with the libp2p key, wherever it is. @param peerKey its public half, protobuf */
export function peerSigner(key: PrivateKey, peerKey: Uint8Array): CoseSigner {
  return {
    kid: kidOf(peerKey),
    publicKey: keyOf(peerKey),
    sign: async (data) => await key.sign(data),
  };
}

/** SHA-256 that the next receipt names. */
export function receiptHash(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function kidOf(peerKey: Uint8Array): Buffer {
  return createHash("sha256").update(peerKey).digest();
}

function keyOf(peerKey: Uint8Array): KeyObject {
  const key = publicKeyFromProtobuf(peerKey);
  return key.type === "Ed25519"
    ? rawEd25519(key.raw)
    : createPublicKey({
        key: Buffer.from(key.raw),
        format: "der",
        type: "spki",
      });
}
