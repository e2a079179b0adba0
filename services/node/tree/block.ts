import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Type } from "typebox";
import { Check } from "typebox/value";
import { decodeCbor, encodeCbor } from "../../shared/cbor.ts";
import { openCose, SignatureError, signCose } from "../../shared/cose.ts";
import type { RootKey } from "./rootkey.ts";

/** Bytes of ciphertext in a full segment, tag included. */
export const segmentSize = 4 * 2 ** 20;
const tagSize = 16;
/** Bytes of a file in a full segment. */
export const plainSegmentSize = segmentSize - tagSize;

/** A block: what is signed of a file's version. */
export interface Block {
  /** 16 random bytes. */
  id: Buffer;
  path: string;
  version: number;
  /** Bytes of the body. */
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
  /** AES-256 key of the body, fresh for every version. */
  key: Buffer;
  /** The body's segments: length of each in bytes, and its fragments' names. */
  segments: { length: number; fragments: Uint8Array[] }[];
}

const Payload = Type.Tuple([
  Type.Literal(1),
  Type.Unsafe<Uint8Array>({}),
  Type.String({ maxLength: 4096 }),
  Type.Integer({ minimum: 1 }),
  Type.Integer({ minimum: 0 }),
  Type.Integer({ minimum: 0 }),
  Type.Unsafe<Uint8Array>({}),
  Type.Array(
    Type.Tuple([
      Type.Integer({ minimum: 1, maximum: segmentSize }),
      Type.Array(Type.Unsafe<Uint8Array>({})),
    ]),
  ),
]);

/** Signs a block's header with the root key and encrypts it under the tree key: no name is legible to who holds fragments. */
export async function sealHeader(block: Block, root: RootKey): Promise<Buffer> {
  const payload = encodeCbor([
    1,
    block.id,
    block.path,
    block.version,
    block.size,
    block.modified,
    block.key,
    block.segments.map(({ length, fragments }) => [length, fragments]),
  ]);
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", root.treeKey, nonce).setAAD(
    block.id,
  );
  const body = Buffer.concat([
    cipher.update(await signCose(payload, root.signer)),
    cipher.final(),
  ]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]);
}

/** Opens a block's header and checks its signature and that it is the block `id`. @throws SignatureError */
export function openHeader(bytes: Buffer, id: Buffer, root: RootKey): Block {
  const decipher = createDecipheriv(
    "aes-256-gcm",
    root.treeKey,
    bytes.subarray(0, 12),
  )
    .setAAD(id)
    .setAuthTag(bytes.subarray(-tagSize));
  let signed: Buffer;
  try {
    signed = Buffer.concat([
      decipher.update(bytes.subarray(12, -tagSize)),
      decipher.final(),
    ]);
  } catch {
    throw new SignatureError(
      "The header of a file does not open with this box's root key. Restore the root key that wrote it.",
    );
  }
  const payload = decodeCbor(openCose(signed, root.principal, root.publicKey));
  if (!Check(Payload, payload) || !Buffer.from(payload[1]).equals(id))
    throw new SignatureError(
      "The header of a file is not one that this version of Coppice writes.",
    );
  const [, , path, version, size, modified, key, segments] = payload;
  return {
    id,
    path,
    version,
    size,
    modified,
    key: Buffer.from(key),
    segments: segments.map(([length, fragments]) => ({ length, fragments })),
  };
}

/** Encrypts one segment of a body. Number and end are authenticated, so that segments cannot be swapped or cut off. */
export function encryptSegment(
  key: Buffer,
  number: number,
  last: boolean,
  plain: Buffer,
): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(number, last));
  return Buffer.concat([
    cipher.update(plain),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** Decrypts one segment of a body. @throws SignatureError where it is not that segment of that body. */
export function decryptSegment(
  key: Buffer,
  number: number,
  last: boolean,
  bytes: Buffer,
): Buffer {
  const decipher = createDecipheriv(
    "aes-256-gcm",
    key,
    nonceOf(number, last),
  ).setAuthTag(bytes.subarray(-tagSize));
  try {
    return Buffer.concat([
      decipher.update(bytes.subarray(0, -tagSize)),
      decipher.final(),
    ]);
  } catch {
    throw new SignatureError(
      "A segment of this file is not the one that was written.",
    );
  }
}

/** The key is used for one body, so a counter is a nonce; its last byte tells the last segment (as in STREAM). */
function nonceOf(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 7);
  nonce.writeUInt8(last ? 1 : 0, 11);
  return nonce;
}
