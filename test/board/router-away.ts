import type { ExecutionContext } from "ava";
import { until } from "../network/until.ts";
import { type Between, succeeds } from "./between.ts";
import { step } from "./step.ts";

/** Looks at a box from the Internet, comes home from there by WireGuard, and joins a friend's household; and looks at the Internet from the box. */
export async function expectReachedFromAway(
  t: ExecutionContext,
  between: Between,
): Promise<void> {
  const { client, household, provider, shell, folder } = between;
  step(t, "a port that leads to a computer, and what else the Internet sees");
  const now = (await client.ok("GET", "/api/network")).document;
  const own =
    (await household.run("hostname", "-I"))
      .split(" ")
      .find((address) => address.startsWith("10.1.2.")) ?? "";
  now.forwards.push({
    name: "Web",
    protocol: "tcp",
    port: 8080,
    address: own,
    toPort: 80,
  });
  now.wan.upload = 20_000;
  now.wan.download = 30_000;
  const { wan } = await client.ok("GET", "/api/network/now");
  const [address = ""] = /93\.184\.0\.5\d/.exec(wan.addresses.join(" ")) ?? [];
  now.vpn = {
    port: 51820,
    address: "10.77.0.1/24",
    endpoint: address,
    phones: [],
    sites: [],
  };
  const { phone, configuration } = await client.ok(
    "POST",
    "/api/network/phone",
    { vpn: now.vpn, name: "Ada's phone" },
  );
  now.vpn.phones.push(phone);
  await client.keepNetwork(now);
  const seen = await provider.run(
    ...(["nmap", "-n", "-Pn", "-T4", "--max-retries", "2"] as const),
    ...(["-p", "22,53,80,443,445,4471,8080", address] as const),
  );
  t.deepEqual(
    [...seen.matchAll(/^(\d+)\/tcp +(\S+)/gm)].map(([, port, state]) => [
      port,
      state,
    ]),
    [
      ["22", "filtered"],
      ["53", "filtered"],
      ["80", "filtered"],
      ["443", "filtered"],
      ["445", "filtered"],
      ["4471", "open"],
      // Nobody listens on the computer, and it is the computer that says so.
      ["8080", "closed"],
    ],
  );

  step(t, "a phone on the Internet comes home, by what the QR code says");
  await provider.comeHome(configuration, folder);
  await until("it reaches the pages through the tunnel", async () =>
    provider
      .run("curl", "-sk", "--max-time", "20", "https://10.77.0.1/api/session")
      .then(
        (said) => said.includes("claimed"),
        () => false,
      ),
  );
  t.is(
    (
      await provider.run(
        ...(["dig", "+short", "+tries=9", "@10.77.0.1"] as const),
        "coppice.home.arpa",
      )
    ).trim(),
    "10.1.2.1",
  );
  t.regex(
    await shell("tc qdisc show dev wan0 | cat"),
    /cake .*bandwidth 20Mbit/,
    "the upload's queue is kept short",
  );
  await until("what comes is led through a queue of the box", async () =>
    /wan-down/.test(await shell("tc filter show dev wan0 ingress | cat")),
  );
  t.regex(
    await shell(
      "tc qdisc show dev wan-down | cat; tc filter show dev wan0 ingress | cat",
    ),
    /cake .*bandwidth 30Mbit[\s\S]*Redirect to device wan-down/i,
    "and the download's",
  );
  t.regex(
    await shell("tc -s qdisc show dev wan-down | cat"),
    /Sent [1-9]\d* bytes/,
    "through which what comes is led",
  );

  step(t, "a friend's household, a name that follows the address");
  const { publicKey } = await client.ok("GET", "/api/network/key");
  const friend = await provider.neighbour(
    { publicKey, address, network: "10.1.2.0/24" },
    folder,
  );
  const more = (await client.ok("GET", "/api/network")).document;
  more.vpn.sites.push({
    name: "Zoe",
    publicKey: friend,
    endpoint: "93.184.0.1:51999",
    networks: ["192.168.200.1/24"],
  });
  more.dynamicName = {
    service: "other",
    server: "93.184.0.1",
    name: "ada.example.test",
    user: "ada",
    password: "secret",
  };
  await client.keepNetwork(more);
  await until("a computer here reaches the friend's", async () =>
    succeeds(between, "ping", "-c1", "-W5", "192.168.200.1"),
  );
  const there = async (...command: [string, ...string[]]): Promise<boolean> =>
    await provider.run(...command).then(
      () => true,
      () => false,
    );
  t.true(await there("ping", "-c1", "-W5", own), "and is reached from there");
  t.true(await there("ping", "-c1", "-W5", "10.1.2.1"));
  t.false(
    await there("curl", "-sk", "--max-time", "5", "https://10.1.2.1/"),
    "the friend's household does not see the pages",
  );
  await shell(
    "systemctl start coppice-lan-check && test ! -e /run/coppice-lan-check/other",
  );
  await until("the daemons run", async () =>
    /^active\nactive\nactive\n$/.test(
      await shell(
        "systemctl is-active coppice-dynamic-name coppice-upnp coppice-download || true",
      ),
    ),
  );

  step(t, "what the box sees of the Internet");
  t.like(
    await client.ok("POST", "/api/network/look", {
      tool: "ping",
      target: "93.184.0.1",
    }),
    { address: "93.184.0.1", sent: 5 },
  );
  const { hops } = await client.ok("POST", "/api/network/look", {
    tool: "path",
    target: "93.184.0.1",
  });
  t.is(hops.at(-1).address, "93.184.0.1");
  t.deepEqual(
    (
      await client.ok("POST", "/api/network/look", {
        tool: "names",
        target: "www.example.test",
      })
    ).records,
    [{ type: "A", value: "93.184.0.1" }],
  );

  const minutes = await client.ok("GET", "/api/network/line");
  t.true(
    minutes.some(
      ({ up, received }: { up: boolean; received: number }) =>
        up && received > 0,
    ),
    "the line's past",
  );
}
