import { randomBytes } from "node:crypto";
import test from "ava";
import {
  type Block,
  type Expected,
  type Header,
  hashOf,
  type Opener,
  openBlock,
  sealBlock,
  verifyBlock,
} from "../../../../services/node/tree/block.ts";
import {
  type Chain,
  issueCap,
} from "../../../../services/node/tree/capability.ts";
import {
  BrokenChainError,
  ExpiredCapError,
  ForgedError,
  NoReadCapError,
  NoWriteCapError,
  RefusedError,
  RevokedCapError,
  RolledBackError,
  SwappedBodyError,
  WrongPlaceError,
} from "../../../../services/node/tree/errors.ts";
import { Person } from "../../../../services/node/tree/person.ts";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { decodeCbor, encodeCbor } from "../../../../services/shared/cbor.ts";
import { readCosePayload } from "../../../../services/shared/cose.ts";
import { temporaryFolder } from "../../../folder.ts";
import { chunks, never, openTree, type TreeStand } from "./tree-stand.ts";

const hour = 3_600_000;
const root = RootKey.create();
const [ada, eve] = [Person.create(), Person.create()];
const parentKeys = [randomBytes(32), randomBytes(32)];
const parent = randomBytes(16);
const id = randomBytes(16);

function header(more: Partial<Header> = {}): Header {
  return {
    kind: "file",
    parent,
    name: "letter",
    path: "/a/letter",
    previous: Buffer.alloc(0),
    time: 1000,
    modified: 999.5,
    mode: 0o644,
    uid: 1,
    gid: 2,
    attributes: new Map([["user.a", Buffer.from("b")]]),
    conflict: 0,
    origin: "",
    chain: [],
    readers: [],
    keys: [],
    target: "",
    ...more,
  };
}

function seal(more: Partial<Header> = {}, writer = root.person): Buffer {
  const block: Block = { id, version: 3, header: header(more) };
  return sealBlock(block, writer, root.principal, root.treeKey, parentKeys)
    .bytes;
}

const expected: Expected = {
  root: root.person,
  id,
  parent,
  name: "letter",
  path: "/a/letter",
  version: 3,
  revoked: new Map(),
};
const byParent: Opener = { parentKeys };

function cap(more: Partial<Parameters<typeof issueCap>[4]> = {}): Chain {
  return issueCap(
    root.person,
    [],
    root.person,
    ada,
    { path: "/a", rights: ["write"], expires: hour, ...more },
    0,
  );
}

test("a block opens by its directory's key, by the owner's, and by a reader's own; for nobody else", (t) => {
  const bytes = seal({ readers: [ada] });
  const openers: Opener[] = [
    byParent,
    { treeKey: root.treeKey },
    { person: ada },
  ];
  for (const opener of openers) {
    const block = openBlock(bytes, opener);
    t.is(block.version, 3);
    t.is(block.header.name, "letter");
    t.deepEqual(
      block.header.attributes,
      new Map([["user.a", Buffer.from("b")]]),
    );
  }
  for (const opener of [
    { person: eve },
    { treeKey: randomBytes(32) },
    { parentKeys: [randomBytes(32), randomBytes(32)] },
    { parentKeys: parentKeys.slice(0, 1) },
  ])
    t.throws(() => openBlock(bytes, opener), { instanceOf: NoReadCapError });
  t.false(bytes.includes("letter"), "the name is not legible");
});

test("a stale or forged block is refused, each with its own error", (t) => {
  t.notThrows(() => verifyBlock(seal(), byParent, expected));
  const bob = seal({ chain: cap() }, ada);
  t.notThrows(() => verifyBlock(bob, byParent, expected));
  const cases: [
    string,
    new (...args: never[]) => Error,
    Buffer,
    Partial<Expected>,
  ][] = [
    ["rolled back", RolledBackError, seal(), { version: 4 }],
    ["wrong name", WrongPlaceError, seal(), { name: "other" }],
    ["wrong directory", WrongPlaceError, seal(), { parent: randomBytes(16) }],
    ["another block", WrongPlaceError, seal(), { id: randomBytes(16) }],
    [
      "another tree",
      WrongPlaceError,
      seal(),
      { root: RootKey.create().person },
    ],
    ["a writer without a cap", ForgedError, seal({}, ada), {}],
    [
      "a writer with another's cap",
      ForgedError,
      seal({ chain: cap() }, eve),
      {},
    ],
    [
      "a cap for elsewhere",
      NoWriteCapError,
      seal({ chain: cap({ path: "/b" }) }, ada),
      {},
    ],
    [
      "a path that the cap does not cover",
      NoWriteCapError,
      seal({ chain: cap(), path: "/b/letter" }, ada),
      {},
    ],
    [
      "a cap to read",
      NoWriteCapError,
      seal({ chain: cap({ rights: ["read"] }) }, ada),
      {},
    ],
    [
      "an expired cap",
      ExpiredCapError,
      seal({ chain: cap({ expires: 500 }) }, ada),
      {},
    ],
    [
      "a revoked key in the chain",
      RevokedCapError,
      bob,
      { revoked: new Map([[ada.principal.toString("hex"), 1000]]) },
    ],
    [
      "a chain that does not begin at the root",
      BrokenChainError,
      seal(
        {
          chain: issueCap(
            eve,
            [],
            eve,
            ada,
            { path: "/a", rights: ["write"], expires: hour },
            0,
          ),
        },
        ada,
      ),
      {},
    ],
  ];
  for (const [name, kind, bytes, more] of cases)
    t.throws(
      () => verifyBlock(bytes, byParent, { ...expected, ...more }),
      { instanceOf: kind },
      name,
    );
});

test("a swapped inner part is told from a bad signature; no changed byte passes", (t) => {
  const [one, two] = [seal(), seal({ name: "other" })];
  const parts = (bytes: Buffer) =>
    decodeCbor(readCosePayload(bytes)) as unknown[];
  const mixed = parts(one).with(9, parts(two)[9]).with(8, parts(two)[8]);
  t.throws(
    () => verifyBlock(root.person.sign(encodeCbor(mixed)), byParent, expected),
    { instanceOf: SwappedBodyError },
  );
  const bytes = seal();
  for (let at = 0; at < bytes.length; at++) {
    const bad = Buffer.from(bytes);
    bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
    t.throws(() => verifyBlock(bad, byParent, expected), {
      instanceOf: RefusedError,
    });
  }
});

/** A friend who holds the sealed blocks and his own key, and nothing else. */
class Friend {
  #stand: TreeStand;
  #person: Person;
  keys = new Map<string, readonly Buffer[]>();

  constructor(stand: TreeStand, person: Person) {
    this.#stand = stand;
    this.#person = person;
  }

  /** Opens a block by a directory's keys that he knows, else by his own. */
  open(path: string): Block {
    const { tree } = this.#stand;
    const { id: block, parent: above, version } = tree.places.find(path);
    const sealed = tree.state.sealed(block, version) as Buffer;
    const known = this.keys.get(above.toString("hex"));
    const opened = openBlock(
      sealed,
      known ? { parentKeys: known } : { person: this.#person },
    );
    if (opened.header.kind === "directory")
      this.keys.set(block.toString("hex"), opened.header.keys);
    return opened;
  }
}

test("a read cap on a directory reads all beneath it, one on a file that file; after revocation nothing new", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, root);
  const { tree, put } = stand;
  for (const [at, name] of [
    ["/", "a"],
    ["/a", "b"],
    ["/a/b", "c"],
    ["/", "z"],
  ] as const)
    tree.makeDirectory(at, name, tree.owner);
  await put("/a/b/c/deep", Buffer.from("deep"));
  await put("/z/one", Buffer.from("one"));
  await put("/z/two", Buffer.from("two"));
  await tree.setReaders("/a", [ada]);
  await tree.setReaders("/z/one", [ada]);
  const friend = new Friend(stand, ada);
  for (const path of ["/a", "/a/b", "/a/b/c", "/a/b/c/deep", "/z/one"])
    t.notThrows(() => friend.open(path), path);
  for (const path of ["/z", "/z/two", "/"])
    t.throws(() => friend.open(path), { instanceOf: NoReadCapError }, path);
  t.throws(() => new Friend(stand, eve).open("/a"), {
    instanceOf: NoReadCapError,
  });

  const before = tree.places.find("/a/b/c/deep").version;
  await tree.setReaders("/a", []);
  await tree.setReaders("/z/one", []);
  // What he could read he may have copied; it stays readable with the keys that he has.
  t.notThrows(() => friend.open("/a/b/c/deep"));
  await put("/a/b/c/deep", Buffer.from("new"));
  await put("/a/b/c/fresh", Buffer.from("fresh"));
  await put("/z/one", Buffer.from("newer"));
  t.is(tree.places.find("/a/b/c/deep").version, before + 1);
  for (const path of ["/a", "/a/b", "/a/b/c", "/a/b/c/deep", "/a/b/c/fresh"])
    t.throws(() => friend.open(path), { instanceOf: NoReadCapError }, path);
  t.throws(() => friend.open("/z/one"), { instanceOf: NoReadCapError });
});

test("what moves out of a shared directory is not readable from there any more", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, root);
  const { tree, put } = stand;
  tree.makeDirectory("/", "shared", tree.owner);
  tree.makeDirectory("/shared", "d", tree.owner);
  await put("/shared/d/f", Buffer.from("1"));
  await tree.setReaders("/shared", [ada]);
  const friend = new Friend(stand, ada);
  for (const path of ["/shared", "/shared/d", "/shared/d/f"]) friend.open(path);
  tree.move("/shared/d", "/", "d", tree.owner);
  await put("/d/f", Buffer.from("2"));
  t.throws(() => friend.open("/d"), { instanceOf: NoReadCapError });
  t.throws(() => friend.open("/d/f"), { instanceOf: NoReadCapError });
});

test("somebody with a cap does what it gives, and no more; each version says who wrote it", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, root);
  const { tree, put } = stand;
  tree.makeDirectory("/", "a", tree.owner);
  await put("/a/old", Buffer.from("old"));
  await put("/secret", Buffer.from("secret"));
  const expires = Date.now() + hour;
  const chain = issueCap(root.person, [], root.person, ada, {
    path: "/a",
    rights: ["read", "write", "list"],
    expires,
  });
  const actor = { person: ada, chain };
  const write = async (at: string, name: string) =>
    await tree.put(at, name, chunks(Buffer.from("by ada")), actor, never);
  await write("/a", "new");
  await write("/a", "old");
  t.is(
    tree.history.list("/a/old", tree.owner)[0]?.writer,
    ada.principal.toString("hex"),
  );
  t.deepEqual(
    tree.list("/a", actor).map(({ name }) => name),
    ["new", "old"],
  );
  await t.throwsAsync(write("/", "out"), { instanceOf: RefusedError });
  t.throws(() => tree.stat("/secret", actor), { instanceOf: RefusedError });
  t.throws(() => tree.list("/", actor), { instanceOf: RefusedError });
  t.throws(() => tree.move("/a/old", "/", "old", actor), {
    instanceOf: RefusedError,
  });
  const reader = {
    person: ada,
    chain: issueCap(root.person, [], root.person, ada, {
      path: "/a",
      rights: ["read"],
      expires,
    }),
  };
  t.throws(() => tree.bin.take("/a/old", reader), { instanceOf: RefusedError });
  tree.revoked = new Map([[ada.principal.toString("hex"), Date.now()]]);
  await t.throwsAsync(write("/a", "late"), { instanceOf: RevokedCapError });
  const sealed = tree.state.sealed(tree.places.find("/a/new").id, 1) as Buffer;
  t.notThrows(
    () =>
      verifyBlock(
        sealed,
        { treeKey: root.treeKey },
        {
          ...expected,
          id: tree.places.find("/a/new").id,
          parent: tree.places.find("/a").id,
          name: "new",
          path: "/a/new",
          version: 1,
          revoked: tree.revoked,
        },
      ),
    "what was written before stays",
  );
  t.is(hashOf(sealed).length, 32);
});
