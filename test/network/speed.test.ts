/** How fast a household's line is, measured with the boxes of friends. */
import test from "ava";
import { until } from "./until.ts";
import { befriend, Village } from "./village.ts";

test("a line is filled by friends' boxes in both directions, and not twice within a minute", async (t) => {
  t.timeout(10 * 60_000);
  await using village = await Village.create(t);
  const [ada, bob, cem] = await Promise.all([
    village.home("ada", { rate: 40 }),
    village.home("bob"),
    village.home("cem"),
  ]);
  const nobody = await t.throwsAsync(ada.friends.speed());
  t.like(nobody, { type: "nobody-there" });
  for (const friend of [bob, cem]) await befriend(ada, friend);
  await until("both can be reached", async () =>
    (await ada.state()).friends.every(({ online }) => online),
  );
  const [speed, another] = await Promise.all([
    ada.friends.speed(),
    t.throwsAsync(ada.friends.speed()),
  ]);
  t.like(another, { type: "measuring" });
  t.deepEqual(
    speed.friends.map(({ name, problem }) => [name, problem]).sort(),
    [
      ["bob", null],
      ["cem", null],
    ],
  );
  t.log(speed);
  // A line of 40 Mbit/s carries no more than five million bytes a second.
  for (const rate of [speed.down, speed.up]) {
    t.true(rate > 1_000_000, `${rate} bytes/s`);
    t.true(rate < 5_500_000, `${rate} bytes/s`);
  }
  const again = await ada.friends.speed();
  for (const { problem } of again.friends)
    t.regex(problem ?? "", /within the last minute/);
});
