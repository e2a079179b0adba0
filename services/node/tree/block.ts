import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
} from "node:crypto";
import { type Static, Type } from "typebox";
import { Bytes, CborError, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import {
  openCose,
  readCosePayload,
  SignatureError,
} from "../../shared/cose.ts";
import { freshBytes } from "../../shared/random.ts";
import { type Chain, demand, type Revoked, verifyChain } from "./capability.ts";
import {
  type Content,
  PackedContent,
  packContent,
  unpackContent,
} from "./content.ts";
import {
  ForgedError,
  NoReadCapError,
  NoRightError,
  NoWriteCapError,
  RolledBackError,
  SwappedBodyError,
  WrongPlaceError,
} from "./errors.ts";
import {
  sealedSize,
  sealKey,
  unsealKey,
  unwrapKey,
  wrapKey,
  wrappedSize,
} from "./keywrap.ts";
import { type Contact, type Person, verificationKey } from "./person.ts";

/** What a block is. */
export type Kind = "file" | "directory" | "link";

/** Whoever may read a block, and what is under it, beside those who may read its parent. */
export interface Reader {
  principal: Buffer;
  /** Raw X25519 public key. */
  encryption: Buffer;
}

/** What a version of a block says; only its readers see it. */
export interface Header {
  kind: Kind;
  /** Id of the directory that it is in; zeros for the root. */
  parent: Buffer;
  name: string;
  /** Where that was when it was written: what the writer's caps must cover. */
  path: string;
  /** SHA-256 of the version before, sealed; empty for the first. */
  previous: Buffer;
  /** When it was written, milliseconds since 1970. */
  time: number;
  /** When the content was changed, milliseconds since 1970 and fractions. */
  modified: number;
  /** POSIX permission bits and owner numbers. */
  mode: number;
  uid: number;
  gid: number;
  /** Extended attributes. */
  attributes: ReadonlyMap<string, Buffer>;
  /** The version that the writer did not know, and wrote over; 0 for none. */
  conflict: number;
  /** Where it was before it was thrown away. */
  origin: string;
  /** The writer's caps; empty for the root key. */
  chain: Chain;
  readers: readonly Reader[];
  /** Of a directory: keys under which the keys of what is in it are wrapped, the newest last. */
  keys: readonly Buffer[];
  /** Of a file. */
  content?: Content;
  /** Of a symbolic link. */
  target: string;
}

/** A version of a block. */
export interface Block {
  /** 16 bytes. */
  id: Buffer;
  /** 1 for the first. */
  version: number;
  header: Header;
}

/** A block as it is stored and handed on: nothing in it is legible without a key. */
export interface SealedBlock {
  id: Buffer;
  version: number;
  bytes: Buffer;
}

/** What opens blocks: the owner's tree key, the keys of the directory it is in, or a reader's own. */
export type Opener =
  | { treeKey: Buffer }
  | { parentKeys: readonly Buffer[] }
  | { person: Person };

const tagSize = 16;

const Outer = Type.Tuple([
  Type.Literal(1),
  Bytes(32),
  Bytes(16),
  Type.Integer({ minimum: 1 }),
  Bytes(wrappedSize),
  Type.Integer({ minimum: -1 }),
  Bytes(0, wrappedSize),
  Type.Array(Type.Tuple([Bytes(32), Bytes(sealedSize)]), { maxItems: 1000 }),
  Bytes(12),
  Bytes(tagSize, 16 * 2 ** 20),
]);

const Inner = Type.Tuple([
  Type.Union([
    Type.Literal("file"),
    Type.Literal("directory"),
    Type.Literal("link"),
  ]),
  Bytes(16),
  Type.String({ maxLength: 255 }),
  Type.String({ maxLength: 16_384 }),
  Bytes(0, 32),
  Type.Number(),
  Type.Number(),
  Type.Tuple([Type.Integer(), Type.Integer(), Type.Integer()]),
  Type.Array(Type.Tuple([Type.String({ maxLength: 255 }), Bytes(0, 65_536)])),
  Type.Integer({ minimum: 0 }),
  Type.String({ maxLength: 8192 }),
  Type.Array(Bytes(1, 4096), { maxItems: 16 }),
  Type.Array(Type.Tuple([Bytes(32), Bytes(32)]), { maxItems: 1000 }),
  Type.Array(Bytes(32), { maxItems: 10_000 }),
  Type.Union([Type.Null(), PackedContent]),
  Type.String({ maxLength: 4096 }),
]);

/**
 * Encrypts a version under a fresh key, wraps that for the owner, for the directory it is in and for each reader, and signs it.
 * @param tree principal of the root. @param parentKeys of the directory that it is in; empty for the root.
 */
export function sealBlock(
  { id, version, header }: Block,
  writer: Person,
  tree: Buffer,
  treeKey: Buffer,
  parentKeys: readonly Buffer[],
): SealedBlock {
  const key = freshBytes(32);
  const nonce = freshBytes(12);
  // As a KeyObject: node takes a third of the time for those.
  const cipher = createCipheriv("aes-256-gcm", createSecretKey(key), nonce);
  cipher.setAAD(associated(tree, id, version));
  const inner = Buffer.concat([
    cipher.update(encodeCbor(packHeader(header))),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  const under = parentKeys.at(-1);
  const outer: Static<typeof Outer> = [
    1,
    tree,
    id,
    version,
    wrapKey(key, treeKey),
    parentKeys.length - 1,
    under ? wrapKey(key, under) : Buffer.alloc(0),
    header.readers.map(({ principal, encryption }) => [
      principal,
      sealKey(key, encryption),
    ]),
    nonce,
    inner,
  ];
  return { id, version, bytes: writer.sign(encodeCbor(outer)) };
}

/** SHA-256 of a sealed version: what the next one names as its previous. */
export function hashOf(sealed: Uint8Array): Buffer {
  return createHash("sha256").update(sealed).digest();
}

/**
 * Opens a version that was verified when it was taken in.
 * @throws ForgedError, NoReadCapError, SwappedBodyError
 */
export function openBlock(sealed: Buffer, opener: Opener): Block {
  const [
    ,
    tree,
    idBytes,
    version,
    owner,
    generation,
    parent,
    readers,
    nonce,
    inner,
  ] = readOuter(sealed);
  const id = Buffer.from(idBytes);
  const key = findKey();
  if (!key) throw new NoReadCapError();
  let header: Buffer;
  try {
    const decipher = createDecipheriv(
      "aes-256-gcm",
      createSecretKey(key),
      nonce,
    )
      .setAAD(associated(tree, id, version))
      .setAuthTag(inner.subarray(-tagSize));
    header = Buffer.concat([
      decipher.update(inner.subarray(0, -tagSize)),
      decipher.final(),
    ]);
  } catch {
    throw new SwappedBodyError();
  }
  return { id, version, header: readHeader(header) };

  function findKey(): Buffer | undefined {
    if ("treeKey" in opener) return unwrapKey(owner, opener.treeKey);
    if ("parentKeys" in opener) {
      const under = opener.parentKeys[generation];
      return under && unwrapKey(parent, under);
    }
    const { person } = opener;
    for (const [principal, wrapped] of readers)
      if (person.principal.equals(principal))
        return unsealKey(wrapped, person.decryptionKey);
    return undefined;
  }
}

/** What is known of where a block belongs, to verify it. */
export interface Expected {
  root: Contact;
  id: Buffer;
  /** Where it is, and how it is called there. */
  parent: Buffer;
  name: string;
  /** How it is called in errors. */
  path: string;
  /** The lowest version that is no step back. */
  version: number;
  revoked: Revoked;
}

/**
 * Opens a version that came from somebody, and checks all of it: signature, writer's caps, place and version.
 * @throws ForgedError, NoReadCapError, SwappedBodyError, WrongPlaceError, RolledBackError, NoWriteCapError,
 * BrokenChainError, ExpiredCapError, RevokedCapError
 */
export function verifyBlock(
  sealed: Buffer,
  opener: Opener,
  { root, id, parent, name, path, version, revoked }: Expected,
): Block {
  const [, tree, found] = readOuter(sealed);
  if (!root.principal.equals(tree))
    throw new WrongPlaceError(path, "a part of another tree");
  if (!id.equals(found)) throw new WrongPlaceError(path, "another block");
  const block = openBlock(sealed, opener);
  const { header } = block;
  const grant = verifyChain(header.chain, root, header.time, revoked);
  try {
    openCose(
      sealed,
      grant.subject.principal,
      verificationKey(grant.subject.signing),
    );
  } catch (error) {
    if (error instanceof SignatureError) throw new ForgedError(path);
    throw error;
  }
  if (!header.parent.equals(parent) || header.name !== name)
    throw new WrongPlaceError(path, `"${header.name}"`);
  try {
    demand(grant, "write", header.path);
  } catch (error) {
    if (error instanceof NoRightError) throw new NoWriteCapError(path);
    throw error;
  }
  if (block.version < version)
    throw new RolledBackError(block.version, version);
  return block;
}

function readOuter(sealed: Buffer): Static<typeof Outer> {
  try {
    return parseCbor(Outer, readCosePayload(sealed), "a block");
  } catch (error) {
    if (error instanceof SignatureError || error instanceof CborError)
      throw new ForgedError("This block");
    throw error;
  }
}

function associated(tree: Uint8Array, id: Uint8Array, version: number): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(version));
  return Buffer.concat([tree, id, number]);
}

function packHeader(header: Header): Static<typeof Inner> {
  return [
    header.kind,
    header.parent,
    header.name,
    header.path,
    header.previous,
    header.time,
    header.modified,
    [header.mode, header.uid, header.gid],
    [...header.attributes],
    header.conflict,
    header.origin,
    [...header.chain],
    header.readers.map(({ principal, encryption }) => [principal, encryption]),
    [...header.keys],
    header.content ? packContent(header.content) : null,
    header.target,
  ];
}

function readHeader(bytes: Buffer): Header {
  try {
    const [
      kind,
      parent,
      name,
      path,
      previous,
      time,
      modified,
      [mode, uid, gid],
      attributes,
      conflict,
      origin,
      chain,
      readers,
      keys,
      content,
      target,
    ] = parseCbor(Inner, bytes, "a block's header");
    return {
      kind,
      parent: Buffer.from(parent),
      name,
      path,
      previous: Buffer.from(previous),
      time,
      modified,
      mode,
      uid,
      gid,
      attributes: new Map(
        attributes.map(([key, value]) => [key, Buffer.from(value)]),
      ),
      conflict,
      origin,
      chain: chain.map((cap) => Buffer.from(cap)),
      readers: readers.map(([principal, encryption]) => ({
        principal: Buffer.from(principal),
        encryption: Buffer.from(encryption),
      })),
      keys: keys.map((key) => Buffer.from(key)),
      ...(content ? { content: unpackContent(content) } : {}),
      target,
    };
  } catch (error) {
    if (error instanceof CborError || error instanceof RangeError)
      throw new ForgedError("This block");
    throw error;
  }
}
