/** What the identity service keeps on disk: one document, replaced whole. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { readJson, writeDurable } from "../shared/durable.ts";
import type { TpmObject } from "./tpm/tpm.ts";

const Base64 = Type.String({ pattern: "^[A-Za-z0-9+/]*={0,2}$" });
const StoredObject = Type.Object({ publicArea: Base64, privateArea: Base64 });

/** The document. All keys are TPM blobs: of no use in any other TPM. */
const Stored = Type.Object({
  /** TPM name of the endorsement key, hex: which TPM this is. */
  endorsement: Type.String({ pattern: "^[0-9a-f]{68}$" }),
  keys: Type.Object({
    attestation: StoredObject,
    node: StoredObject,
    encryption: StoredObject,
  }),
  peer: Type.Object({
    kind: Type.Union([Type.Literal("sealed"), Type.Literal("tpm")]),
    object: StoredObject,
    /** Whether the sealed key opens under the signed PCR policy alone. */
    image: Type.Boolean(),
    /** libp2p's protobuf of the public key. */
    publicKey: Base64,
    peerId: Type.String(),
  }),
  /** The current device certificate. */
  certificate: Base64,
  /** Links from older keys to newer ones, in order. */
  links: Type.Array(Base64),
  revocations: Type.Array(Base64),
  /** Principal of the owner's root key, hex. */
  owner: Type.Union([Type.String({ pattern: "^[0-9a-f]{64}$" }), Type.Null()]),
  /** Since when this TPM holds the identity, milliseconds since 1970. */
  created: Type.Integer(),
});
export type IdentityRecord = Static<typeof Stored>;
export type StoredTpmObject = Static<typeof StoredObject>;

const name = "identity.json";

/** Reads the document of a folder; `undefined` at the first start. @throws where it is damaged */
export async function readRecord(
  folder: string,
): Promise<IdentityRecord | undefined> {
  return await readJson(Stored, join(folder, name));
}

/** Writes it, so that a power cut leaves the old or the new one. */
export async function writeRecord(
  folder: string,
  record: IdentityRecord,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeDurable(join(folder, name), JSON.stringify(record));
}

/** A TPM object as the document has it. */
export function storeObject(object: TpmObject): StoredTpmObject {
  return {
    publicArea: object.publicArea.toString("base64"),
    privateArea: object.privateArea.toString("base64"),
  };
}

/** A TPM object from the document. */
export function loadObject(stored: StoredTpmObject): TpmObject {
  return {
    publicArea: Buffer.from(stored.publicArea, "base64"),
    privateArea: Buffer.from(stored.privateArea, "base64"),
  };
}
