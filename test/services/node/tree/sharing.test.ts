import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import test from "ava";
import { openBlock } from "../../../../services/node/tree/block.ts";
import {
  ExpiredCapError,
  NoReadCapError,
  RefusedError,
  RevokedCapError,
} from "../../../../services/node/tree/errors.ts";
import { Person } from "../../../../services/node/tree/person.ts";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { Sharing } from "../../../../services/node/tree/sharing.ts";
import { verifyTree } from "../../../../services/node/tree/verify.ts";
import { NotFoundError } from "../../../../services/shared/errors.ts";
import { temporaryFolder } from "../../../folder.ts";
import { chunks, never, openTree } from "./tree-stand.ts";

const hour = 3_600_000;

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
    const sharing = new Sharing(tree);
    await sharing.load();
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
      tree.history("/a/mine", tree.owner)[0]?.writer,
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
  const sharing = new Sharing(tree);
  await sharing.load();
  const { actor } = await sharing.actor(secret);
  t.is(tree.list("/a", actor).length, 2);
  await t.throwsAsync(sharing.actor(revokedSecret), {
    instanceOf: RevokedCapError,
  });
  await t.throwsAsync(sharing.actor(secret.replace(/./, "_")), {
    instanceOf: NotFoundError,
  });
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

test("a share ends by itself, and a lost key's caps go over to a new one", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree, put } = stand;
  tree.makeDirectory("/", "a", tree.owner);
  await put("/a/f", Buffer.from("f"));
  const sharing = new Sharing(tree);
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
  const fresh = Person.create();
  t.is(await sharing.reissue(long.share.principal, fresh), 1);
  await t.throwsAsync(sharing.actor(long.secret), {
    instanceOf: RevokedCapError,
  });
  const { actor } = await sharing.actor(fresh.seed.toString("base64url"));
  t.is(tree.list("/a", actor).length, 1);
  const { id, version } = tree.places.find("/a");
  const sealed = tree.state.sealed(id, version) as Buffer;
  t.notThrows(() => openBlock(sealed, { person: fresh }));
});
