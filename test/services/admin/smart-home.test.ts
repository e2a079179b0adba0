/** The household's smart home, by a broker as Home Assistant has it. */
import test from "ava";
import { messagesOf } from "../../../services/admin/smart-home/entities.ts";
import { type BrokerStand, type Heard, startBroker } from "../../broker.ts";
import { until } from "../../network/until.ts";
import { startServices } from "../../services.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };
const discovery = /^homeassistant\/device\/coppice_[0-9a-f]{12}\/config$/;

/** The last that was heard by a topic. */
function lastOf(heard: readonly Heard[], topic: RegExp): Heard | undefined {
  return heard.findLast((one) => topic.test(one.topic));
}

const settingsFor = (
  { port, password }: BrokerStand,
  changes: Record<string, unknown> = {},
): unknown => ({
  broker: {
    ...{ host: "127.0.0.1", port, tls: false },
    ...{ user: "ada", password, ...changes },
  },
  prefix: "homeassistant",
});

test("Home Assistant's broker hears that there is a box, and how it is, until the owner says no more", async (t) => {
  t.timeout(5 * 60_000);
  await using broker = await startBroker();
  await using box = await startServices(
    { env: { NODE_EXTRA_CA_CERTS: broker.certificate } },
    t,
  );
  const { client } = box;
  await client.claim(box.code, "birch", owner);
  await client.canSpeak();
  t.deepEqual(await client.ok("GET", "/api/smart-home"), {
    settings: { broker: null, prefix: "homeassistant" },
    told: null,
    problem: null,
  });
  t.is((await client.call("POST", "/api/smart-home/tell")).status, 409);

  const heard = await broker.listen();
  const settings = settingsFor(broker);
  const state = await client.ok("PUT", "/api/smart-home", settings);
  t.is(state.settings.broker.password, null, "it is told to nobody");
  const { told } = await client.ok("POST", "/api/smart-home/tell");
  t.true(told > 0);
  await until("it is heard", async () =>
    heard.some(({ topic }) => topic.startsWith("coppice/")),
  );
  const found = lastOf(heard, discovery);
  const device = JSON.parse(found?.payload ?? "{}");
  t.is(device.device.manufacturer, "Coppice");
  const values = JSON.parse(lastOf(heard, /^coppice\//)?.payload ?? "{}");
  t.is(device.state_topic, lastOf(heard, /^coppice\//)?.topic);
  for (const [key, { platform, unique_id, value_template }] of Object.entries(
    device.components as Record<string, Record<string, string>>,
  )) {
    t.true(["sensor", "binary_sensor", "update"].includes(platform ?? ""), key);
    t.regex(unique_id ?? "", /^coppice_[0-9a-f]{12}_\w+$/);
    t.is(value_template, `{{ value_json.${key} }}`);
    t.true(key in values, key);
  }
  t.is(values.files, 0);
  t.false(values.problem);
  t.is(values.friends, 0);
  t.true(values.processor >= 0 && values.memory > 0, JSON.stringify(values));
  const { host } = await client.ok("GET", "/api/status");
  const disk = { ...host.disks[0], role: "data", available: 5e11 };
  const { discovery: twoDisks, state: theirs } = messagesOf(
    {
      host: {
        ...host,
        disks: [
          { ...disk, name: "birch 1", health: "failing" },
          { ...disk, name: "oak", health: "unknown" },
        ],
      },
      ...{ storage: null, network: null, friends: null, updates: null },
      ...{ past: null, notices: [] },
    },
    { id: "0", name: "box", pages: "https://box", prefix: "ha" },
  );
  t.like(JSON.parse(theirs.text), {
    ...{ disk_birch_1_free: 5e11, disk_birch_1_failing: true },
    ...{ disk_oak_free: 5e11, disk_oak_failing: undefined },
    ...{ internet: null, files: null, processor: null },
  });
  t.is(
    JSON.parse(twoDisks.text).components.disk_birch_1_failing.device_class,
    "problem",
  );

  const late = await broker.listen();
  t.is(lastOf(late, discovery)?.retain, 1, "kept for who comes later");
  t.false(
    late.some(({ topic, retain }) => /^coppice\//.test(topic) && retain === 1),
    "what is old is not",
  );

  // Without a password it stays; by TLS it is the one for localhost.
  const secure = settingsFor(broker, {
    ...{ host: "localhost", port: broker.tlsPort, tls: true },
  });
  await client.ok("PUT", "/api/smart-home", secure);
  await until("the box is gone from where it was", async () =>
    late.some(({ topic, payload }) => discovery.test(topic) && payload === ""),
  );
  await client.ok("POST", "/api/smart-home/tell");
  await until("and is there again", async () =>
    /Coppice/.test(lastOf(late, discovery)?.payload ?? ""),
  );
  const { told: again, problem } = await client.ok("GET", "/api/smart-home");
  t.true(again >= told);
  t.is(problem, null);
  const sofar = late.length;
  await until("it is told again by itself", async () =>
    late.slice(sofar).some(({ topic }) => topic.startsWith("coppice/")),
  );

  await client.ok("PUT", "/api/smart-home", {
    broker: null,
    prefix: "homeassistant",
  });
  await until(
    "it is taken away",
    async () => lastOf(late, discovery)?.payload === "",
  );
});

test("a broker that does not take what it is given, or is none", async (t) => {
  t.timeout(5 * 60_000);
  await using broker = await startBroker();
  await using box = await startServices({}, t);
  const { client } = box;
  await client.claim(box.code, "birch", owner);
  for (const [changes, words] of [
    [{ password: "wrong" }, /does not take this user and password/],
    [{ tls: true }, /cannot be reached/],
    [{ port: broker.tlsPort, tls: true }, /certificate/],
    [{ host: "nobody.invalid" }, /is not found|does not answer/],
  ] as const) {
    const settings = settingsFor(broker, changes);
    await client.ok("PUT", "/api/smart-home", settings);
    const { status, json } = await client.call("POST", "/api/smart-home/tell");
    t.is(status, 502);
    t.regex(json.detail, words);
    const { told, problem } = await client.ok("GET", "/api/smart-home");
    t.is(told, null);
    t.regex(problem, words);
  }
});
