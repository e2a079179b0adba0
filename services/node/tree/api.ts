import { type Static, Type } from "typebox";

/** An entry of the tree, as the services tell each other. */
export const Entry = Type.Object({
  id: Type.String({ description: "32 hexadecimal digits" }),
  name: Type.String(),
  kind: Type.Union([
    Type.Literal("file"),
    Type.Literal("directory"),
    Type.Literal("link"),
  ]),
  size: Type.Number({ description: "bytes" }),
  modified: Type.Number({ description: "milliseconds since 1970" }),
  changed: Type.Number({ description: "milliseconds since 1970" }),
  version: Type.Integer(),
  mode: Type.Integer({ description: "POSIX permission bits" }),
  uid: Type.Integer(),
  gid: Type.Integer(),
  conflict: Type.Boolean({
    description: "somebody wrote over a version that he did not know",
  }),
  shared: Type.Boolean(),
});
export type Entry = Static<typeof Entry>;

/** A lock on an entry. */
export const Lock = Type.Object({
  token: Type.Integer(),
  holder: Type.String(),
  expires: Type.Number({ description: "milliseconds since 1970" }),
});
export type Lock = Static<typeof Lock>;

/** An entry with all that is known of it. */
export const EntryDetails = Type.Object({
  entry: Entry,
  path: Type.String(),
  layout: Type.Optional(Type.String()),
  target: Type.Optional(Type.String({ description: "of a symbolic link" })),
  lock: Type.Optional(Lock),
  attributes: Type.Record(Type.String(), Type.String(), {
    description: "extended attributes, values in base64",
  }),
  fragments: Type.Integer({ description: "fragments of each segment" }),
  needed: Type.Integer({ description: "how many of them restore it" }),
  segments: Type.Integer({
    description:
      "segments outside the block itself; of a random layout, of its pages",
  }),
});
export type EntryDetails = Static<typeof EntryDetails>;

/** A version in a file's history. */
export const EntryVersion = Type.Object({
  version: Type.Integer(),
  size: Type.Number(),
  modified: Type.Number(),
  written: Type.Number(),
  writer: Type.String({
    description:
      "principal of who wrote it, hex; of the node where one signed for the owner",
  }),
  conflict: Type.Integer({
    description: "the version that its writer did not know; 0 for none",
  }),
});
export type EntryVersion = Static<typeof EntryVersion>;

/** Something in the bin. */
export const BinEntry = Type.Object({
  entry: Entry,
  origin: Type.String({ description: "where it was" }),
  removed: Type.Number({ description: "milliseconds since 1970" }),
});
export type BinEntry = Static<typeof BinEntry>;

/** Something that happened at or beneath a path. */
export const TreeChange = Type.Object({
  kind: Type.Union([
    Type.Literal("written"),
    Type.Literal("moved"),
    Type.Literal("removed"),
  ]),
  path: Type.String(),
});
export type TreeChange = Static<typeof TreeChange>;

/** What a walk through the tree found wrong, or how far it is. */
export const VerifyLine = Type.Object({
  path: Type.String(),
  problem: Type.Optional(Type.String()),
  blocks: Type.Integer({ description: "versions that were checked so far" }),
  segments: Type.Integer({ description: "segments that were checked so far" }),
});
export type VerifyLine = Static<typeof VerifyLine>;

/** Bytes of content that fit on the disks, in all and beside what is there. */
export const Room = Type.Object({ total: Type.Number(), free: Type.Number() });
export type Room = Static<typeof Room>;

/** The header that carries a share's secret to the storage node: what is asked is then asked by its holder. */
export const shareHeader = "x-coppice-share";

const Right = Type.Union([
  Type.Literal("read"),
  Type.Literal("write"),
  Type.Literal("list"),
  Type.Literal("delegate"),
]);

/** What somebody was given. */
export const Share = Type.Object({
  id: Type.String(),
  name: Type.String({ description: "for whom it is" }),
  path: Type.String(),
  rights: Type.Array(Right),
  created: Type.Number({ description: "milliseconds since 1970" }),
  expires: Type.Number({ description: "milliseconds since 1970" }),
  principal: Type.String({ description: "whom the caps name, hex" }),
  state: Type.Union([
    Type.Literal("active"),
    Type.Literal("ended"),
    Type.Literal("revoked"),
  ]),
  through: Type.Optional(
    Type.String({ description: "the name of whoever passed it on" }),
  ),
});
export type Share = Static<typeof Share>;

/** A node that signs, or signed, in the owner's name. */
export const Box = Type.Object({
  principal: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  created: Type.Number({ description: "milliseconds since 1970" }),
  own: Type.Boolean({ description: "whether it is this one" }),
  revoked: Type.Boolean({
    description: "whether what it signs now is refused",
  }),
});
export type Box = Static<typeof Box>;

/** A share, and the secret that opens it: it is told once. */
export const NewShare = Type.Object({ share: Share, secret: Type.String() });
export type NewShare = Static<typeof NewShare>;

/** What is to be shared, with whom and until when. */
export const ShareTerms = Type.Object({
  path: Type.String({ pattern: "^/", maxLength: 4096 }),
  name: Type.String({ minLength: 1, maxLength: 100 }),
  write: Type.Boolean({ description: "may add, change and delete" }),
  delegate: Type.Optional(
    Type.Boolean({ description: "may pass on what they have, or less" }),
  ),
  expires: Type.Number({ description: "milliseconds since 1970" }),
});
export type ShareTerms = Static<typeof ShareTerms>;

/** Somebody who may read asks to be allowed to write. */
export const Request = Type.Object({
  share: Share,
  words: Type.String(),
  at: Type.Number({ description: "milliseconds since 1970" }),
});
export type Request = Static<typeof Request>;

/** A path from the root, or the id of an entry. */
const at = Type.String({ minLength: 1, maxLength: 16_384 });
const name = Type.String({ minLength: 1, maxLength: 255 });
const token = Type.Optional(Type.Integer({ minimum: 1 }));
const mode = Type.Optional(Type.Integer({ minimum: 0, maximum: 0o7777 }));
const owner = Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 }));
const modified = Type.Optional(Type.Number({ minimum: 0, maximum: 2 ** 53 }));
const layout = Type.Optional(
  Type.Union([Type.Literal("sequential"), Type.Literal("random")]),
);
const attributes = Type.Optional(
  Type.Record(
    Type.String({ minLength: 1, maxLength: 255 }),
    Type.String({ maxLength: 90_000 }),
    { maxProperties: 64, description: "values in base64" },
  ),
);
const made = { parent: at, name, mode, uid: owner, gid: owner, modified };

/** One act upon an entry; where it says so, entries are named by their path or by their id. */
export const Act = Type.Union([
  Type.Object({ act: Type.Literal("directory"), ...made }),
  Type.Object({ act: Type.Literal("file"), ...made, layout }),
  Type.Object({
    act: Type.Literal("link"),
    ...made,
    target: Type.String({ maxLength: 4096 }),
  }),
  Type.Object({
    act: Type.Literal("move"),
    at,
    parent: at,
    name,
    replace: Type.Optional(Type.Boolean()),
    token,
  }),
  Type.Object({ act: Type.Literal("copy"), at, parent: at, name }),
  Type.Object({ act: Type.Literal("remove"), at, token }),
  Type.Object({ act: Type.Literal("discard"), at, token }),
  Type.Object({ act: Type.Literal("restore"), id: name }),
  Type.Object({ act: Type.Literal("purge"), id: name }),
  Type.Object({
    act: Type.Literal("attributes"),
    at,
    mode,
    uid: owner,
    gid: owner,
    modified,
    attributes,
    token,
  }),
  Type.Object({
    act: Type.Literal("restore-version"),
    at,
    version: Type.Integer({ minimum: 1 }),
  }),
  Type.Object({ act: Type.Literal("settle"), at }),
  Type.Object({ act: Type.Literal("snapshot"), at, name }),
]);
export type Act = Static<typeof Act>;

/** Asks for a lock, renews it, or gives it back. */
export const LockAct = Type.Object({
  at,
  act: Type.Union([
    Type.Literal("acquire"),
    Type.Literal("renew"),
    Type.Literal("release"),
  ]),
  holder: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  token,
  lease: Type.Optional(
    Type.Integer({ minimum: 1000, description: "milliseconds" }),
  ),
});
export type LockAct = Static<typeof LockAct>;

/** Which entry is meant. */
export const At = Type.Object({ at });
/** Which piece of which version of a file. */
export const ReadQuery = Type.Object({
  at,
  start: Type.Optional(Type.Integer({ minimum: 0 })),
  end: Type.Optional(Type.Integer({ minimum: 0 })),
  version: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type ReadQuery = Static<typeof ReadQuery>;
/** Which entries of a directory. */
export const ListQuery = Type.Object({
  at,
  after: Type.Optional(Type.String({ maxLength: 255 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
});
export type ListQuery = Static<typeof ListQuery>;
/** What is looked for among all names. */
export const NameQuery = Type.Object({
  words: Type.String({
    minLength: 1,
    maxLength: 200,
    description: "all of which are in the name, in any case",
  }),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 200, description: "20 without" }),
  ),
});
export type NameQuery = Static<typeof NameQuery>;
/** Entries that were found by their names. */
export const FoundNames = Type.Object({
  entries: Type.Array(Type.Object({ path: Type.String(), entry: Entry })),
  complete: Type.Boolean({
    description: "whether all was looked through, and all is told",
  }),
});
export type FoundNames = Static<typeof FoundNames>;
/** How content is written. */
export const WriteQuery = Type.Object({
  parent: at,
  name,
  layout,
  modified,
  mode,
  uid: owner,
  gid: owner,
  base: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: "the version that the writer knows",
    }),
  ),
  strict: Type.Optional(
    Type.Boolean({ description: "refuse to write over another version" }),
  ),
  token,
});
export type WriteQuery = Static<typeof WriteQuery>;
/** Which file is changed, and its size afterwards; the pieces stand in the body, as `encodePieces` writes them. */
export const PatchQuery = Type.Object({
  at,
  size: Type.Integer({ minimum: 0 }),
  modified,
  changed: Type.Optional(
    Type.Number({
      minimum: 0,
      description:
        "when it was done, milliseconds since 1970, where that is a while ago",
    }),
  ),
  mode,
  uid: owner,
  gid: owner,
  token,
});
export type PatchQuery = Static<typeof PatchQuery>;

/** A path as its directory's path and its name; the root's name is empty. */
export function splitPath(path: string): { parent: string; name: string } {
  const slash = path.lastIndexOf("/");
  return { parent: path.slice(0, slash) || "/", name: path.slice(slash + 1) };
}
