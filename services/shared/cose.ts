import { type KeyObject, sign, verify } from "node:crypto";
import { Tagged } from "cborg";
import { coseSign1Tag, coseSignTag, decodeCbor, encodeCbor } from "./cbor.ts";
import { CoppiceError } from "./errors.ts";

/** A signature, or what was signed, is not as it must be. */
export class SignatureError extends CoppiceError {
  override name = "SignatureError";
  constructor(message: string) {
    super(503, "bad-signature", message);
  }
}

/** COSE algorithms (RFC 9053, RFC 8812) by node:crypto's kinds of keys. */
const algorithms: Readonly<Record<string, number>> = {
  ed25519: -8,
  ec: -7,
  rsa: -257,
};

/** Whoever signs: a key in memory, or one that stays in a TPM. */
export interface CoseSigner {
  /** Its principal. */
  kid: Uint8Array;
  publicKey: KeyObject;
  /** Signs with EdDSA, or with SHA-256 by ECDSA (r and s) or RSASSA-PKCS1-v1_5. */
  sign(data: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

/** A signer whose private key is in memory. @param kid its principal. */
export function keySigner(
  kid: Uint8Array,
  privateKey: KeyObject,
  publicKey: KeyObject,
): CoseSigner {
  return {
    kid,
    publicKey,
    sign: (data) =>
      sign(hashOf(publicKey), data, {
        key: privateKey,
        dsaEncoding: "ieee-p1363",
      }),
  };
}

/** Signs `payload` as a tagged COSE_Sign1 (RFC 9052 section 4.2). */
export async function signCose(
  payload: Uint8Array,
  signer: CoseSigner,
): Promise<Buffer> {
  const header = headerOf(signer.kid, signer.publicKey);
  return assemble(
    header,
    payload,
    await signer.sign(toBeSigned(header, payload)),
  );
}

/** Signs as `signCose` with a key that signs at once, many times. @param kid the signer's principal. */
export function coseSigner(
  kid: Uint8Array,
  publicKey: KeyObject,
  signNow: (data: Uint8Array) => Uint8Array,
): (payload: Uint8Array) => Buffer {
  const header = headerOf(kid, publicKey);
  return (payload) =>
    assemble(header, payload, signNow(toBeSigned(header, payload)));
}

/** Who a COSE_Sign1 says has signed it: not yet checked. @throws SignatureError */
export function readCoseSigner(bytes: Uint8Array): Buffer {
  const kid = readHeader(read(bytes).protectedHeader).get(4);
  if (!(kid instanceof Uint8Array))
    throw new SignatureError("this does not say who signed it");
  return Buffer.from(kid);
}

/** The payload of a COSE_Sign1 whose signer's key is in it: check it with `openCose` after. @throws SignatureError */
export function readCosePayload(bytes: Uint8Array): Buffer {
  return Buffer.from(read(bytes).payload);
}

/** Checks a COSE_Sign1 against the one key that may have made it, and returns its payload. @throws SignatureError */
export function openCose(
  bytes: Uint8Array,
  kid: Uint8Array,
  key: KeyObject,
): Buffer {
  const { protectedHeader, payload, signature } = read(bytes);
  const header = readHeader(protectedHeader);
  const signer = header.get(4);
  if (
    header.get(1) !== algorithms[key.asymmetricKeyType ?? ""] ||
    !(signer instanceof Uint8Array) ||
    !Buffer.from(signer).equals(kid)
  ) {
    throw new SignatureError(
      "this was signed by somebody else, or in another way",
    );
  }
  if (
    !verify(
      hashOf(key),
      toBeSigned(protectedHeader, payload),
      { key, dsaEncoding: "ieee-p1363" },
      signature,
    )
  )
    throw new SignatureError("this signature is not right");
  return Buffer.from(payload);
}

/** One signer's COSE_Signature over a payload that several sign (RFC 9052 section 4.1). */
export async function coseSignature(
  payload: Uint8Array,
  signer: CoseSigner,
): Promise<Buffer> {
  const header = headerOf(signer.kid, signer.publicKey);
  const signature = await signer.sign(toBeSignedByOne(header, payload));
  return encodeCbor([header, new Map(), signature]);
}

/** A tagged COSE_Sign of a payload and its signers' COSE_Signatures (RFC 9052 section 4.1). @throws SignatureError */
export function coseSign(
  payload: Uint8Array,
  signatures: readonly Uint8Array[],
): Buffer {
  return encodeCbor(
    new Tagged(coseSignTag, [
      new Uint8Array(),
      new Map(),
      payload,
      signatures.map((one) => readSignature(decodeOrRefuse(one)).parts),
    ]),
  );
}

/** The payload of a COSE_Sign and who signed it; nothing of it is checked. @throws SignatureError */
export function readCoseSign(bytes: Uint8Array): {
  payload: Buffer;
  signatures: { kid: Buffer; signature: Buffer }[];
} {
  const tagged = decodeOrRefuse(bytes);
  const parts =
    tagged instanceof Tagged && tagged.tag === coseSignTag
      ? (tagged.value as unknown)
      : undefined;
  const [header, unprotected, payload, signatures] = Array.isArray(parts)
    ? (parts as unknown[])
    : [];
  if (
    !(
      header instanceof Uint8Array &&
      header.length === 0 &&
      unprotected instanceof Map &&
      unprotected.size === 0 &&
      payload instanceof Uint8Array &&
      Array.isArray(signatures) &&
      signatures.length <= 16
    )
  )
    throw new SignatureError("this is not a signed structure");
  return {
    payload: Buffer.from(payload),
    signatures: signatures.map((one: unknown) => {
      const { kid, parts } = readSignature(one);
      return { kid, signature: encodeCbor(parts) };
    }),
  };
}

/** Checks one COSE_Signature over a payload against the one key that may have made it. @throws SignatureError */
export function checkCoseSignature(
  payload: Uint8Array,
  signature: Uint8Array,
  kid: Uint8Array,
  key: KeyObject,
): void {
  const one = readSignature(decodeOrRefuse(signature));
  if (
    one.algorithm !== algorithms[key.asymmetricKeyType ?? ""] ||
    !one.kid.equals(kid)
  )
    throw new SignatureError(
      "this was signed by somebody else, or in another way",
    );
  const [header, , bytes] = one.parts;
  if (
    !verify(
      hashOf(key),
      toBeSignedByOne(header, payload),
      { key, dsaEncoding: "ieee-p1363" },
      bytes,
    )
  )
    throw new SignatureError("this signature is not right");
}

type SignatureParts = [Uint8Array, Map<unknown, unknown>, Uint8Array];

function readSignature(value: unknown): {
  algorithm: unknown;
  kid: Buffer;
  parts: SignatureParts;
} {
  const [header, unprotected, bytes] = Array.isArray(value)
    ? (value as unknown[])
    : [];
  if (
    !(
      header instanceof Uint8Array &&
      unprotected instanceof Map &&
      unprotected.size === 0 &&
      bytes instanceof Uint8Array
    )
  )
    throw new SignatureError("this is not a signature");
  const fields = readHeader(header);
  const kid = fields.get(4);
  if (!(kid instanceof Uint8Array))
    throw new SignatureError("this does not say who signed it");
  return {
    algorithm: fields.get(1),
    kid: Buffer.from(kid),
    parts: [header, unprotected, bytes],
  };
}

function decodeOrRefuse(bytes: Uint8Array): unknown {
  try {
    return decodeCbor(bytes);
  } catch {
    throw new SignatureError("this is not a signed structure");
  }
}

function toBeSignedByOne(header: Uint8Array, payload: Uint8Array): Buffer {
  return encodeCbor([
    "Signature",
    new Uint8Array(),
    header,
    new Uint8Array(),
    payload,
  ]);
}

function headerOf(kid: Uint8Array, publicKey: KeyObject): Buffer {
  return encodeCbor(
    new Map<number, unknown>([
      [1, algorithms[publicKey.asymmetricKeyType ?? ""]],
      [4, kid],
    ]),
  );
}

function assemble(
  header: Uint8Array,
  payload: Uint8Array,
  signature: Uint8Array,
): Buffer {
  return encodeCbor(
    new Tagged(coseSign1Tag, [header, new Map(), payload, signature]),
  );
}

function read(bytes: Uint8Array): {
  protectedHeader: Uint8Array;
  payload: Uint8Array;
  signature: Uint8Array;
} {
  let tagged: unknown;
  try {
    tagged = decodeCbor(bytes);
  } catch {
    throw new SignatureError("this is not a signed structure");
  }
  const parts = tagged instanceof Tagged ? tagged.value : undefined;
  if (!Array.isArray(parts) || parts.length !== 4)
    throw new SignatureError("this is not a signed structure");
  const [protectedHeader, unprotected, payload, signature] = parts as unknown[];
  if (
    !(
      // What nobody signs is not there: one structure has one form.
      unprotected instanceof Map &&
      unprotected.size === 0 &&
      protectedHeader instanceof Uint8Array &&
      payload instanceof Uint8Array &&
      signature instanceof Uint8Array
    )
  )
    throw new SignatureError("this is not a signed structure");
  return { protectedHeader, payload, signature };
}

function readHeader(bytes: Uint8Array): Map<unknown, unknown> {
  try {
    const header = decodeCbor(bytes);
    if (header instanceof Map) return header;
  } catch {
    // Told below.
  }
  throw new SignatureError("this does not say how it was signed");
}

function hashOf(key: KeyObject): string | null {
  return key.asymmetricKeyType === "ed25519" ? null : "sha256";
}

function toBeSigned(protectedHeader: Uint8Array, payload: Uint8Array): Buffer {
  return encodeCbor(["Signature1", protectedHeader, new Uint8Array(), payload]);
}
