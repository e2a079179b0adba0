/** What the tree keeps about itself. */
import { setImmediate as nextTurn } from "node:timers/promises";
import test from "ava";
import { Records } from "../../../../services/node/tree/records.ts";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { temporaryFolder } from "../../../folder.ts";
import { openTree } from "./tree-stand.ts";

test("a record is read whole while others take its place", async (t) => {
  await using folder = await temporaryFolder();
  await using stand = await openTree(folder.path, RootKey.create());
  const { tree } = stand;
  const records = new Records(tree);
  t.is(await records.read("kept-one"), undefined);
  const texts = Array.from({ length: 60 }, (_, at) => `${at} `.repeat(5000));
  await records.write("kept-one", Buffer.from(texts[0] as string));
  let writing = true;
  const write = async (): Promise<void> => {
    for (const text of texts) {
      await records.write("kept-one", Buffer.from(text));
      await tree.flush();
    }
    writing = false;
  };
  const read = async (): Promise<number> => {
    let times = 0;
    for (; writing; times++) {
      t.true(texts.includes(String(await records.read("kept-one"))));
      await nextTurn();
    }
    return times;
  };
  const [, ...times] = await Promise.all([write(), read(), read(), read()]);
  t.true(times.every((one) => one > 0));
  t.deepEqual(records.names("kept-"), ["kept-one"]);
  records.discard("kept-one");
  t.deepEqual(records.names("kept-"), []);
  t.is(await records.read("kept-one"), undefined);
});
