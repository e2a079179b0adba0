/** Files found by their names. */
import test from "ava";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { findByName } from "../../../../services/node/tree/search.ts";
import { temporaryFolder } from "../../../folder.ts";
import { never, openTree } from "./tree-stand.ts";

test("names are found by words in any case and order, with or without accents; what the tree keeps for itself is not", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree, put } = stand;
  const { owner } = tree;
  const search = async (
    words: string,
    limit = 20,
  ): Promise<{ paths: string[]; complete: boolean }> => {
    const found = await findByName(tree, words, limit, owner, never);
    return {
      paths: found.entries.map(({ path }) => path).sort(),
      complete: found.complete,
    };
  };
  tree.makeDirectory("/", "Urlaub", owner);
  tree.makeDirectory("/Urlaub", "Ostsee 2026", owner);
  await put("/Urlaub/Ostsee 2026/Möwe am Meer.jpg", Buffer.from("1"));
  await put("/Urlaub/Ostsee 2026/moewe.jpg", Buffer.from("2"));
  await put("/MEER.txt", Buffer.from("3"));
  await put("/thrown meer.txt", Buffer.from("4"));
  tree.bin.take("/thrown meer.txt", owner);
  await tree.snapshot("/Urlaub", "in summer");
  await tree.flush();
  t.deepEqual(await search("meer"), {
    paths: ["/MEER.txt", "/Urlaub/Ostsee 2026/Möwe am Meer.jpg"],
    complete: true,
  });
  t.deepEqual((await search("JPG mowe")).paths, [
    "/Urlaub/Ostsee 2026/Möwe am Meer.jpg",
  ]);
  t.deepEqual((await search("mo\u0308we")).paths, [
    "/Urlaub/Ostsee 2026/Möwe am Meer.jpg",
  ]);
  t.deepEqual((await search("urlaub")).paths, ["/Urlaub"]);
  for (const words of ["bin", "sharing", "snapshots", "summer", "thrown", " "])
    t.deepEqual((await search(words)).paths, [], words);
  const part = await search("e", 2);
  t.is(part.paths.length, 2);
  t.false(part.complete, "there is more than was asked for");

  // More than is looked at in one go.
  tree.makeDirectory("/", "many", owner);
  const names = Array.from({ length: 1600 }, (_, index) => `folder ${index}`);
  for (const name of names) tree.makeDirectory("/many", name, owner);
  await tree.flush();
  t.is(
    (await search("folder 15", 200)).paths.length,
    names.filter((name) => name.includes("15")).length,
  );
});
