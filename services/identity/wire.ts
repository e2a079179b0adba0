/** TPM 2.0 wire structures (Trusted Platform Module Library, Part 2), big-endian, as bytes. */

/** Algorithm numbers, Part 2 table 9. */
export const algorithm = {
  aes: 0x0006,
  keyedHash: 0x0008,
  sha256: 0x000b,
  null: 0x0010,
  ecc: 0x0023,
  cfb: 0x0043,
} as const;
/** Object attributes, Part 2 table 31. */
const attribute = {
  fixedTpm: 1 << 1,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  userWithAuth: 1 << 6,
  noDa: 1 << 10,
  restricted: 1 << 16,
  decrypt: 1 << 17,
} as const;

/** A 16-bit number. */
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** A 32-bit number. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A TPM2B: bytes behind their 16-bit length. */
export function sized(...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u16(body.length), body]);
}

/** TPMT_SYM_DEF for AES-128 in CFB mode: what encrypts session parameters. */
export const aes128Cfb = Buffer.concat([
  u16(algorithm.aes),
  u16(128),
  u16(algorithm.cfb),
]);

/** TPM2B_PUBLIC of a storage parent: ECC P-256, made from the owner hierarchy's seed, so the same at every start. */
export const storageParent = sized(
  u16(algorithm.ecc),
  u16(algorithm.sha256),
  u32(
    attribute.fixedTpm |
      attribute.fixedParent |
      attribute.sensitiveDataOrigin |
      attribute.userWithAuth |
      attribute.noDa |
      attribute.restricted |
      attribute.decrypt,
  ),
  sized(),
  aes128Cfb,
  u16(algorithm.null),
  u16(0x0003),
  u16(algorithm.null),
  sized(),
  sized(),
);

/** TPM2B_PUBLIC of a sealed secret: opens in this TPM only, under its parent only. */
export const sealedObject = sized(
  u16(algorithm.keyedHash),
  u16(algorithm.sha256),
  u32(
    attribute.fixedTpm |
      attribute.fixedParent |
      attribute.userWithAuth |
      attribute.noDa,
  ),
  sized(),
  u16(algorithm.null),
  sized(),
);

/** TPM2B_SENSITIVE_CREATE with an empty authorisation value and `data` (at most 128 bytes). */
export function sensitiveCreate(data: Uint8Array): Buffer {
  return sized(sized(), sized(data));
}
