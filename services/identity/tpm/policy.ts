/** Policies of sealed secrets, and the digests that a TPM computes of them (Part 1 section 19.7). */
import {
  createHash,
  createPublicKey,
  type KeyObject,
  verify,
} from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Static, Type } from "typebox";
import { Check } from "typebox/value";
import { hasCode } from "../../shared/errors.ts";
import { externalRsaPublic, nameOf, readPublic } from "./public-area.ts";
import { algorithm, pcrSelection, u32, WireError } from "./wire.ts";

/** One assertion of a policy, in the order in which it is made. */
export type PolicyStep =
  /** What was measured is one of what the holder of `key` signed (PolicyPCR, then PolicyAuthorize). */
  | { kind: "signed-pcrs"; key: KeyObject }
  /** The caller knows the object's password (PolicyAuthValue). */
  | { kind: "password" };

const code = {
  policyPcr: 0x17f,
  policyAuthorize: 0x16a,
  policyAuthValue: 0x16b,
};

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The digest after PolicyPCR alone. @param values PCR number to its SHA-256 value. */
export function pcrPolicy(values: ReadonlyMap<number, Uint8Array>): Buffer {
  const pcrs = [...values.keys()].sort((a, b) => a - b);
  return sha256(
    Buffer.alloc(32),
    u32(code.policyPcr),
    pcrSelection(pcrs),
    sha256(...pcrs.map((pcr) => values.get(pcr) as Uint8Array)),
  );
}

/** The authPolicy of an object that opens where all steps hold. */
export function policyDigest(steps: readonly PolicyStep[]): Buffer {
  let digest: Buffer = Buffer.alloc(32);
  for (const step of steps) {
    if (step.kind === "password")
      digest = sha256(digest, u32(code.policyAuthValue));
    else {
      const name = nameOf(readPublic(externalRsaPublic(step.key)));
      // PolicyAuthorize begins anew, then adds the (empty) policyRef.
      digest = sha256(
        sha256(Buffer.alloc(32), u32(code.policyAuthorize), name),
      );
    }
  }
  return digest;
}

const Signatures = Type.Object({
  sha256: Type.Array(
    Type.Object({
      pcrs: Type.Array(Type.Integer({ minimum: 0, maximum: 23 }), {
        minItems: 1,
        maxItems: 24,
      }),
      pkfp: Type.String({ pattern: "^[0-9a-f]{64}$" }),
      pol: Type.String({ pattern: "^[0-9a-f]{64}$" }),
      sig: Type.String({ maxLength: 4096 }),
    }),
    { maxItems: 1000 },
  ),
});

/** A signed statement that a set of PCR values is accepted: one entry of systemd's `.pcrsig` (systemd-measure(1)). */
export interface SignedPcrPolicy {
  pcrs: number[];
  /** Digest after PolicyPCR. */
  policy: Buffer;
  /** RSASSA-PKCS1-v1_5 with SHA-256 over `policy`. */
  signature: Buffer;
}

/** The key that signs PCR policies, and what it signed for the system that runs. */
export interface SignedPcrPolicies {
  key: KeyObject;
  policies: SignedPcrPolicy[];
}

/** Reads the entries of a `.pcrsig` that `key` made; entries of other keys and wrong signatures are left out. @throws WireError */
export function parsePcrSignatures(
  json: string,
  key: KeyObject,
): SignedPcrPolicy[] {
  const parsed = readSignatures(json);
  const fingerprint = createHash("sha256")
    .update(key.export({ format: "der", type: "pkcs1" }))
    .digest("hex");
  return parsed.sha256
    .filter(({ pkfp }) => pkfp === fingerprint)
    .map(({ pcrs, pol, sig }) => ({
      pcrs,
      policy: Buffer.from(pol, "hex"),
      signature: Buffer.from(sig, "base64"),
    }))
    .filter(({ policy, signature }) =>
      verify("sha256", policy, key, signature),
    );
}

function readSignatures(json: string): Static<typeof Signatures> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // Told below.
  }
  if (!Check(Signatures, value))
    throw new WireError("The image's PCR signatures cannot be read");
  return value;
}

/**
 * Reads what systemd-stub left of the running image: public key and signatures of its PCR policies.
 * @param folder `/run/systemd`. Resolves to `undefined` where the image has none, as on a developer's machine.
 */
export async function readPcrPolicies(
  folder: string,
): Promise<SignedPcrPolicies | undefined> {
  try {
    const [pem, json] = await Promise.all([
      readFile(`${folder}/tpm2-pcr-public-key.pem`),
      readFile(`${folder}/tpm2-pcr-signature.json`, "utf8"),
    ]);
    const key = createPublicKey(pem);
    return { key, policies: parsePcrSignatures(json, key) };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** TPMT_SIGNATURE of an RSASSA signature with SHA-256. */
export function rsassaSignature(signature: Uint8Array): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(algorithm.rsassa, 0);
  head.writeUInt16BE(algorithm.sha256, 2);
  head.writeUInt16BE(signature.length, 4);
  return Buffer.concat([head, signature]);
}
