import { statSync } from "node:fs";
import type { ExecutionContext } from "ava";
import { lease } from "../dhcp-client.ts";
import { until } from "../network/until.ts";
import { ask, type Between, succeeds } from "./between.ts";
import { expectClock } from "./clock.ts";
import { joinAir, plugRadios } from "./station.ts";
import { step } from "./step.ts";
import { expectTelling } from "./telling.ts";
import { opensPort } from "./tools.ts";

/** Lives behind a box: with what its provider gives, ports that devices open, other addresses for everybody (10.1.2.0/24 in the end), guests, and Wi-Fi. */
export async function expectHousehold(
  t: ExecutionContext,
  between: Between,
): Promise<void> {
  const { client, household, provider, first, shell } = between;
  step(t, "the provider");
  const { wan, devices, troubles } = await client.ok("GET", "/api/network/now");
  t.regex(wan.addresses.join(" "), /93\.184\.0\.5\d\/16/);
  t.is(wan.gateway, "93.184.0.1");
  t.true(
    devices.some(
      ({ address, here }: { address: string; here: boolean }) =>
        here && /^192\.168\.77\.1\d\d$/.test(address),
    ),
  );
  for (const { kind } of troubles)
    t.is(kind, "dns-dead", "this Internet has no root servers");
  t.is(
    (await household.run(...ask, "@192.168.77.1", "www.example.test")).trim(),
    "93.184.0.1",
    "by the provider's name server",
  );
  await expectClock(t, between);
  await until("the computer has an address of the delegated prefix", async () =>
    /inet6 2a0c:2:/.test(
      await household.run("ip", "-6", "addr", "show", "dev", household.tap),
    ),
  );
  await until("it reaches the Internet over IPv6", async () =>
    succeeds(between, "ping6", "-c1", "-W2", "2a0c:1::1"),
  );

  const heard = await expectTelling(t, between);

  step(t, "what goes past the rules, once they let it through, and is counted");
  const file = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3";
  let seen = false;
  const watching = shell(
    "timeout 120 sh -c 'until grep -q \"dport=80 .*OFFLOAD\" /proc/net/nf_conntrack; do sleep 0.1; done'",
  ).finally(() => {
    seen = true;
  });
  // What goes wrong is told where it is waited for, below.
  watching.catch(() => {});
  // Again where one is over before the terminal is there to see it.
  do
    await household.run(
      ...(["curl", "-s", "--fail", "-o", "/dev/null"] as const),
      ...(["--limit-rate", "500K"] as const),
      `http://${provider.address}${file}`,
    );
  while (!seen);
  await watching;
  const after = await client.ok("GET", "/api/network/now");
  t.true(
    after.devices.some(
      ({ address, received }: { address: string; received: number }) =>
        address === first && received > statSync(file).size,
    ),
  );

  step(t, "a port that a device opens for itself");
  const { document } = await client.ok("GET", "/api/network");
  document.upnp = true;
  await client.keepNetwork(document);
  await until("it is redirected", async () =>
    (
      await household
        .run("upnpc", "-m", household.tap, "-a", first, "3000", "4000", "tcp")
        .catch(() => "")
    ).includes("is redirected"),
  );
  t.like((await client.ok("GET", "/api/network/now")).opened, [
    { protocol: "TCP", port: 4000, address: first, toPort: 3000 },
  ]);

  step(t, "another address for the box, that nobody confirms");
  const moved = structuredClone(document);
  Object.assign(moved.lans[0], {
    address: "10.1.2.1/24",
    dhcp: { from: "10.1.2.50", to: "10.1.2.99", minutes: 60 },
  });
  moved.lans.push({
    id: "guest",
    name: "Guests",
    vlan: 20,
    address: "10.1.3.1/24",
    guest: true,
    dhcp: { from: "10.1.3.50", to: "10.1.3.99", minutes: 60 },
    reservations: [],
  });
  const answers = async (address: string): Promise<boolean> =>
    await succeeds(
      between,
      ...(["curl", "-sk", "--max-time", "20"] as const),
      `https://${address}/api/session`,
    );
  await client.ok("POST", "/api/network/trial", {
    document: moved,
    seconds: 30,
  });
  await until("it is taken back", async () => {
    // A connection may break off while addresses change.
    const state = await client.call("GET", "/api/network").catch(() => null);
    return state?.status === 200 && state.json.trial === null;
  });
  t.false(await answers("10.1.2.1"));
  t.notRegex(await shell("ip -brief link | cat"), /lan-guest/);

  step(t, "the same, confirmed from the new address");
  const { token } = await client.ok("POST", "/api/network/trial", {
    document: moved,
    seconds: 600,
  });
  await until("the box answers there too, with the old lease", async () =>
    answers("10.1.2.1"),
  );
  await household.run(
    ...(["curl", "-sk", "--fail", "--max-time", "60"] as const),
    ...(["--json", JSON.stringify({ token })] as const),
    "https://10.1.2.1/api/network/confirm",
  );
  t.like(await client.ok("GET", "/api/network"), {
    current: 2,
    former: ["192.168.77.1"],
    trial: null,
  });
  const renewed = await lease(household.namespace, household.tap);
  t.regex(renewed, /^10\.1\.2\.\d\d$/);
  await until("a port is opened from there too", async () =>
    (
      await household
        .run("upnpc", "-m", household.tap, "-a", renewed, "3000", "4001", "tcp")
        .catch(() => "")
    ).includes("is redirected"),
  );
  t.true(await answers("10.1.2.1"));
  // This test's own connections are still those of the computer with the first lease.
  await household.run("ip", "addr", "add", `${first}/24`, "dev", household.tap);

  step(t, "guests, by a tagged device at the LAN ports");
  await shell(
    "ip netns add visitor && ip link add v0 type veth peer name v1 netns visitor && ip link set v0 master lan-home up && ip -n visitor link set v1 up && ip -n visitor link add link v1 name v1.20 type vlan id 20 && ip -n visitor addr add 10.1.3.7/24 dev v1.20 && ip -n visitor link set v1.20 up && ip -n visitor route add default via 10.1.3.1",
  );
  const visitor = async (address: string, port: number): Promise<boolean> =>
    await opensPort(shell, "visitor", address, port);
  t.true(await visitor("10.1.3.1", 53), "names");
  t.true(await visitor("93.184.0.1", 80), "the Internet");
  t.false(await visitor("10.1.3.1", 443), "not the pages");
  t.false(await visitor("10.1.2.1", 443), "nor by the other address");

  step(t, "a phone by Wi-Fi, at home and as a guest");
  await plugRadios(provider, shell);
  const { adapters } = await client.ok("GET", "/api/network/now");
  t.is(adapters.length, 2);
  const aired = (await client.ok("GET", "/api/network")).document;
  aired.wifi = {
    country: "DE",
    radios: adapters.map(({ proposed }: { proposed: object }) => proposed),
    networks: [
      {
        ssid: "Birch",
        password: "three words apart",
        security: "wpa2-wpa3",
        lan: "home",
      },
      {
        ssid: "Guests",
        password: "come in, all of you",
        security: "wpa2",
        lan: "guest",
      },
    ],
  };
  const air = await client.ok("POST", "/api/network/trial", {
    document: aired,
    seconds: 600,
  });
  await until("both bands are on the air", async () => {
    const now = await client.ok("GET", "/api/network/now");
    return (
      now.troubles.every(({ kind }: { kind: string }) => kind === "dns-dead") &&
      now.adapters.every(
        ({ channel }: { channel: number | null }) => channel !== null,
      )
    );
  });
  await client.ok("POST", "/api/network/confirm", { token: air.token });
  t.regex(
    await joinAir(shell, "Birch", "three words apart", true),
    /^10\.1\.2\.\d\d$/,
    "by WPA3",
  );
  const phoned = async (address: string, port: number): Promise<boolean> =>
    await opensPort(shell, "phone", address, port);
  t.true(await phoned("10.1.2.1", 443), "at home");
  t.true(await phoned("93.184.0.1", 80), "and the Internet");
  const near = await client.ok("GET", "/api/network/now");
  t.true(
    near.devices.some(
      ({ signal }: { signal: number | null }) => signal !== null && signal < 0,
    ),
    "the page says how well it is heard",
  );
  t.regex(
    await joinAir(shell, "Guests", "come in, all of you", false),
    /^10\.1\.3\.\d\d$/,
    "by WPA2",
  );
  t.true(await phoned("93.184.0.1", 80), "the Internet");
  t.false(await phoned("10.1.2.1", 443), "and not the pages");
  await shell("systemctl stop phone");

  await until("the owner was told that no names are found", async () =>
    (await heard()).some(
      ({ kind, words }) => kind === "line-down" && /Names/.test(words),
    ),
  );
  t.is(
    await shell(
      "cat /sys/class/net/wan0/threaded /sys/class/net/lan0/threaded",
    ),
    "1\n1\n",
    "a full line leaves the processor to others too",
  );
  t.is(
    (await shell("sysctl -n net.netfilter.nf_conntrack_max")).trim(),
    "262144",
    "connections that the box can know",
  );
}
