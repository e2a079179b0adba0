/** A friend that was off while a tree came back. */
import { buffer } from "node:stream/consumers";
import test from "ava";
import { compare, fill } from "./files.ts";
import { befriend, until, Village } from "./village.ts";

test("what only a friend has that was off while the tree came back is there when it returns", async (t) => {
  t.timeout(6 * 60_000);
  await using village = await Village.create(t);
  const [ada, bob, cem] = await Promise.all([
    village.home("ada"),
    village.home("bob"),
    village.home("cem"),
  ]);
  // Bob has room for the tree's journal and little else.
  await befriend(ada, bob, 400_000);
  await befriend(ada, cem);
  const files = await fill(ada, { "/film": 5_000_000 });
  await until("cem has the film", async () => {
    const { keepsForMe } = await ada.friend("cem");
    return keepsForMe > 5_000_000 && (await ada.state()).progress.current;
  });
  t.true((await ada.friend("bob")).keepsForMe < 400_000);

  await Promise.all([ada.kill(), cem.kill()]);
  const anew = await village.home("anew", {}, ada.words);
  const recovery = await anew.friends.recover(`${bob.address}:4471`);
  t.is(recovery.files, 1);
  t.deepEqual(
    recovery.friends.map(({ name }) => name),
    ["bob"],
  );
  await t.throwsAsync(compare(t, anew, files));
  await cem.start();
  await until("the film can be read on the new box", async () => {
    const { stream } = await anew.tree
      .read({ at: "/film" })
      .catch(() => ({ stream: undefined }));
    if (!stream) return false;
    return await buffer(stream).then(
      (bytes) => bytes.equals(files.get("/film") as Buffer),
      () => false,
    );
  });
});
