import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Type } from "typebox";
import { Bytes, CborError, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { openCose, SignatureError, signCose } from "../../shared/cose.ts";
import {
  Body,
  type Body as BodyInfo,
  decodeBody,
  encodeBody,
} from "../store/body.ts";
import type { RootKey } from "./rootkey.ts";

const tagSize = 16;

/** A block: what is signed of a file's version. */
export interface Block {
  /** 16 random bytes. */
  id: Buffer;
  path: string;
  version: number;
  /** Milliseconds since 1970. */
  modified: number;
  body: BodyInfo;
}

const Payload = Type.Tuple([
  Type.Literal(1),
  Bytes(16),
  Type.String({ maxLength: 4096 }),
  Type.Integer({ minimum: 1 }),
  Type.Integer({ minimum: 0 }),
  Body,
]);

/** Signs a block's header with the root key and encrypts it under the tree key: no name is legible to who holds fragments. */
export async function sealHeader(block: Block, root: RootKey): Promise<Buffer> {
  const payload = encodeCbor([
    1,
    block.id,
    block.path,
    block.version,
    block.modified,
    encodeBody(block.body),
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
  let signed: Buffer;
  try {
    const decipher = createDecipheriv(
      "aes-256-gcm",
      root.treeKey,
      bytes.subarray(0, 12),
    )
      .setAAD(id)
      .setAuthTag(bytes.subarray(-tagSize));
    signed = Buffer.concat([
      decipher.update(bytes.subarray(12, -tagSize)),
      decipher.final(),
    ]);
  } catch {
    throw new SignatureError(
      "The header of a file does not open with this box's root key. Restore the root key that wrote it.",
    );
  }
  try {
    const [, written, path, version, modified, body] = parseCbor(
      Payload,
      openCose(signed, root.principal, root.publicKey),
      "the header of a file",
    );
    if (Buffer.from(written).equals(id))
      return { id, path, version, modified, body: decodeBody(body) };
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
  }
  throw new SignatureError(
    "The header of a file is not one that this version of Coppice writes.",
  );
}
