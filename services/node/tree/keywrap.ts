import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { rawX25519 } from "./person.ts";

/** Bytes of a wrapped key of 32 bytes (RFC 3394). */
export const wrappedSize = 40;
/** Bytes of a key that is wrapped for a person: an ephemeral public key before it. */
export const sealedSize = 32 + wrappedSize;

const algorithm = "id-aes256-wrap";
const initial = Buffer.alloc(8, 0xa6);

/** Wraps a key of 32 bytes under another (AES Key Wrap, RFC 3394). */
export function wrapKey(key: Uint8Array, under: Uint8Array): Buffer {
  const cipher = createCipheriv(algorithm, prepared(under), initial);
  return Buffer.concat([cipher.update(key), cipher.final()]);
}

/** The key that was wrapped; `undefined` where it was under another one, or is damaged. */
export function unwrapKey(
  wrapped: Uint8Array,
  under: Uint8Array,
): Buffer | undefined {
  try {
    const decipher = createDecipheriv(algorithm, prepared(under), initial);
    return Buffer.concat([decipher.update(wrapped), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Wraps a key for a person: ECDH-ES with an ephemeral X25519 key, HKDF, then AES Key Wrap (as RFC 9053 section 6.4). */
export function sealKey(key: Uint8Array, encryption: Uint8Array): Buffer {
  const ephemeral = generateKeyPairSync("x25519");
  const own = ephemeral.publicKey
    .export({ format: "der", type: "spki" })
    .subarray(-32);
  const shared = diffieHellman({
    privateKey: ephemeral.privateKey,
    publicKey: rawX25519(encryption),
  });
  return Buffer.concat([own, wrapKey(key, agreed(shared, own, encryption))]);
}

/** The key that was wrapped for whoever has `decryptionKey`; `undefined` where it was for somebody else. */
export function unsealKey(
  sealed: Uint8Array,
  decryptionKey: KeyObject,
): Buffer | undefined {
  try {
    const ephemeral = sealed.subarray(0, 32);
    const shared = diffieHellman({
      privateKey: decryptionKey,
      publicKey: rawX25519(ephemeral),
    });
    const own = createPublicKey(decryptionKey)
      .export({ format: "der", type: "spki" })
      .subarray(-32);
    return unwrapKey(sealed.subarray(32), agreed(shared, ephemeral, own));
  } catch {
    return undefined;
  }
}

const preparedKeys = new WeakMap<Uint8Array, KeyObject>();

/** A key that is used again and again, as the cipher wants it: to make that takes longer than to encrypt. */
function prepared(key: Uint8Array): KeyObject {
  let object = preparedKeys.get(key);
  if (!object) {
    object = createSecretKey(key);
    preparedKeys.set(key, object);
  }
  return object;
}

function agreed(
  shared: Uint8Array,
  ephemeral: Uint8Array,
  recipient: Uint8Array,
): Buffer {
  return Buffer.from(
    hkdfSync(
      "sha256",
      shared,
      Buffer.concat([ephemeral, recipient]),
      "coppice key wrap",
      32,
    ),
  );
}
