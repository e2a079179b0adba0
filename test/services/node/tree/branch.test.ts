/** A tree that went on from an older state, and what the lost box had written meanwhile. */
import { randomBytes } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { takeBranch } from "../../../../services/node/tree/branch.ts";
import type { Commit } from "../../../../services/node/tree/journal.ts";
import { Revocations } from "../../../../services/node/tree/revocations.ts";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { verifyTree } from "../../../../services/node/tree/verify.ts";
import { temporaryFolder } from "../../../folder.ts";
import { never, openTree, type TreeStand } from "./tree-stand.ts";

const text = (words: string): Buffer => Buffer.from(words);

/** What a tree's journal says behind a commit. */
async function after({ tree }: TreeStand, head: number): Promise<Commit[]> {
  const commits: Commit[] = [];
  for (let number = head + 1; ; number++) {
    const commit = await tree.state.journal.read(number);
    if (!commit) return commits;
    commits.push(commit);
  }
}

test("what the lost box had written is here again, beside what was written here; of what both changed both are kept", async (t) => {
  await using folder = await temporaryFolder();
  const [here, there] = [join(folder.path, "here"), join(folder.path, "there")];
  const root = RootKey.create();
  {
    await using before = await openTree(there, root);
    before.tree.makeDirectory("/", "photos", before.tree.owner);
    before.tree.makeDirectory("/", "old", before.tree.owner);
    await before.put("/photos/sea", text("sea"));
    await before.put("/photos/wood", text("wood"));
    await before.put("/diary", text("monday"));
    await before.put("/list", text("bread"));
    await before.put("/gone", text("gone"));
    await before.put("/old/thing", text("thing"));
  }
  await cp(there, here, { recursive: true });
  await using lost = await openTree(there, root);
  await using mine = await openTree(here, root);
  const { number } = mine.tree.state.journal.head;

  await lost.put("/photos/fresh", text("fresh"));
  await lost.put("/photos/fresh", text("fresh, and changed"));
  await lost.put("/diary", text("monday, tuesday there"));
  await lost.put("/list", text("bread, milk"));
  await lost.put("/both", text("both, there"));
  lost.tree.move("/photos/wood", "/", "forest", lost.tree.owner);
  lost.tree.discard("/gone", lost.tree.owner);
  await lost.put("/old/late", text("late"));
  await new Revocations(lost.tree).add("aa".repeat(16));
  await lost.tree.flush();

  await mine.put("/diary", text("monday, tuesday here"));
  await mine.put("/both", text("both, here"));
  mine.tree.discard("/old/thing", mine.tree.owner);
  mine.tree.discard("/old", mine.tree.owner);
  await new Revocations(mine.tree).add("bb".repeat(16));
  await mine.tree.flush();

  const commits = await after(lost, number);
  t.true(commits.length > 3);
  const { conflicts } = await takeBranch(mine.tree, commits, never);
  const check = async ({ tree, get, names }: TreeStand): Promise<void> => {
    t.deepEqual(await get("/photos/fresh"), text("fresh, and changed"));
    t.deepEqual(await get("/photos/sea"), text("sea"));
    t.deepEqual(await get("/list"), text("bread, milk"), "unchanged here");
    t.deepEqual(await get("/diary"), text("monday, tuesday here"));
    const { conflict } = tree.header("/diary", tree.owner);
    t.deepEqual(await get("/diary", conflict), text("monday, tuesday there"));
    t.deepEqual(await get("/both"), text("both, here"));
    t.deepEqual(
      await get("/both (from the other box)"),
      text("both, there"),
      "another file of that name",
    );
    t.deepEqual(await get("/forest"), text("wood"), "moved there");
    t.false(names("/photos").includes("wood"));
    t.false(names("/").includes("gone"), "deleted there");
    t.deepEqual(await get("/late"), text("late"), "its folder is gone here");
    const problems = [];
    for await (const line of verifyTree(tree, "/", never))
      if ("problem" in line) problems.push(line);
    t.deepEqual(problems, []);
  };
  t.is(conflicts, 1);
  await check(mine);
  const revocations = new Revocations(mine.tree);
  await revocations.load();
  t.true(revocations.has("aa".repeat(16)), "taken back there");
  t.true(revocations.has("bb".repeat(16)), "taken back here");
  await mine[Symbol.asyncDispose]();
  // The journal alone says the same.
  await using anew = await openTree(here, root);
  await check(anew);
});

test("a branch that is taken in twice changes nothing the second time", async (t) => {
  await using folder = await temporaryFolder();
  const [here, there] = [join(folder.path, "here"), join(folder.path, "there")];
  const root = RootKey.create();
  {
    await using before = await openTree(there, root);
    await before.put("/diary", text("monday"));
  }
  await cp(there, here, { recursive: true });
  await using lost = await openTree(there, root);
  await using mine = await openTree(here, root);
  const { number } = mine.tree.state.journal.head;
  const body = randomBytes(500);
  await lost.put("/fresh", body);
  await lost.put("/diary", text("there"));
  const commits = await after(lost, number);
  await takeBranch(mine.tree, commits, never);
  const before = mine.names("/");
  t.like(await takeBranch(mine.tree, commits, never), { versions: 0 });
  t.deepEqual(mine.names("/"), before);
  t.deepEqual(await mine.get("/fresh"), body);
  t.deepEqual(await mine.get("/diary"), text("there"));
});
