import { createHash, type KeyObject } from "node:crypto";

/** Names whoever signs: SHA-256 of the SubjectPublicKeyInfo, DER. */
export function principalOf(key: KeyObject | Uint8Array): Buffer {
  const spki =
    key instanceof Uint8Array
      ? key
      : key.export({ format: "der", type: "spki" });
  return createHash("sha256").update(spki).digest();
}
