/** The box as a household's router, in the emulated board. Needs root (network namespaces) and QEMU. */
import { statSync } from "node:fs";
import test from "ava";
import { BoxClient } from "../box-client.ts";
import { lease } from "../dhcp-client.ts";
import { until } from "../network/until.ts";
import { Household } from "./household.ts";
import { Machine } from "./machine.ts";
import {
  customer,
  delegatePrefixes,
  endPppoe,
  lineIpv6,
  resumePppoe,
  startPppoe,
  stopPppoe,
} from "./pppoe.ts";
import { Provider } from "./provider.ts";
import { joinAir, plugRadios } from "./station.ts";

const owner = { name: "Ada", password: "correct horse battery" };

test("a household behind the box: a lease and a prefix from the provider, a change that moves everybody, one that is taken back, guests, a port", async (t) => {
  t.timeout(40 * 60_000);
  await using machine = await Machine.create(() => {});
  await using household = await Household.create();
  await using provider = await Provider.create(household, machine.folder);
  await using box = await machine.boot({
    lan: household,
    wanTap: provider.tap,
  });
  const first = await household.lease();
  t.regex(first, /^192\.168\.77\.1\d\d$/);
  await using client = new BoxClient(
    "https://192.168.77.1",
    await household.relay(machine.folder),
  );
  await client.claim(box.code(), "BIRCH1", owner);
  const shell = async (command: string): Promise<string> => {
    const { output, status } = await client.shell(owner.password, command);
    t.is(status, 0, `${command}: ${output}`);
    return output;
  };
  const succeeds = async (...command: [string, ...string[]]) =>
    await household.run(...command).then(
      () => true,
      () => false,
    );

  t.log("the provider");
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
  const name = ["dig", "+short", "+tries=9", "@192.168.77.1"] as const;
  t.is(
    (await household.run(...name, "www.example.test")).trim(),
    "93.184.0.1",
    "by the provider's name server",
  );
  await until("the computer has an address of the delegated prefix", async () =>
    /inet6 2a0c:2:/.test(
      await household.run("ip", "-6", "addr", "show", "dev", household.tap),
    ),
  );
  await until("it reaches the Internet over IPv6", async () =>
    succeeds("ping6", "-c1", "-W2", "2a0c:1::1"),
  );

  t.log("what goes past the rules, once they let it through, and is counted");
  const file = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3";
  const download = household.run(
    ...(["curl", "-s", "--fail", "-o", "/dev/null"] as const),
    ...(["--limit-rate", "200K", `http://${provider.address}${file}`] as const),
  );
  await until("the flow table has it", async () =>
    /dport=80 .*\[OFFLOAD\]/.test(await shell("cat /proc/net/nf_conntrack")),
  );
  await download;
  const after = await client.ok("GET", "/api/network/now");
  t.true(
    after.devices.some(
      ({ address, received }: { address: string; received: number }) =>
        address === first && received > statSync(file).size,
    ),
  );

  const ask = ["dig", "+short", "+tries=9", "@10.1.2.1"] as const;

  t.log("a port that a device opens for itself");
  const { document } = await client.ok("GET", "/api/network");
  document.upnp = true;
  const allowed = await client.ok("POST", "/api/network/trial", { document });
  await client.ok("POST", "/api/network/confirm", { token: allowed.token });
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

  t.log("another address for the box, that nobody confirms");
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

  t.log("the same, confirmed from the new address");
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

  t.log("guests, by a tagged device at the LAN ports");
  await shell(
    "ip netns add visitor && ip link add v0 type veth peer name v1 netns visitor && ip link set v0 master lan-home up && ip -n visitor link set v1 up && ip -n visitor link add link v1 name v1.20 type vlan id 20 && ip -n visitor addr add 10.1.3.7/24 dev v1.20 && ip -n visitor link set v1.20 up && ip -n visitor route add default via 10.1.3.1",
  );
  const visitor = async (address: string, port: number): Promise<boolean> =>
    /open/.test(
      await shell(
        `ip netns exec visitor timeout 10 bash -c 'exec 3<>/dev/tcp/${address}/${port}' && echo open || echo shut`,
      ),
    );
  t.true(await visitor("10.1.3.1", 53), "names");
  t.true(await visitor("93.184.0.1", 80), "the Internet");
  t.false(await visitor("10.1.3.1", 443), "not the pages");
  t.false(await visitor("10.1.2.1", 443), "nor by the other address");

  t.log("a phone by Wi-Fi, at home and as a guest");
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
  const phoned = async (where: string, port: number): Promise<boolean> =>
    /open/.test(
      await shell(
        `ip netns exec phone timeout 10 bash -c 'exec 3<>/dev/tcp/${where}/${port}' && echo open || echo shut`,
      ),
    );
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

  t.is(
    (await shell("sysctl -n net.netfilter.nf_conntrack_max")).trim(),
    "262144",
    "connections that the box can know",
  );

  t.log("a port that leads to a computer, and what else the Internet sees");
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
  const second = await client.ok("POST", "/api/network/trial", {
    document: now,
  });
  await client.ok("POST", "/api/network/confirm", { token: second.token });
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

  t.log("a phone on the Internet comes home, by what the QR code says");
  await provider.comeHome(configuration, machine.folder);
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

  t.log("a friend's household, a name that follows the address");
  const { publicKey } = await client.ok("GET", "/api/network/key");
  const friend = await provider.neighbour(
    { publicKey, address, network: "10.1.2.0/24" },
    machine.folder,
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
  const joined = await client.ok("POST", "/api/network/trial", {
    document: more,
  });
  await client.ok("POST", "/api/network/confirm", { token: joined.token });
  await until("a computer here reaches the friend's", async () =>
    succeeds("ping", "-c1", "-W5", "192.168.200.1"),
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

  t.log("what the box sees of the Internet");
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

  t.log("a list of names that nobody at home is to reach");
  const certificate = await provider.say(
    "0.0.0.0 example.test\n",
    machine.folder,
  );
  await shell(
    `mkdir -p /run/systemd/system/coppice-lists.service.d && cat > /run/lists.pem <<'END'\n${certificate}END\nchmod 644 /run/lists.pem && printf '[Service]\\nEnvironment=NODE_EXTRA_CA_CERTS=/run/lists.pem\\n' > /run/systemd/system/coppice-lists.service.d/ca.conf && systemctl daemon-reload`,
  );
  t.is((await household.run(...ask, "www.example.test")).trim(), "93.184.0.1");
  const blocking = (await client.ok("GET", "/api/network")).document;
  blocking.dns.lists = [{ name: "Examples", url: "https://93.184.0.1/list" }];
  const blocked = await client.ok("POST", "/api/network/trial", {
    document: blocking,
  });
  await client.ok("POST", "/api/network/confirm", { token: blocked.token });
  await until("its names are not found", async () =>
    /NXDOMAIN/.test(
      await household.run("dig", "+tries=9", "@10.1.2.1", "www.example.test"),
    ),
  );
  t.like((await client.ok("GET", "/api/network/now")).lists, [
    { names: 1, problem: null },
  ]);

  t.log("a provider who wants a name and a password (PPPoE)");
  await startPppoe(provider, shell, machine.folder);
  const wish = (await client.ok("GET", "/api/network")).document;
  wish.wan.ipv4 = { kind: "pppoe", ...customer };
  wish.wan.upload = null;
  const third = await client.ok("POST", "/api/network/trial", {
    document: wish,
    seconds: 600,
  });
  const line = async (): Promise<{
    addresses: string[];
    gateway: string | null;
  }> => (await client.ok("GET", "/api/network/now")).wan;
  await until("the line is up", async () => {
    const { addresses, gateway } = await line();
    return gateway === "93.185.0.1" && addresses.includes("93.185.0.10/32");
  });
  await client.ok("POST", "/api/network/confirm", { token: third.token });
  t.is(
    (await household.run(...ask, "www.ppp.test")).trim(),
    "93.185.0.1",
    "by the name server that the line was told",
  );
  t.true(
    await succeeds("ping", "-c1", "-W5", "93.185.0.1"),
    "a computer reaches the Internet through it",
  );
  await delegatePrefixes(shell);
  await until("it reaches the Internet over the line's IPv6", async () =>
    succeeds("ping6", "-c1", "-W2", lineIpv6.far),
  );
  t.true(
    (
      await household.run("ip", "-6", "addr", "show", "dev", household.tap)
    ).includes(lineIpv6.prefixes),
    "by an address of the line's prefix",
  );
  await stopPppoe(shell);
  await until("the page says that the line is down", async () => {
    const { troubles } = await client.ok("GET", "/api/network/now");
    return troubles.some(
      ({ kind, advice }: { kind: string; advice: string }) =>
        kind === "no-address" && /password/.test(advice),
    );
  });
  await resumePppoe(shell);
  await until("it is up again by itself", async () =>
    succeeds("ping", "-c1", "-W5", "93.185.0.1"),
  );
  t.notRegex(
    await shell("journalctl --no-pager -u coppice-pppoe -u coppice-host | cat"),
    /\\c #d/,
    "the password is in no log",
  );
  t.is(
    await shell("stat -c %a /run/coppice/network/secret/pppoe.conf"),
    "600\n",
  );

  t.log("DHCP again");
  await endPppoe(shell);
  wish.wan.ipv4 = { kind: "dhcp" };
  const fourth = await client.ok("POST", "/api/network/trial", {
    document: wish,
    seconds: 600,
  });
  await until("the provider's lease is there", async () =>
    (await line()).addresses.some((one) => one.startsWith("93.184.0.5")),
  );
  await client.ok("POST", "/api/network/confirm", { token: fourth.token });
  t.notRegex(await shell("ip -brief link | cat"), /wan-ppp/);

  // What runs still reads the folders that this puts anew, so it is last.
  t.log("the next boot begins with it");
  t.regex(
    await shell(
      "systemctl restart coppice-network && cat /run/coppice/network/networkd/30-home.network && nft list chain inet coppice destination",
    ),
    /Address=10\.1\.2\.1\/24[\s\S]*dport 8080 dnat ip to 10\.1\.2\./,
  );
  t.is(
    (
      await shell("systemctl --failed --no-legend --plain --no-pager | cat")
    ).trim(),
    "",
  );
});
