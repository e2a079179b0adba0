/** Twelve boxes and a household, some of them at the end of bad lines. */
import test from "ava";
import { compare, fill, settled } from "./files.ts";
import { until } from "./until.ts";
import { befriend, type Home, Village } from "./village.ts";

test("twelve friends, some on slow lines that lose packets: as many boxes as was promised burn, others come back, and all is there", async (t) => {
  t.timeout(15 * 60_000);
  await using village = await Village.create(t);
  const names = Array.from({ length: 12 }, (_, number) => `f${number}`);
  const ada = await village.home("ada");
  const friends: Home[] = [];
  // A few at a time: each starts two processes and a TPM.
  for (let at = 0; at < names.length; at += 4)
    friends.push(
      ...(await Promise.all(
        names
          .slice(at, at + 4)
          .map((name, number) =>
            village.home(
              name,
              number === 0 ? { line: { delay: 40, loss: 1 } } : {},
            ),
          ),
      )),
    );
  for (const friend of friends) await befriend(ada, friend);
  await ada.friends.promise("/", 4);
  const files = await fill(ada);
  await settled(ada, 4);
  const far = await ada.friend("f0");
  t.true((far.roundTrip ?? 0) >= 80, `${far.roundTrip} ms`);
  const { friends: seen } = await ada.state();
  t.true(
    seen.every(({ keepsForMe }) => keepsForMe > 0),
    "everybody keeps something",
  );

  // Ada's box and three friends' are gone for good.
  const burnt = [0, 3, 7].map((number) => friends[number]);
  await Promise.all([ada.kill(), ...burnt.map((one) => one?.kill())]);
  const anew = await village.home("anew", {}, ada.words);
  const recovery = await anew.friends.recover(`${friends[1]?.address}:4471`);
  t.is(recovery.files, files.size);
  t.is(recovery.friends.length, 9);
  await compare(t, anew, files);
  for (const one of burnt) {
    const { id } = await anew.friend(one?.name ?? "");
    if (one !== burnt[0]) await anew.friends.change(id, { phase: "lost" });
  }
  await until("the survivors make it what was promised again", async () => {
    const { protection } = await anew.state();
    return protection.every(
      ({ survives, waiting }) => waiting === 0 && (survives ?? 0) >= 4,
    );
  });
  // One that was not burnt after all: what it has is looked through, and counts.
  await burnt[0]?.start();
  await until(
    "it is there again",
    async () => (await anew.friend("f0")).online,
  );
  const { id } = await anew.friend("f0");
  const { leaves, passed } = await anew.friends.audit(id);
  t.is(passed, leaves);
  t.true((await anew.state()).findings.every(({ kind }) => kind !== "lying"));
  await compare(t, anew, files);
});
