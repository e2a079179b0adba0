/** Secrets wrapped for a node's encryption key: ECDH on P-256 with HKDF and AES-256-GCM, or RSA-OAEP; all with SHA-256. */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createECDH,
  hkdfSync,
  type KeyObject,
  publicEncrypt,
} from "node:crypto";
import { coordinatesOf, readPublic } from "./tpm/public-area.ts";
import type { Tpm, TpmObject } from "./tpm/tpm.ts";
import { WireError } from "./tpm/wire.ts";

const label = "coppice cap\0";
const pointSize = 65;
const tagSize = 16;
// A key encrypts once, so its nonce may be constant.
const nonce = Buffer.alloc(12);

function pointOf(key: KeyObject): Buffer {
  return Buffer.concat([Buffer.of(4), ...coordinatesOf(key)]);
}

function keyFrom(
  shared: Uint8Array,
  ephemeral: Uint8Array,
  recipient: Uint8Array,
): Buffer {
  const context = Buffer.concat([Buffer.from(label), ephemeral, recipient]);
  return Buffer.from(hkdfSync("sha256", shared, Buffer.alloc(0), context, 32));
}

/** Wraps up to 128 bytes for a node. @param recipient its encryption key, RSA or P-256. */
export function wrapSecret(recipient: KeyObject, secret: Uint8Array): Buffer {
  if (recipient.asymmetricKeyType === "rsa")
    return publicEncrypt(
      {
        key: recipient,
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: "sha256",
        oaepLabel: Buffer.from(label),
      },
      secret,
    );
  const ephemeral = createECDH("prime256v1");
  const ours = ephemeral.generateKeys();
  const theirs = pointOf(recipient);
  const cipher = createCipheriv(
    "aes-256-gcm",
    keyFrom(ephemeral.computeSecret(theirs), ours, theirs),
    nonce,
  );
  return Buffer.concat([
    ours,
    cipher.update(secret),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** Unwraps it in the TPM. @throws WireError where it was wrapped for another key, TpmError */
export async function unwrapSecret(
  tpm: Tpm,
  key: TpmObject,
  wrapped: Uint8Array,
): Promise<Buffer> {
  const own = readPublic(key.publicArea).key as KeyObject;
  if (own.asymmetricKeyType === "rsa")
    return await tpm.decrypt(key, wrapped, Buffer.from(label));
  if (wrapped.length < pointSize + tagSize)
    throw new WireError("The wrapped secret is too short");
  const bytes = Buffer.from(wrapped);
  const ephemeral = bytes.subarray(0, pointSize);
  const shared = await tpm.agree(
    key,
    ephemeral.subarray(1, 33),
    ephemeral.subarray(33),
  );
  const decipher = createDecipheriv(
    "aes-256-gcm",
    keyFrom(shared, ephemeral, pointOf(own)),
    nonce,
  ).setAuthTag(bytes.subarray(-tagSize));
  try {
    return Buffer.concat([
      decipher.update(bytes.subarray(pointSize, -tagSize)),
      decipher.final(),
    ]);
  } catch {
    throw new WireError("The wrapped secret is for another key");
  }
}
