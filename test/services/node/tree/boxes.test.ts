/** Nodes sign for the owner: with the key in their TPM, by caps from the root key. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import test from "ava";
import { Boxes } from "../../../../services/node/tree/boxes.ts";
import {
  type Actor,
  draftCap,
  extendChain,
  verifyChain,
} from "../../../../services/node/tree/capability.ts";
import {
  BrokenChainError,
  ForgedError,
} from "../../../../services/node/tree/errors.ts";
import {
  type Contact,
  Person,
  principalOf,
} from "../../../../services/node/tree/person.ts";
import { Revocations } from "../../../../services/node/tree/revocations.ts";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import type { Tree } from "../../../../services/node/tree/tree.ts";
import { verifyTree } from "../../../../services/node/tree/verify.ts";
import { keySigner, signCose } from "../../../../services/shared/cose.ts";
import { temporaryFolder } from "../../../folder.ts";
import { startServices } from "../../../services.ts";
import { runIn } from "../../identity/tpm-stand.ts";
import { never, openTree } from "./tree-stand.ts";

const hour = 3_600_000;

/** A node key as a TPM has it, with its private half in memory. */
interface NodeKey {
  contact: Contact;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

function nodeKey(kind: "P-256" | "RSA", bits = 2048): NodeKey {
  const { privateKey, publicKey } =
    kind === "RSA"
      ? generateKeyPairSync("rsa", { modulusLength: bits })
      : generateKeyPairSync("ec", { namedCurve: kind });
  const signing = publicKey.export({ format: "der", type: "spki" });
  const principal = principalOf(signing);
  return {
    contact: { principal, signing, encryption: Buffer.alloc(0) },
    privateKey,
    publicKey,
  };
}

async function vouch(
  node: NodeKey,
  root: Contact,
  subject: Contact,
): Promise<Buffer> {
  const { principal } = node.contact;
  return await signCose(
    draftCap(node.contact, root, subject, {
      path: "/",
      rights: ["read", "write", "list"],
      expires: Date.now() + hour,
    }),
    keySigner(principal, node.privateKey, node.publicKey),
  );
}

async function writerOf(
  node: NodeKey,
  tree: Tree,
  boxes: Boxes,
): Promise<Actor> {
  const person = Person.create();
  const root = tree.root.person;
  const cap = await vouch(node, root, person);
  return {
    person,
    chain: extendChain(await boxes.admit(node.contact), cap, root),
  };
}

async function problems(tree: Tree): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, problem } of verifyTree(tree, "/", never))
    if (problem) found.push(`${path}: ${problem}`);
  return found;
}

for (const kind of ["P-256", "RSA"] as const)
  test(`a node with a ${kind} key signs for the owner until its cap is taken back`, async (t) => {
    await using folder = await temporaryFolder();
    const key = RootKey.create();
    const [first, second] = [nodeKey(kind), nodeKey(kind)];
    const named = first.contact.principal.toString("hex");
    {
      await using stand = await openTree(folder.path, key);
      const { tree, put } = stand;
      const revocations = new Revocations(tree);
      const boxes = new Boxes(tree, revocations);
      await put("/before", Buffer.from("by the root key"));
      const writer = await writerOf(first, tree, boxes);
      t.deepEqual(
        await boxes.admit(first.contact),
        writer.chain.slice(0, 1),
        "one cap, issued once",
      );
      tree.writeAs(writer);
      tree.makeDirectory("/", "photos", tree.owner);
      await put("/photos/a", Buffer.from("by the node"));
      const [version] = tree.history.list("/photos/a", tree.owner);
      t.is(version?.writer, named);
      t.is(
        tree.history.list("/before", tree.owner)[0]?.writer,
        key.principal.toString("hex"),
      );
      t.deepEqual(await problems(tree), []);

      tree.writeAs(await writerOf(second, tree, boxes));
      await boxes.revoke(named);
      await put("/photos/b", Buffer.from("by the other node"));
      t.deepEqual(await problems(tree), [], "what was signed before counts");
      while (Date.now() <= (tree.revoked.values().next().value ?? 0));
      tree.writeAs(writer);
      await put("/photos/stolen", Buffer.from("by the lost node"));
      t.regex(
        (await problems(tree)).join(),
        /^\/photos\/stolen: version 1: .* taken back/,
      );
    }
    await using stand = await openTree(folder.path, key);
    const revocations = new Revocations(stand.tree);
    await revocations.load();
    const list = await new Boxes(stand.tree, revocations).list(named);
    t.deepEqual(
      list.map(({ principal, own, revoked }) => [principal, own, revoked]),
      [
        [second.contact.principal.toString("hex"), false, false],
        [named, true, true],
      ],
    );
  });

test("a cap that no TPM of the chain signed, or one with a weak key, is refused", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree } = stand;
  const root = tree.root.person;
  const boxes = new Boxes(tree, new Revocations(tree));
  const [own, other] = [nodeKey("P-256"), nodeKey("P-256")];
  const chain = await boxes.admit(own.contact);
  const person = Person.create();
  const cap = await vouch(own, root, person);
  const grant = verifyChain([...chain, cap], root, Date.now(), new Map());
  t.true(grant.node?.equals(own.contact.principal));
  t.throws(() => extendChain([], cap, root), { instanceOf: BrokenChainError });
  const foreign = await vouch(other, root, person);
  t.throws(() => extendChain(chain, foreign, root), {
    instanceOf: BrokenChainError,
  });
  const claimed = await vouch({ ...other, contact: own.contact }, root, person);
  t.throws(() => extendChain(chain, claimed, root), {
    instanceOf: ForgedError,
  });
  const weak = nodeKey("RSA", 1024);
  const weakChain = await boxes.admit(weak.contact);
  const byWeak = await vouch(weak, root, person);
  t.throws(() => extendChain(weakChain, byWeak, root), {
    instanceOf: ForgedError,
  });
});

test("a box signs with the key in its TPM; with another TPM it goes on, and the lost key signs nothing any more", async (t) => {
  t.timeout(120_000);
  await using box = await startServices();
  const { client, services, code } = box;
  const owner = { name: "Ada", password: "correct horse battery" };
  await client.claim(code, "birch", owner);
  const boxes = async (
    wanted: (
      list: { principal: string; own: boolean; revoked: boolean }[],
    ) => boolean,
  ): Promise<{ principal: string; own: boolean; revoked: boolean }[]> => {
    for (;;) {
      const { json } = await client.call("GET", "/api/boxes");
      if (Array.isArray(json) && wanted(json)) return json;
    }
  };
  const nodeOf = async (): Promise<string> =>
    (await client.ok("GET", "/api/identity")).node;
  const writerOfNext = async (name: string): Promise<string> => {
    const path = `/${name}`;
    await client.ok(
      "PUT",
      `/api/files/content?path=${path}`,
      Buffer.from(name),
    );
    const [version] = await client.ok("GET", `/api/files/history?path=${path}`);
    return version.writer;
  };
  const [first] = await boxes((list) => list.some(({ own }) => own));
  const before = await nodeOf();
  t.like(first, { principal: before, own: true, revoked: false });
  while ((await writerOfNext("one")) !== before);
  const refused = await client.call("DELETE", `/api/boxes/${before}`);
  t.is(refused.status, 409, "not the branch that it sits on");

  await services.stopService("identity");
  await runIn(services.folder, "tpm2_clear", ["-c", "p"], {
    TPM2TOOLS_TCTI: services.tcti,
  });
  services.startService("identity");
  while ((await client.call("GET", "/api/identity")).status !== 200);
  await client.ok("POST", "/api/identity/re-enrol", {
    password: owner.password,
  });
  const after = await nodeOf();
  t.not(after, before);
  await services.stopService("node");
  services.startService("node");
  const all = await boxes((list) =>
    list.some(({ principal, own }) => own && principal === after),
  );
  t.deepEqual(
    all.map(({ principal, own, revoked }) => [principal, own, revoked]),
    [
      [after, true, false],
      [before, false, true],
    ],
  );
  while ((await writerOfNext("two")) !== after);
  const lines = (
    await client.call("GET", "/api/files/verify?path=/")
  ).bytes.toString();
  t.regex(lines, /blocks/);
  t.notRegex(lines, /problem/);
});
