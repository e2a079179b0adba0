/** A friend that was off while a tree came back. */
import { buffer } from "node:stream/consumers";
import test from "ava";
import { compare, fill } from "./files.ts";
import { until } from "./until.ts";
import { befriend, Village } from "./village.ts";

test("what only a friend has that was off while the tree came back is there when it returns", async (t) => {
  t.timeout(15 * 60_000);
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

  // Bob is off when Ada writes her last words: only Cem knows them.
  await bob.kill();
  const before = (await ada.friend("cem")).keepsForMe;
  const last = await fill(ada, { "/last": 300, "/film": 400 });
  await until("cem has the last words", async () => {
    const { keepsForMe } = await ada.friend("cem");
    return keepsForMe > before && (await ada.state()).progress.current;
  });
  await Promise.all([ada.kill(), cem.kill()]);
  await bob.start();
  const anew = await village.home("anew", {}, ada.words);
  const recovery = await anew.friends.recover(`${bob.address}:4471`);
  t.is(recovery.files, 1);
  t.deepEqual(
    recovery.friends.map(({ name }) => name),
    ["bob"],
  );
  await t.throwsAsync(compare(t, anew, files));
  const mine = await fill(anew, { "/mine": 300, "/film": 500 });
  await cem.start();
  const holds = async (
    at: string,
    version: number | undefined,
    bytes: Buffer | undefined,
  ): Promise<boolean> => {
    const { stream } = await anew.tree
      .read({ at, ...(version === undefined ? {} : { version }) })
      .catch(() => ({ stream: undefined }));
    if (!stream || !bytes) return false;
    return await buffer(stream).then(
      (found) => found.equals(bytes),
      () => false,
    );
  };
  await until("Ada's last words are on the new box", async () =>
    holds("/last", undefined, last.get("/last")),
  );
  await compare(t, anew, mine);
  const [newest] = await anew.tree.history("/film");
  t.true((newest?.conflict ?? 0) > 0, "changed on both boxes");
  t.true(await holds("/film", newest?.conflict, last.get("/film")));
  await until("the film itself can be read on the new box", async () =>
    holds("/film", 1, files.get("/film")),
  );
  // What was written here and what Cem had is one tree now, which Cem keeps.
  await until("Cem has what is new", async () => {
    const { progress } = await anew.state();
    return progress.current;
  });
  await anew.kill();
  const third = await village.home("third", {}, ada.words);
  await third.friends.recover(`${cem.address}:4471`);
  await compare(t, third, mine);
  t.deepEqual((await cem.state()).findings, [], "nobody lied");
  await compare(t, third, new Map([["/last", last.get("/last") as Buffer]]));
});
