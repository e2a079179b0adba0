import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import {
  algorithm,
  curveP256,
  hashes,
  sized,
  u16,
  u32,
  WireReader,
} from "./wire.ts";

/** Object attributes, Part 2 table 31. */
export const attribute = {
  fixedTpm: 1 << 1,
  stClear: 1 << 2,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  userWithAuth: 1 << 6,
  adminWithPolicy: 1 << 7,
  noDa: 1 << 10,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
} as const;

/** What a TPMT_PUBLIC says of an object. */
export interface PublicArea {
  /** The TPMT_PUBLIC's bytes. */
  bytes: Buffer;
  type: number;
  nameAlgorithm: number;
  attributes: number;
  /** authPolicy, empty where there is none. */
  policy: Buffer;
  /** Cipher of what the key protects (storage keys): key length in bits, 0 where none. */
  symmetricBits: number;
  /** Signature scheme and its hash, TPM_ALG_NULL where free. */
  scheme: number;
  schemeHash: number;
  /** The key, where it is RSA or on P-256. */
  key: KeyObject | undefined;
}

/** Reads a TPM2B_PUBLIC. @throws WireError */
export function readPublic(tpm2b: Uint8Array): PublicArea {
  const outer = new WireReader(tpm2b, "public part of a TPM key");
  const bytes = Buffer.from(outer.sized());
  outer.end();
  const reader = new WireReader(bytes, "public part of a TPM key");
  const type = reader.u16();
  const nameAlgorithm = reader.u16();
  const attributes = reader.u32();
  const policy = reader.sized();
  const area = {
    bytes,
    type,
    nameAlgorithm,
    attributes,
    policy,
    symmetricBits: 0,
    scheme: algorithm.null as number,
    schemeHash: algorithm.null as number,
    key: undefined as KeyObject | undefined,
  };
  if (!hashes.has(nameAlgorithm))
    throw reader.error(
      `its name has algorithm 0x${nameAlgorithm.toString(16)}`,
    );
  if (type === algorithm.rsa || type === algorithm.ecc) {
    if (reader.u16() !== algorithm.null) {
      area.symmetricBits = reader.u16();
      reader.u16();
    }
    area.scheme = reader.u16();
    if (area.scheme !== algorithm.null) area.schemeHash = reader.u16();
    area.key = type === algorithm.rsa ? rsaKey(reader) : eccKey(reader);
  } else if (type === algorithm.keyedHash) {
    area.scheme = reader.u16();
    if (area.scheme !== algorithm.null) throw reader.error("a keyed hash");
    reader.sized();
  } else throw reader.error(`its type is 0x${type.toString(16)}`);
  reader.end();
  return area;
}

function rsaKey(reader: WireReader): KeyObject | undefined {
  reader.u16();
  const exponent = reader.u32() || 65537;
  const modulus = reader.sized();
  if (modulus.length < 128) return undefined;
  return createPublicKey({
    key: {
      kty: "RSA",
      n: modulus.toString("base64url"),
      e: u32(exponent)
        .subarray(Math.clz32(exponent) >> 3)
        .toString("base64url"),
    },
    format: "jwk",
  });
}

function eccKey(reader: WireReader): KeyObject | undefined {
  const curve = reader.u16();
  if (reader.u16() !== algorithm.null) reader.u16();
  const [x, y] = [reader.sized(), reader.sized()];
  if (curve !== curveP256 || x.length === 0) return undefined;
  if (x.length > 32 || y.length > 32) throw reader.error("a point is too long");
  return p256(x, y, reader);
}

function p256(x: Buffer, y: Buffer, reader: WireReader): KeyObject {
  const pad = (part: Buffer): string =>
    Buffer.concat([Buffer.alloc(32 - part.length), part]).toString("base64url");
  try {
    return createPublicKey({
      key: { kty: "EC", crv: "P-256", x: pad(x), y: pad(y) },
      format: "jwk",
    });
  } catch {
    throw reader.error("its point is not on the curve");
  }
}

/** The coordinates of a P-256 public key, 32 bytes each. */
export function coordinatesOf(key: KeyObject): [Buffer, Buffer] {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  return [Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
}

/** An object's name (Part 1 section 16): its hash algorithm and the hash of its public area. */
export function nameOf(area: PublicArea): Buffer {
  return Buffer.concat([
    u16(area.nameAlgorithm),
    createHash(hashes.get(area.nameAlgorithm)?.name ?? "sha256")
      .update(area.bytes)
      .digest(),
  ]);
}

/** The key's SubjectPublicKeyInfo, DER. @throws WireError where the object is no RSA or P-256 key */
export function spkiOf(area: PublicArea): Buffer {
  if (!area.key)
    throw new WireReader(area.bytes, "public part of a TPM key").error(
      "it is neither RSA nor on P-256",
    );
  return area.key.export({ format: "der", type: "spki" });
}

/**
 * TPM2B_PUBLIC of an RSA key that is not in a TPM, with the template that systemd uses for the key that signs PCR policies,
 * so that both come to the same policy digest.
 */
export function externalRsaPublic(key: KeyObject): Buffer {
  const { n = "", e = "" } = key.export({ format: "jwk" });
  const modulus = Buffer.from(n, "base64url");
  const exponent = Buffer.from(e, "base64url").reduce(
    (value, byte) => value * 256 + byte,
    0,
  );
  return sized(
    u16(algorithm.rsa),
    u16(algorithm.sha256),
    u32(attribute.userWithAuth | attribute.decrypt | attribute.sign),
    sized(),
    u16(algorithm.null),
    u16(algorithm.null),
    u16(modulus.length * 8),
    u32(exponent === 65537 ? 0 : exponent),
    sized(modulus),
  );
}
