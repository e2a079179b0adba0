/** Public areas (TPM2B_PUBLIC) of the objects that we make. */
import { attribute } from "./public-area.ts";
import { algorithm, curveP256, sized, u16, u32 } from "./wire.ts";

/** Kinds of asymmetric keys that we use. */
export type KeyKind = "rsa2048" | "p256";

const fixed =
  attribute.fixedTpm | attribute.fixedParent | attribute.sensitiveDataOrigin;
const aes128Cfb = Buffer.concat([
  u16(algorithm.aes),
  u16(128),
  u16(algorithm.cfb),
]);
const none = u16(algorithm.null);

interface Shape {
  attributes: number;
  policy?: Uint8Array;
  symmetric?: Uint8Array;
  /** Scheme and its hash, or TPM_ALG_NULL. */
  scheme?: Uint8Array;
  /** Length in bytes of the zeroes that a template has in place of the key. */
  placeholder?: number;
}

function keyTemplate(
  kind: KeyKind,
  {
    attributes,
    policy = new Uint8Array(),
    symmetric = none,
    scheme = none,
    placeholder = 0,
  }: Shape,
): Buffer {
  const unique = sized(Buffer.alloc(placeholder));
  const head = [
    u16(kind === "rsa2048" ? algorithm.rsa : algorithm.ecc),
    u16(algorithm.sha256),
    u32(attributes),
    sized(policy),
    symmetric,
    scheme,
  ];
  return kind === "rsa2048"
    ? sized(...head, u16(2048), u32(0), unique)
    : sized(...head, u16(curveP256), none, unique, unique);
}

const signScheme: Record<KeyKind, Buffer> = {
  rsa2048: Buffer.concat([u16(algorithm.rsassa), u16(algorithm.sha256)]),
  p256: Buffer.concat([u16(algorithm.ecdsa), u16(algorithm.sha256)]),
};

/** PolicySecret of the endorsement hierarchy: PolicyA of the TCG EK Credential Profile. */
export const endorsementPolicy = Buffer.from(
  "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa",
  "hex",
);

/** Default templates L-1 and L-2 of the TCG EK Credential Profile 2.3, appendix B. */
export function endorsementKey(kind: KeyKind): Buffer {
  return keyTemplate(kind, {
    attributes:
      fixed |
      attribute.adminWithPolicy |
      attribute.restricted |
      attribute.decrypt,
    policy: endorsementPolicy,
    symmetric: aes128Cfb,
    placeholder: kind === "rsa2048" ? 256 : 32,
  });
}

/** A restricted signing key: signs only what the TPM itself says. */
export function attestationKey(kind: KeyKind): Buffer {
  return keyTemplate(kind, {
    attributes:
      fixed |
      attribute.userWithAuth |
      attribute.noDa |
      attribute.restricted |
      attribute.sign,
    scheme: signScheme[kind],
  });
}

/** A signing key that never leaves its TPM. */
export function signingKey(kind: KeyKind): Buffer {
  return keyTemplate(kind, {
    attributes:
      fixed | attribute.userWithAuth | attribute.noDa | attribute.sign,
    scheme: signScheme[kind],
  });
}

/** A key that never leaves its TPM, to which secrets are encrypted: ECDH on P-256, or RSA with OAEP. */
export function encryptionKey(kind: KeyKind): Buffer {
  return keyTemplate(kind, {
    attributes:
      fixed | attribute.userWithAuth | attribute.noDa | attribute.decrypt,
    scheme:
      kind === "rsa2048"
        ? Buffer.concat([u16(algorithm.oaep), u16(algorithm.sha256)])
        : Buffer.concat([u16(algorithm.ecdh), u16(algorithm.sha256)]),
  });
}

/** The parent of all our objects, made from the owner hierarchy's seed, so the same at every start until the TPM is cleared. */
export function storageParent(kind: KeyKind): Buffer {
  return keyTemplate(kind, {
    attributes:
      fixed |
      attribute.userWithAuth |
      attribute.noDa |
      attribute.restricted |
      attribute.decrypt,
    symmetric: aes128Cfb,
  });
}

/** A sealed secret: opens in this TPM only, by its authorisation value or, where `policy` is given, by that policy alone. */
export function sealedObject(policy?: Uint8Array): Buffer {
  return sized(
    u16(algorithm.keyedHash),
    u16(algorithm.sha256),
    u32(
      attribute.fixedTpm |
        attribute.fixedParent |
        attribute.noDa |
        (policy ? 0 : attribute.userWithAuth),
    ),
    sized(policy ?? new Uint8Array()),
    none,
    sized(),
  );
}

/** TPM2B_SENSITIVE_CREATE. @param data at most 128 bytes. @param auth the authorisation value. */
export function sensitiveCreate(
  data: Uint8Array,
  auth: Uint8Array = new Uint8Array(),
): Buffer {
  return sized(sized(auth), sized(data));
}

/** TPM2B_NV_PUBLIC of 64 bits that the owner may set, and whoever knows the index may read (Part 2, 13.6). */
export function bitsIndex(index: number): Buffer {
  const nvBits = 2 << 4;
  const ownerWrite = 1 << 1;
  const ownerRead = 1 << 17;
  const authRead = 1 << 18;
  const noLockout = 1 << 25;
  return sized(
    Buffer.concat([
      u32(index),
      u16(algorithm.sha256),
      u32(nvBits | ownerWrite | ownerRead | authRead | noLockout),
      sized(),
      u16(8),
    ]),
  );
}
