import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** The public key of 32 raw bytes (RFC 8032). */
export function rawEd25519(bytes: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.concat([spkiPrefix, bytes]),
    format: "der",
    type: "spki",
  });
}

/** The private key of a seed of 32 bytes. */
export function ed25519FromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([pkcs8Prefix, seed]),
    format: "der",
    type: "pkcs8",
  });
}

/** The 32 raw bytes of a public key. */
export function ed25519Raw(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(-32);
}
