import {
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import {
  type CoseSigner,
  coseSigner,
  SignatureError,
} from "../../shared/cose.ts";
import {
  ed25519FromSeed,
  ed25519Raw,
  rawEd25519,
} from "../../shared/ed25519.ts";
import { remember } from "./tree-keys.ts";

const x25519Pkcs8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const x25519Spki = Buffer.from("302a300506032b656e032100", "hex");

/** What others need to know of whoever signs: to check that, and, of a person, to encrypt for them. */
export interface Contact {
  /** SHA-256 of `signing`. */
  principal: Buffer;
  /** Raw Ed25519 public key, 32 bytes; or the SubjectPublicKeyInfo (DER) of a node key, RSA-2048 or P-256. */
  signing: Buffer;
  /** Raw X25519 public key, 32 bytes; empty for a node. */
  encryption: Buffer;
}

/** A person's two keys, made from one seed: Ed25519 (RFC 8032) signs, X25519 (RFC 7748) decrypts. */
export class Person implements Contact {
  readonly seed: Buffer;
  readonly principal: Buffer;
  readonly signing: Buffer;
  readonly encryption: Buffer;
  readonly publicKey: KeyObject;
  readonly decryptionKey: KeyObject;
  /** Signs a COSE_Sign1 at once: the key is in memory. */
  readonly sign: (payload: Uint8Array) => Buffer;
  #signingKey: KeyObject;

  /** @param seed 32 bytes, secret. */
  constructor(seed: Buffer) {
    this.seed = seed;
    this.#signingKey = ed25519FromSeed(seed);
    this.publicKey = createPublicKey(this.#signingKey);
    this.signing = ed25519Raw(this.publicKey);
    this.principal = principalOf(this.signing);
    this.sign = coseSigner(this.principal, this.publicKey, (data) =>
      sign(null, data, this.#signingKey),
    );
    this.decryptionKey = createPrivateKey({
      key: Buffer.concat([
        x25519Pkcs8,
        deriveKey(seed, "coppice encryption key"),
      ]),
      format: "der",
      type: "pkcs8",
    });
    this.encryption = createPublicKey(this.decryptionKey)
      .export({ format: "der", type: "spki" })
      .subarray(-32);
  }

  /** Makes a new one. */
  static create(): Person {
    return new Person(randomBytes(32));
  }

  /** For those who sign with keys of any kind. */
  get signer(): CoseSigner {
    return {
      kid: this.principal,
      publicKey: this.publicKey,
      sign: (data) => sign(null, data, this.#signingKey),
    };
  }
}

/** The principal of a public key, raw (Ed25519) or as SubjectPublicKeyInfo: its SHA-256. */
export function principalOf(signing: Uint8Array): Buffer {
  return createHash("sha256").update(signing).digest();
}

/** Whether a contact is a node: its key is in a TPM, and is no Ed25519 key. */
export function isNode({ signing }: Contact): boolean {
  return signing.length !== 32;
}

/** The key that checks what a contact signs. @throws SignatureError where it is none that may sign */
export function verificationKey(signing: Uint8Array): KeyObject {
  const name = Buffer.from(signing).toString("base64");
  const key = keys.get(name) ?? importKey(signing);
  remember(keys, name, key);
  return key;
}

/** To import a key costs a third of a check by it. */
const keys = new Map<string, KeyObject>();

function importKey(signing: Uint8Array): KeyObject {
  if (signing.length === 32) return rawEd25519(signing);
  let key: KeyObject;
  try {
    key = createPublicKey({
      key: Buffer.from(signing),
      format: "der",
      type: "spki",
    });
  } catch {
    throw new SignatureError("this is not a public key");
  }
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (modulusLength >= 2048 || namedCurve === "prime256v1") return key;
  throw new SignatureError("this kind of key does not sign");
}

/** A key of 32 bytes that is derived from a secret for one purpose (HKDF-SHA-256, RFC 5869). */
export function deriveKey(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), purpose, 32));
}

/** The X25519 public key of 32 raw bytes. */
export function rawX25519(bytes: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.concat([x25519Spki, bytes]),
    format: "der",
    type: "spki",
  });
}
