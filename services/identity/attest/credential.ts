/** MakeCredential without a TPM (Part 1 section 24), and the file in which tpm2-tools keeps credentials. */
import {
  constants,
  createCipheriv,
  createECDH,
  createHash,
  createHmac,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import {
  coordinatesOf,
  type PublicArea,
  readPublic,
} from "../tpm/public-area.ts";
import {
  algorithm,
  hashes,
  sized,
  u32,
  WireError,
  WireReader,
} from "../tpm/wire.ts";

/** A secret that only the TPM with a certain endorsement key opens, and only where it also has a certain other key. */
export interface Credential {
  /** Content of the TPM2B_ID_OBJECT. */
  idObject: Buffer;
  /** Content of the TPM2B_ENCRYPTED_SECRET. */
  encryptedSecret: Buffer;
}

/** KDFa: SP 800-108 in counter mode with HMAC (Part 1 section 11.4.10.2). @param bits of output */
function kdfA(
  hash: string,
  key: Uint8Array,
  label: string,
  contextU: Uint8Array,
  contextV: Uint8Array,
  bits: number,
): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 1; Buffer.concat(blocks).length < bits / 8; counter++)
    blocks.push(
      createHmac(hash, key)
        .update(u32(counter))
        .update(`${label}\0`)
        .update(contextU)
        .update(contextV)
        .update(u32(bits))
        .digest(),
    );
  return Buffer.concat(blocks).subarray(0, bits / 8);
}

/** KDFe: SP 800-56A (Part 1 section 11.4.10.3). @param bits of output, at most one digest */
function kdfE(
  hash: string,
  shared: Uint8Array,
  label: string,
  partyU: Uint8Array,
  partyV: Uint8Array,
  bits: number,
): Buffer {
  return createHash(hash)
    .update(u32(1))
    .update(shared)
    .update(`${label}\0`)
    .update(partyU)
    .update(partyV)
    .digest()
    .subarray(0, bits / 8);
}

/** A fresh seed and its protection for the endorsement key (Part 1 B.10.4 for RSA, C.6.4 for ECC). */
function wrapSeed(
  area: PublicArea,
  hash: { name: string; length: number },
): { seed: Buffer; encryptedSecret: Buffer } {
  const { key } = area;
  if (!key)
    throw new WireError("The endorsement key is neither RSA nor on P-256");
  if (area.type === algorithm.rsa) {
    const seed = randomBytes(hash.length);
    const encryptedSecret = publicEncrypt(
      {
        key,
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: hash.name,
        oaepLabel: Buffer.from("IDENTITY\0"),
      },
      seed,
    );
    return { seed, encryptedSecret };
  }
  const theirs = coordinatesOf(key);
  const ephemeral = createECDH("prime256v1");
  const ours = ephemeral.generateKeys();
  const shared = ephemeral.computeSecret(
    Buffer.concat([Buffer.of(4), ...theirs]),
  );
  const [ourX, ourY] = [ours.subarray(1, 33), ours.subarray(33)];
  const seed = kdfE(
    hash.name,
    shared,
    "IDENTITY",
    ourX,
    theirs[0],
    hash.length * 8,
  );
  return { seed, encryptedSecret: Buffer.concat([sized(ourX), sized(ourY)]) };
}

/**
 * Protects `secret` (at most one digest long) for whoever has both keys in one TPM.
 * @param endorsement TPM2B_PUBLIC of the endorsement key. @param name TPM name of the other key.
 * @throws WireError where the endorsement key cannot be used
 */
export function makeCredential(
  endorsement: Uint8Array,
  name: Uint8Array,
  secret: Uint8Array,
): Credential {
  const area = readPublic(endorsement);
  const hash = hashes.get(area.nameAlgorithm);
  if (!hash || area.symmetricBits === 0)
    throw new WireError("This key does not protect credentials");
  if (secret.length > hash.length)
    throw new WireError(
      `The secret has ${secret.length} bytes; a credential holds ${hash.length}`,
    );
  const { seed, encryptedSecret } = wrapSeed(area, hash);
  const none = new Uint8Array();
  const cipherKey = kdfA(
    hash.name,
    seed,
    "STORAGE",
    name,
    none,
    area.symmetricBits,
  );
  const cipher = createCipheriv(
    `aes-${area.symmetricBits}-cfb`,
    cipherKey,
    Buffer.alloc(16),
  );
  const identity = Buffer.concat([
    cipher.update(sized(secret)),
    cipher.final(),
  ]);
  const integrityKey = kdfA(
    hash.name,
    seed,
    "INTEGRITY",
    none,
    none,
    hash.length * 8,
  );
  const integrity = createHmac(hash.name, integrityKey)
    .update(identity)
    .update(name)
    .digest();
  return {
    idObject: Buffer.concat([sized(integrity), identity]),
    encryptedSecret,
  };
}

const fileMagic = 0xbadcc0de;

/** The file that `tpm2_activatecredential -i` reads. */
export function writeCredentialFile({
  idObject,
  encryptedSecret,
}: Credential): Buffer {
  return Buffer.concat([
    u32(fileMagic),
    u32(1),
    sized(idObject),
    sized(encryptedSecret),
  ]);
}

/** Reads what `tpm2_makecredential -o` wrote. @throws WireError */
export function readCredentialFile(bytes: Uint8Array): Credential {
  const reader = new WireReader(bytes, "credential file");
  if (reader.u32() !== fileMagic || reader.u32() !== 1)
    throw reader.error("it is not a credential of tpm2-tools, version 1");
  const idObject = reader.sized();
  const encryptedSecret = reader.sized();
  reader.end();
  return { idObject, encryptedSecret };
}

/** TPM2B_PUBLIC of an RSA or P-256 endorsement key with the standard template, from its key alone. */
export function endorsementFromKey(
  key: KeyObject,
  template: Uint8Array,
): Buffer {
  const unique =
    key.asymmetricKeyType === "rsa"
      ? [Buffer.from(key.export({ format: "jwk" }).n ?? "", "base64url")]
      : coordinatesOf(key);
  const placeholder = unique.reduce((sum, part) => sum + 2 + part.length, 0);
  const body = template.subarray(2, template.length - placeholder);
  return sized(body, ...unique.map((part) => sized(part)));
}
