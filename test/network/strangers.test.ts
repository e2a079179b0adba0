/** Those who are no friends, those behind routers, and a net that is cut in two. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { compare, fill, settled } from "./files.ts";
import { until } from "./until.ts";
import { befriend, Village } from "./village.ts";

const exec = promisify(execFile);

test("a stock libp2p client pings and identifies; whoever misbehaves is cut off, and friends go on", async (t) => {
  t.timeout(15 * 60_000);
  await using village = await Village.create(t);
  const [ada, bob] = await Promise.all([
    village.home("ada"),
    village.home("bob"),
  ]);
  await befriend(ada, bob);
  const { namespace } = await village.place("stranger");
  const { peer } = (await ada.state()).me;
  const running = exec(
    "ip",
    [
      ...["netns", "exec", namespace, process.execPath],
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, "stranger.ts"),
      `/ip4/${ada.address}/tcp/4471/p2p/${peer}`,
    ],
    { maxBuffer: 2 ** 24 },
  );
  let ended = false;
  const ending = running.finally(() => {
    ended = true;
  });
  const files = await fill(ada);
  await settled(ada, 1);
  const { id } = await ada.friend("bob");
  let audits = 0;
  while (!ended && audits < 40) {
    const { leaves, passed } = await ada.friends.audit(id);
    t.is(passed, leaves);
    audits++;
    await compare(t, ada, files);
  }
  const { stdout } = await ending;
  const found = JSON.parse(stdout);
  t.true(audits > 0);
  t.true(found.ping >= 0);
  t.is(found.agent, "coppice/1");
  t.true(found.protocols.includes("/ipfs/id/1.0.0"));
  t.true(found.protocols.includes("/coppice/friend/1"));
  t.not(found.foreign, "connected");
  t.is(found.rude.bytes, 0, "nothing is answered without a hello");
  t.is(found.huge.bytes, 0);
  t.true(found.huge.milliseconds < 10_000, "a frame of 4 GiB ends it at once");
  t.is(found.slow.bytes, 0);
  t.true(found.slow.milliseconds < 40_000, "so does silence, after a while");
  t.true(found.flood <= 24, `${found.flood} of 40 strangers came in`);
  t.true((await ada.friend("bob")).online);
  t.is((await ada.state()).friends.length, 1);
});

test("a box whose clock is a year off is told so, and becomes a friend when it is set right", async (t) => {
  t.timeout(15 * 60_000);
  await using village = await Village.create(t);
  const [ada, late] = await Promise.all([
    village.home("ada"),
    village.home("late", { clock: "-365d" }),
  ]);
  const terms = { offer: 1e9, wish: 1e9 };
  const invitation = await ada.friends.invite({ name: "late", ...terms });
  await t.throwsAsync(
    late.friends.join({ invitation: invitation.words ?? "", ...terms }),
    { message: /clocks of the two boxes differ by/ },
  );
  t.is((await ada.state()).friends.length, 0, "nobody came in");
  await late.kill();
  late.clock = undefined;
  await late.start();
  await until("the box is among its friends again", async () =>
    late.state().then(
      () => true,
      () => false,
    ),
  );
  await befriend(ada, late);
  const files = await fill(ada, { "/note": 300 });
  await settled(ada, 1);
  await compare(t, ada, files);
});

test("two boxes behind routers become friends through a third, and keep each other's files", async (t) => {
  t.timeout(15 * 60_000);
  await using village = await Village.create(t);
  const [relay, bob, cem] = await Promise.all([
    village.home("relay"),
    village.home("bob", { nat: true }),
    village.home("cem", { nat: true }),
  ]);
  await befriend(relay, bob);
  await befriend(relay, cem);
  await until("bob is reached through the third", async () =>
    (await bob.state()).me.addresses.some((one) =>
      one.includes("/p2p-circuit"),
    ),
  );
  await befriend(bob, cem, 1e9, "text");
  const files = await fill(bob, { "/note": 300, "/sea": 400_000 });
  await settled(bob, 2);
  const seen = await bob.friend("cem");
  t.true(seen.online);
  t.true(seen.relayed, "there is no way but the third");
  const { leaves, passed } = await bob.friends.audit(seen.id);
  t.true(leaves > 0);
  t.is(passed, leaves);
  await compare(t, bob, files);
});

test("a net that is cut in two: both halves go on, and find each other again", async (t) => {
  t.timeout(15 * 60_000);
  await using village = await Village.create(t);
  const homes = await Promise.all(
    ["ada", "bob", "cem", "dora"].map((name) => village.home(name)),
  );
  const [ada, bob, cem, dora] = homes as [
    (typeof homes)[number],
    (typeof homes)[number],
    (typeof homes)[number],
    (typeof homes)[number],
  ];
  for (const friend of [bob, cem, dora]) await befriend(ada, friend);
  const before = await fill(ada, { "/before": 500_000 });
  await settled(ada, 3);
  await village.split([cem, dora], true);
  await until("ada sees who is away", async () => {
    const { friends } = await ada.state();
    return friends.filter(({ online }) => online).length === 1;
  });
  const during = await fill(ada, { "/during": 500_000 });
  await compare(t, ada, new Map([...before, ...during]));
  await village.split([cem, dora], false);
  await until("all are there again", async () => {
    const { friends } = await ada.state();
    return friends.every(({ online }) => online);
  });
  await settled(ada, 3);
  for (const { id } of (await ada.state()).friends)
    t.like(await ada.friends.audit(id), { leaves: 24, passed: 24 });
  t.true(
    (await ada.state()).friends.every(({ phase }) => phase === "active"),
    "to be away is no reason to be thrown out",
  );
});
