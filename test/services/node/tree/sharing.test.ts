import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import test from "ava";
import { openBlock } from "../../../../services/node/tree/block.ts";
import {
  BrokenChainError,
  ExpiredCapError,
  NoReadCapError,
  RefusedError,
  RevokedCapError,
} from "../../../../services/node/tree/errors.ts";
import { Person } from "../../../../services/node/tree/person.ts";
import { Records } from "../../../../services/node/tree/records.ts";
import { Revocations } from "../../../../services/node/tree/revocations.ts";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { Sharing } from "../../../../services/node/tree/sharing.ts";
import type { Tree } from "../../../../services/node/tree/tree.ts";
import { verifyTree } from "../../../../services/node/tree/verify.ts";
import { NotFoundError } from "../../../../services/shared/errors.ts";
import { temporaryFolder } from "../../../folder.ts";
import { chunks, never, openTree } from "./tree-stand.ts";

const hour = 3_600_000;

async function openSharing(tree: Tree): Promise<Sharing> {
  const revocations = new Revocations(tree);
  await revocations.load();
  return new Sharing(tree, revocations);
}

test("a share is lent, asked for more, allowed, taken back; and is there again with the root key alone", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  let secret = "";
  let revokedSecret = "";
  {
    await using stand = await openTree(folder.path, root);
    const { tree, put } = stand;
    tree.makeDirectory("/", "a", tree.owner);
    await put("/a/letter", Buffer.from("dear"));
    await put("/secret", Buffer.from("no"));
    const sharing = await openSharing(tree);
    const expires = Date.now() + hour;
    const made = await sharing.create("/a", "Bob", ["read", "list"], expires);
    ({ secret } = made);
    t.like(made.share, { path: "/a", name: "Bob", state: "active" });
    const { actor, share } = await sharing.actor(secret);
    const read = async (path: string): Promise<string> =>
      (await buffer(tree.read(path, actor, never).bytes)).toString();
    const write = async (name: string) =>
      await tree.put("/a", name, chunks(Buffer.from("by Bob")), actor, never);
    t.is(await read("/a/letter"), "dear");
    t.throws(() => tree.stat("/secret", actor), { instanceOf: RefusedError });
    await t.throwsAsync(write("mine"), { instanceOf: RefusedError });

    await sharing.request(share, "may I add pictures?");
    await sharing.request(share, "may I, please?");
    const requests = await sharing.requests();
    t.deepEqual(
      requests.map(({ words }) => words),
      ["may I, please?"],
    );
    await sharing.answer(share.id, true);
    t.deepEqual(await sharing.requests(), []);
    const more = await sharing.actor(secret);
    await tree.put(
      "/a",
      "mine",
      chunks(Buffer.from("by Bob")),
      more.actor,
      never,
    );
    t.is(
      tree.history.list("/a/mine", tree.owner)[0]?.writer,
      new Person(Buffer.from(secret, "base64url")).principal.toString("hex"),
    );

    const other = await sharing.create("/a", "Eve", ["read"], expires);
    revokedSecret = other.secret;
    await sharing.revoke(other.share.id);
    await t.throwsAsync(sharing.actor(revokedSecret), {
      instanceOf: RevokedCapError,
    });
    // What Bob wrote stays his where the owner puts it.
    tree.move("/a", "/", "b", tree.owner);
    tree.move("/b", "/", "a", tree.owner);
    await tree.flush();
  }
  await rm(join(folder.path, "tree"), { recursive: true });
  await using stand = await openTree(folder.path, root);
  const { tree, put } = stand;
  const sharing = await openSharing(tree);
  const { actor } = await sharing.actor(secret);
  t.is(tree.list("/a", actor).length, 2);
  await t.throwsAsync(sharing.actor(revokedSecret), {
    instanceOf: RevokedCapError,
  });
  await t.throwsAsync(
    sharing.actor(
      secret.replace(/./, (letter) => (letter === "A" ? "B" : "A")),
    ),
    {
      instanceOf: NotFoundError,
    },
  );
  // His own key opens what is there; what is written after he is shut out, it does not.
  const bob = new Person(Buffer.from(secret, "base64url"));
  const opens = (path: string): unknown => {
    const { id, version } = tree.places.find(path);
    return openBlock(tree.state.sealed(id, version) as Buffer, { person: bob });
  };
  t.notThrows(() => opens("/a"));
  const [live] = (await sharing.list()).filter(
    ({ state, rights }) => state === "active" && rights.includes("write"),
  );
  await sharing.revoke(live?.id ?? "");
  await put("/a/late", Buffer.from("late"));
  t.throws(() => opens("/a"), { instanceOf: NoReadCapError });
  const wrong: string[] = [];
  for await (const { path, problem } of verifyTree(tree, "/", never))
    if (problem) wrong.push(`${path}: ${problem}`);
  t.deepEqual(wrong, []);
});

test("a share ends by itself, and a lost link is replaced by a new one", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree, put } = stand;
  tree.makeDirectory("/", "a", tree.owner);
  await put("/a/f", Buffer.from("f"));
  const sharing = await openSharing(tree);
  const short = await sharing.create("/a", "Bob", ["read"], Date.now() + 300);
  while (Date.now() <= short.share.expires)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await t.throwsAsync(sharing.actor(short.secret), {
    instanceOf: ExpiredCapError,
  });
  const long = await sharing.create(
    "/a",
    "Bob's phone",
    ["read", "list"],
    Date.now() + hour,
  );
  const renewed = await sharing.renew(long.share.id);
  t.like(renewed.share, { path: "/a", name: "Bob's phone", state: "active" });
  await t.throwsAsync(sharing.renew(long.share.id), {
    instanceOf: RevokedCapError,
  });
  await t.throwsAsync(sharing.actor(long.secret), {
    instanceOf: RevokedCapError,
  });
  const { actor } = await sharing.actor(renewed.secret);
  t.is(tree.list("/a", actor).length, 1);
  const { id, version } = tree.places.find("/a");
  const sealed = tree.state.sealed(id, version) as Buffer;
  t.notThrows(() => openBlock(sealed, { person: actor.person }));
  const lost = new Person(Buffer.from(long.secret, "base64url"));
  t.throws(() => openBlock(sealed, { person: lost }), {
    instanceOf: NoReadCapError,
  });
});

test("what may be passed on is passed on, or a part of it; never more, and it ends with what it came from", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree, put } = stand;
  for (const path of ["/a", "/a/b", "/a/c"])
    tree.makeDirectory(
      path.slice(0, path.lastIndexOf("/")) || "/",
      path.slice(path.lastIndexOf("/") + 1),
      tree.owner,
    );
  await put("/a/b/f", Buffer.from("in b"));
  await put("/a/c/f", Buffer.from("in c"));
  const sharing = await openSharing(tree);
  const until = Date.now() + hour;
  const bob = await sharing.create(
    "/a",
    "Bob",
    ["read", "list", "delegate"],
    until,
  );
  const { actor } = await sharing.actor(bob.secret);
  const passOn = async (
    path: string,
    rights: readonly ("read" | "list" | "write")[],
    expires: number,
  ) => await sharing.create(path, "Carol", rights, expires, actor);
  await t.throwsAsync(passOn("/a/b", ["read", "write"], until), {
    instanceOf: BrokenChainError,
  });
  await t.throwsAsync(passOn("/a/b", ["read"], until + 1), {
    instanceOf: BrokenChainError,
  });
  await t.throwsAsync(passOn("/", ["read"], until), {
    instanceOf: RefusedError,
  });
  const carol = await passOn("/a/b", ["read", "list"], until - 1);
  t.like(carol.share, { path: "/a/b", through: "Bob", state: "active" });
  const { actor: reader } = await sharing.actor(carol.secret);
  const read = async (path: string): Promise<string> =>
    (await buffer(tree.read(path, reader, never).bytes)).toString();
  t.is(await read("/a/b/f"), "in b");
  await t.throwsAsync(read("/a/c/f"), { instanceOf: RefusedError });
  await t.throwsAsync(
    sharing.create("/a/b", "Dave", ["read"], until - 2, reader),
    { instanceOf: BrokenChainError },
    "Carol may not pass it on",
  );
  const b = tree.places.find("/a/b");
  t.notThrows(() =>
    openBlock(tree.state.sealed(b.id, b.version) as Buffer, {
      person: reader.person,
    }),
  );
  await sharing.revoke(bob.share.id);
  await t.throwsAsync(sharing.actor(carol.secret), {
    instanceOf: RevokedCapError,
  });
  await put("/a/b/later", Buffer.from("later"));
  const after = tree.places.find("/a/b");
  for (const person of [reader.person, actor.person])
    t.throws(
      () =>
        openBlock(tree.state.sealed(after.id, after.version) as Buffer, {
          person,
        }),
      { instanceOf: NoReadCapError },
    );
});

test("keys are fresh beneath what was taken back, wherever it was moved; beneath what ended; and where that was cut short", async (t) => {
  await using folder = await temporaryFolder();
  const root = RootKey.create();
  await using stand = await openTree(folder.path, root);
  const { tree, put } = stand;
  const sharing = await openSharing(tree);
  const deepest = async (top: string): Promise<Buffer> => {
    let path = top;
    tree.makeDirectory("/", top.slice(1), tree.owner);
    for (const name of ["x", "y", "z"]) {
      // More than one slice of them.
      for (let other = 0; other < 40; other++)
        tree.makeDirectory(path, `${name}${other}`, tree.owner);
      tree.makeDirectory(path, name, tree.owner);
      path = `${path}/${name}`;
    }
    return tree.places.find(path).id;
  };
  /** Whether somebody with a share's secret opens what is written into a directory now, knowing all that he ever could. */
  const opens = async (
    secret: string,
    directory: Buffer,
    known: readonly Buffer[],
  ): Promise<boolean> => {
    const path = tree.places.pathOf(directory);
    await put(`${path}/new-${Math.random()}`, Buffer.from("new"));
    const [written] = tree
      .list(directory, tree.owner)
      .filter(({ name }) => name.startsWith("new-"))
      .toSorted((a, b) => b.changed - a.changed);
    if (!written) throw new Error("nothing was written");
    const sealed = tree.state.sealed(written.id, written.version) as Buffer;
    for (const opener of [
      { person: new Person(Buffer.from(secret, "base64url")) },
      { parentKeys: known },
    ])
      try {
        openBlock(sealed, opener);
        return true;
      } catch (error) {
        if (!(error instanceof NoReadCapError)) throw error;
      }
    return false;
  };
  const keysOf = (id: Buffer): readonly Buffer[] =>
    tree.state.block(id).header.keys;

  const moved = await deepest("/a");
  const bob = await sharing.create("/a", "Bob", ["read"], Date.now() + hour);
  const bobs = keysOf(moved);
  t.true(await opens(bob.secret, moved, bobs));
  tree.move("/a", "/", "b", tree.owner);
  await sharing.revoke(bob.share.id);
  t.false(await opens(bob.secret, moved, bobs), "taken back after a move");

  const over = await deepest("/c");
  const short = await sharing.create("/c", "Eve", ["read"], Date.now() + 200);
  const eves = keysOf(over);
  while (Date.now() <= short.share.expires)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await sharing.tidy(never);
  t.false(await opens(short.secret, over, eves), "it ended");

  const halfway = await deepest("/d");
  const before = keysOf(halfway);
  const top = tree.places.find("/d").id;
  await new Records(tree).write(
    `rekey-${top.toString("hex")}`,
    Buffer.alloc(1),
  );
  await (await openSharing(tree)).tidy(never);
  t.is(keysOf(halfway).length, before.length + 1, "gone on with");
  await (await openSharing(tree)).tidy(never);
  t.is(keysOf(halfway).length, before.length + 1, "and done");
});
