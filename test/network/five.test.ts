/** Five boxes, each a process with a TPM in a network namespace of its own. */
import test from "ava";
import { compare, fill, settled } from "./files.ts";
import { until } from "./until.ts";
import { befriend, Village } from "./village.ts";

test("two friends' boxes and the household's own burn: a new box brings everything back from 24 words and one address", async (t) => {
  t.timeout(15 * 60_000);
  await using village = await Village.create(t);
  const [ada, bob, cem, dora, eva] = await Promise.all([
    village.home("ada"),
    village.home("bob"),
    village.home("cem"),
    village.home("dora"),
    village.home("eva"),
  ]);
  for (const friend of [bob, cem, dora, eva]) await befriend(ada, friend);
  const files = await fill(ada);
  await settled(ada, 3);
  const shown = await ada.friend("bob");
  t.like(shown.attested, { accepted: true, version: "0.1.0" });
  const { friends } = await ada.state();
  const bytes = [...files.values()].reduce((sum, one) => sum + one.length, 0);
  t.true(
    friends.reduce((sum, one) => sum + one.keepsForMe, 0) >= 3 * bytes,
    "three whole copies",
  );
  for (const friend of [bob, cem, dora, eva]) {
    const { id } = await ada.friend(friend.name);
    t.like(await ada.friends.audit(id), { leaves: 24, passed: 24 });
  }

  await Promise.all([ada.kill(), bob.kill(), cem.kill()]);
  const anew = await village.home("anew", {}, ada.words);
  const recovery = await anew.friends.recover(`${dora.address}:4471`);
  t.is(recovery.files, files.size);
  t.deepEqual(recovery.friends.map(({ name }) => name).sort(), ["dora", "eva"]);
  await compare(t, anew, files);
  await until("everything is on the new box again", async () => {
    const { protection } = await anew.state();
    return protection.every(({ waiting }) => waiting === 0);
  });
  // From its own disk alone.
  await Promise.all([dora.kill(), eva.kill()]);
  await compare(t, anew, files);
});

test("a box that lost its disk is filled again; one that lies is found, told so, and replaced", async (t) => {
  t.timeout(15 * 60_000);
  await using village = await Village.create(t);
  const [ada, bob, cem, liar, player, debtor] = await Promise.all([
    village.home("ada"),
    village.home("bob"),
    village.home("cem"),
    ...(["bytes", "replay", "receipts"] as const).map((cheat) =>
      village.home(cheat, {
        node: `${import.meta.dirname}/cheat.ts`,
        env: { COPPICE_CHEAT: cheat },
      }),
    ),
  ]);
  if (!liar || !player || !debtor) throw new Error("no cheats");
  for (const friend of [bob, cem, liar, player, debtor])
    await befriend(ada, friend);
  const files = await fill(ada);
  await until(
    "who signs the same receipt twice is found when it does",
    async () => (await ada.friend("receipts")).phase === "expelled",
  );
  await settled(ada, 3);

  // Bob keeps something at Ada's as well, which must not go with his disk.
  const bobs = await fill(bob, { "/diary": 20_000, "/garden": 900_000 });
  await settled(bob, 1);
  await bob.kill();
  await until(
    "ada notices that bob's box is gone",
    async () => !(await ada.friend("bob")).online,
  );
  await bob.replaceDisk();
  await bob.start();
  const { id } = await ada.friend("bob");
  await until(
    "bob's box is there again",
    async () => (await ada.friend("bob")).online,
  );
  const lost = await ada.friends.audit(id);
  t.is(lost.passed, 0);
  t.deepEqual(
    [...new Set(lost.verdicts.map(({ outcome }) => outcome))],
    ["lost"],
    JSON.stringify(lost),
  );
  await until("bob's box has everything again", async () => {
    const { leaves, passed } = await ada.friends.audit(id);
    return leaves === 24 && passed === 24;
  });
  t.is((await ada.friend("bob")).phase, "active");
  t.true(
    (await bob.state()).findings.some(
      ({ ours, kind, name }) => ours && kind === "lost" && name === "ada",
    ),
    "bob's owner is told",
  );

  t.true((await bob.state()).behind, "bob's box knows that it lost something");
  const recovery = await bob.friends.recover(`${ada.address}:4471`);
  t.is(recovery.files, bobs.size);
  t.false((await bob.state()).behind);
  await compare(t, bob, bobs);

  for (const cheat of [liar, player]) {
    const cheated = await ada.friend(cheat.name);
    await ada.friends.audit(cheated.id);
    await ada.friends.audit(cheated.id);
    const after = await ada.friend(cheat.name);
    t.is(after.phase, "expelled", cheat.name);
    t.is(after.mine, null);
  }
  const { findings } = await ada.state();
  t.regex(
    findings.find(({ name }) => name === "bytes")?.evidence ?? "",
    /other bytes/,
  );
  t.regex(
    findings.find(({ name }) => name === "replay")?.evidence ?? "",
    /another one, as a recording would/,
  );
  t.regex(
    findings.find(({ name }) => name === "receipts")?.evidence ?? "",
    /signed for|does not follow/,
  );
  await settled(ada, 2);
  await compare(t, ada, files);
});
