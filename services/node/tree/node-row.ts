import type { Block, Kind } from "./block.ts";

/** What a directory's listing tells of one entry: the newest version's facts, without its keys and content. */
export interface Node {
  /** 16 bytes. */
  id: Buffer;
  parent: Buffer;
  name: string;
  kind: Kind;
  /** Bytes of content; of a link, of its target. */
  size: number;
  /** When the content was changed, milliseconds since 1970 and fractions. */
  modified: number;
  /** When anything was changed, milliseconds since 1970. */
  changed: number;
  version: number;
  mode: number;
  uid: number;
  gid: number;
  /** Whether somebody wrote over a version that he did not know. */
  conflict: boolean;
  /** Whether it is shared with somebody. */
  shared: boolean;
}

const kinds: readonly Kind[] = ["file", "directory", "link"];
const fixed = 60;

/** The facts of a version. */
export function nodeOf({ id, version, header }: Block): Node {
  return {
    id,
    parent: header.parent,
    name: header.name,
    kind: header.kind,
    size: header.content?.size ?? Buffer.byteLength(header.target),
    modified: header.modified,
    changed: header.time,
    version,
    mode: header.mode,
    uid: header.uid,
    gid: header.gid,
    conflict: header.conflict > 0,
    shared: header.readers.length > 0,
  };
}

/**
 * A node's row: kind u8, flags u8, mode u16, uid u32, gid u32 ... as big-endian numbers, parent, name. It is read for each
 * entry of a listing, so it is no CBOR.
 */
export function encodeNode(node: Node): Buffer {
  const name = Buffer.from(node.name);
  const bytes = Buffer.alloc(fixed + name.length);
  bytes.writeUInt8(kinds.indexOf(node.kind), 0);
  bytes.writeUInt8((node.conflict ? 1 : 0) | (node.shared ? 2 : 0), 1);
  bytes.writeUInt16BE(node.mode & 0xffff, 2);
  bytes.writeUInt32BE(node.uid >>> 0, 4);
  bytes.writeUInt32BE(node.gid >>> 0, 8);
  bytes.writeDoubleBE(node.size, 12);
  bytes.writeDoubleBE(node.modified, 20);
  bytes.writeDoubleBE(node.changed, 28);
  bytes.writeDoubleBE(node.version, 36);
  node.parent.copy(bytes, 44);
  name.copy(bytes, fixed);
  return bytes;
}

export function decodeNode(id: Buffer, bytes: Buffer): Node {
  return {
    id,
    parent: bytes.subarray(44, 60),
    name: bytes.toString("utf8", fixed),
    kind: kinds[bytes.readUInt8(0)] as Kind,
    size: bytes.readDoubleBE(12),
    modified: bytes.readDoubleBE(20),
    changed: bytes.readDoubleBE(28),
    version: bytes.readDoubleBE(36),
    mode: bytes.readUInt16BE(2),
    uid: bytes.readUInt32BE(4),
    gid: bytes.readUInt32BE(8),
    conflict: (bytes.readUInt8(1) & 1) !== 0,
    shared: (bytes.readUInt8(1) & 2) !== 0,
  };
}
