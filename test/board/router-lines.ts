import type { ExecutionContext } from "ava";
import { until } from "../network/until.ts";
import { ask, type Between, succeeds } from "./between.ts";
import {
  customer,
  delegatePrefixes,
  endPppoe,
  lineIpv6,
  lookAtPppoe,
  resumePppoe,
  startPppoe,
  stopPppoe,
} from "./pppoe.ts";
import { step } from "./step.ts";

/** Gives a box a list of names to block, and a line with a name and a password; then its first line and addresses again, with the guests and a port that leads to the computer. */
export async function expectOtherLines(
  t: ExecutionContext,
  between: Between,
): Promise<void> {
  const { client, household, provider, first, shell, folder } = between;
  step(t, "a list of names that nobody at home is to reach");
  const certificate = await provider.say("0.0.0.0 example.test\n", folder);
  await shell(
    `mkdir -p /run/systemd/system/coppice-lists.service.d && cat > /run/lists.pem <<'END'\n${certificate}END\nchmod 644 /run/lists.pem && printf '[Service]\\nEnvironment=NODE_EXTRA_CA_CERTS=/run/lists.pem\\n' > /run/systemd/system/coppice-lists.service.d/ca.conf && systemctl daemon-reload`,
  );
  t.is(
    (await household.run(...ask, "@10.1.2.1", "www.example.test")).trim(),
    "93.184.0.1",
  );
  const blocking = (await client.ok("GET", "/api/network")).document;
  blocking.dns.lists = [{ name: "Examples", url: "https://93.184.0.1/list" }];
  await client.keepNetwork(blocking);
  await until("its names are not found", async () =>
    /NXDOMAIN/.test(
      await household.run("dig", "+tries=9", "@10.1.2.1", "www.example.test"),
    ),
  );
  t.like((await client.ok("GET", "/api/network/now")).lists, [
    { names: 1, problem: null },
  ]);

  step(t, "a provider who wants a name and a password (PPPoE)");
  await startPppoe(provider, shell, folder);
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
    (await household.run(...ask, "@10.1.2.1", "www.ppp.test")).trim(),
    "93.185.0.1",
    "by the name server that the line was told",
  );
  t.true(
    await succeeds(between, "ping", "-c1", "-W5", "93.185.0.1"),
    "a computer reaches the Internet through it",
  );
  t.regex(await shell("ip -6 addr show dev wan-ppp | cat"), /inet6 fe80/);
  await delegatePrefixes(shell);
  await until("it reaches the Internet over the line's IPv6", async () =>
    succeeds(between, "ping6", "-c1", "-W2", lineIpv6.far),
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
    succeeds(between, "ping", "-c1", "-W5", "93.185.0.1"),
  ).catch(async (error: unknown) => {
    t.log(await lookAtPppoe(shell));
    throw error;
  });
  t.notRegex(
    await shell("journalctl --no-pager -u coppice-pppoe -u coppice-host | cat"),
    /\\c #d/,
    "the password is in no log",
  );
  t.is(
    await shell("stat -c %a /run/coppice/network/secret/pppoe.conf"),
    "600\n",
  );

  step(t, "DHCP again");
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

  step(
    t,
    "as it was at first, but for guests, and a port that leads to a computer",
  );
  const { forwards: _, ...document } = await client.ok(
    "GET",
    "/api/network/history/1",
  );
  await client.keepNetwork({
    ...document,
    upnp: false,
    lans: [document.lans[0], wish.lans[1]],
    forwards: [
      {
        name: "Web",
        protocol: "tcp",
        port: 8080,
        address: first,
        toPort: 80,
      },
    ],
  });
  t.is(
    (
      await shell("systemctl --failed --no-legend --plain --no-pager | cat")
    ).trim(),
    "",
  );
}
