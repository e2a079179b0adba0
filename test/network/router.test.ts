/** A household behind the router: what its devices get, what they reach, what reaches them, and changes that are taken back. Needs root. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import {
  defaultNetwork,
  type Forward,
  type Lan,
  type Network,
} from "../../services/host/network/document.ts";
import { HomeNetwork } from "../../services/host/network/home-network.ts";
import { movedTo } from "../../services/host/network/ranges.ts";
import { lease } from "../dhcp-client.ts";
import { temporaryFolder } from "../folder.ts";
import { inside } from "../namespaces.ts";
import { Street } from "./street.ts";
import { until } from "./until.ts";

const unitFile = "usr/lib/systemd/system/coppice-lan-check.service";
const hookFile = "usr/libexec/coppice/note-dhcp-server";

const printer = "52:54:00:00:00:07";

/** A household with guests, a printer, names, and a port that leads to a computer. */
function household(): Network {
  const network = structuredClone(defaultNetwork);
  const [home] = network.lans as [Lan];
  home.reservations.push({
    mac: printer,
    address: "192.168.77.20",
    name: "printer",
  });
  network.lans.push({
    ...structuredClone(home),
    id: "guest",
    name: "Guests",
    vlan: 20,
    address: "192.168.78.1/24",
    guest: true,
    dhcp: { from: "192.168.78.50", to: "192.168.78.60", minutes: 30 },
    reservations: [],
  });
  network.dns.names.push({ name: "nas", address: "192.168.77.9" });
  network.dns.blocked.push("ads.example");
  network.forwards.push({
    name: "Printer's page",
    protocol: "tcp",
    port: 8080,
    address: "192.168.77.20",
    toPort: 80,
  });
  return network;
}

/** A TCP server that says who it is and who called. */
function answer(street: Street, namespace: string, port: number, name: string) {
  street.serve(
    namespace,
    process.execPath,
    "-e",
    `require("node:net").createServer((socket) => { socket.on("error", () => {}); socket.end("${name} to " + socket.remoteAddress); }).listen(${port}, "0.0.0.0")`,
  );
}

/** What a server says; undefined where nobody answers within three seconds. */
async function call(
  from: string,
  address: string,
  port: number,
): Promise<string | undefined> {
  return await inside(
    from,
    process.execPath,
    "-e",
    `const socket = require("node:net").connect(${port}, "${address}"); socket.setTimeout(3000, () => socket.destroy(new Error("nobody"))); socket.on("error", () => process.exit(1)); socket.pipe(process.stdout)`,
  ).catch(() => undefined);
}

/** Calls until somebody answers: a server has just been started. */
async function reach(
  t: ExecutionContext,
  from: string,
  address: string,
  port: number,
): Promise<string | undefined> {
  for (const ends = performance.now() + 60_000; performance.now() < ends; ) {
    const said = await call(from, address, port);
    if (said !== undefined) return said;
  }
  return void t.fail(`nobody answers at ${address}:${port}`);
}

async function dig(from: string, name: string): Promise<string> {
  return (
    await inside(
      from,
      ...(["dig", "+short", "+tries=5", "@192.168.77.1", name] as const),
    )
  ).trim();
}

async function open(folder: string, street: Street): Promise<HomeNetwork> {
  return await HomeNetwork.open(
    folder,
    street,
    join(folder, "key"),
    (error) => {
      throw error;
    },
  );
}

test("devices get addresses and names, reach the Internet, and are reached where the owner opened a port; guests reach nothing else", async (t) => {
  t.timeout(8 * 60_000);
  await using folder = await temporaryFolder();
  await using street = await Street.create(folder.path);
  await using network = await open(folder.path, street);
  const { token } = await network.try({
    document: household(),
    who: "Ada",
    seconds: 600,
  });
  await network.confirm(token);

  const laptop = await street.computer("laptop", "lan-home");
  const device = await street.computer("printer", "lan-home", printer);
  const guest = await street.computer("guest", "lan-guest");
  t.regex(await lease(laptop, "eth0", "laptop"), /^192\.168\.77\.1\d\d$/);
  t.is(await lease(device, "eth0", "whatever"), "192.168.77.20");
  t.regex(await lease(guest, "eth0"), /^192\.168\.78\.(5\d|60)$/);

  // A computer that sleeps hears its own address, by its card.
  const heard = join(folder.path, "heard");
  street.serve(
    device,
    process.execPath,
    "-e",
    `require("node:dgram").createSocket("udp4").on("message", (packet) => require("node:fs").writeFileSync(${JSON.stringify(heard)}, packet.toString("hex"))).bind(9)`,
  );
  await until("the printer is woken", async () => {
    await inside(
      street.router,
      process.execPath,
      join(import.meta.dirname, "wake.ts"),
      ...[printer, "192.168.77.1/24"],
    );
    return await readFile(heard, "utf8").then(
      (packet) =>
        packet === "f".repeat(12) + printer.replaceAll(":", "").repeat(16),
      () => false,
    );
  });
  answer(street, street.internet, 80, "www");
  answer(street, device, 80, "printer");
  answer(street, street.router, 443, "box");

  t.log("names");
  const own = await dig(laptop, "laptop.home.arpa");
  t.regex(own, /^192\.168\.77\.1\d\d$/, "by the name that it gave itself");
  t.is(await dig(laptop, "printer.home.arpa"), "192.168.77.20");
  t.is(await dig(laptop, "nas.home.arpa"), "192.168.77.9");
  t.is(await dig(laptop, "coppice.home.arpa"), "192.168.77.1");
  t.is(await dig(laptop, "www.example.org"), "93.184.0.1");
  t.is(await dig(laptop, "tracker.ads.example"), "");
  t.is(
    await dig(laptop, "rebound.example.org"),
    "",
    "no name of the Internet leads into the household",
  );
  await street.computer("impostor", "lan-home").then(async (impostor) => {
    t.regex(await lease(impostor, "eth0", "coppice"), /^192\.168\.77\./);
    t.is(await dig(laptop, "coppice.home.arpa"), "192.168.77.1");
  });

  t.log("outwards");
  t.is(
    await reach(t, laptop, "93.184.0.1", 80),
    "www to 93.184.0.2",
    "by the box's address",
  );
  t.is(await reach(t, guest, "93.184.0.1", 80), "www to 93.184.0.2");
  t.regex((await reach(t, laptop, "192.168.77.1", 443)) ?? "", /^box to /);

  const counted = await inside(
    street.router,
    ...(["nft", "list", "set", "netdev", "traffic", "received"] as const),
  );
  t.regex(counted, /192\.168\.78\.(5\d|60) counter packets [1-9]/);

  t.log("inwards");
  t.is(
    await reach(t, street.internet, "93.184.0.2", 8080),
    "printer to 93.184.0.1",
  );
  t.is(
    await reach(t, laptop, "93.184.0.2", 8080),
    "printer to 192.168.77.1",
    "from inside by the address that the Internet knows",
  );
  t.is(await call(street.internet, "93.184.0.2", 443), undefined);
  await inside(
    street.internet,
    ...(["ip", "route", "add", "192.168.77.0/24", "via"] as const),
    "93.184.0.2",
  );
  t.is(
    await call(street.internet, "192.168.77.20", 80),
    undefined,
    "not past the box",
  );

  t.log("guests");
  for (const [address, port] of [
    ["192.168.77.1", 443],
    ["192.168.78.1", 443],
    ["192.168.77.20", 80],
  ] as const)
    t.is(await call(guest, address, port), undefined, `${address}:${port}`);
  t.is(
    (
      await inside(
        guest,
        ...(["dig", "+short", "+tries=5", "@192.168.78.1"] as const),
        "www.example.org",
      )
    ).trim(),
    "93.184.0.1",
  );

  t.log("what nmap sees");
  const ports = async (
    from: string,
    address: string,
    ...how: string[]
  ): Promise<string[]> => {
    const seen = await inside(
      from,
      ...(["nmap", "-n", "-Pn", "-T4", "--max-retries", "1"] as const),
      ...how,
      address,
    );
    return [...seen.matchAll(/^(\d+\/\w+)\s+open\s/gm)].map(
      ([, port]) => port as string,
    );
  };
  t.deepEqual(await ports(street.internet, "93.184.0.2", "-p1-1000"), []);
  t.deepEqual(await ports(guest, "192.168.78.1", "-p1-1000"), ["53/tcp"]);
  t.deepEqual(await ports(laptop, "192.168.77.1", "-p1-1000"), [
    "53/tcp",
    "443/tcp",
  ]);
});

test("devices open ports for themselves where the owner lets them, and for nobody else", async (t) => {
  t.timeout(8 * 60_000);
  await using folder = await temporaryFolder();
  await using street = await Street.create(folder.path);
  await using network = await open(folder.path, street);
  const laptop = await street.computer("laptop", "lan-home");
  const guest = await street.computer("guest", "lan-guest");
  const keep = async (change: (document: Network) => void): Promise<void> => {
    const document = structuredClone((await network.state()).document);
    change(document);
    const { token } = await network.try({ document, who: "Ada", seconds: 600 });
    await network.confirm(token);
  };
  await keep((document) => Object.assign(document, household()));
  const own = await lease(laptop, "eth0", "laptop");
  await lease(guest, "eth0");
  answer(street, laptop, 3000, "game");
  /** What the stock client is told. @param from its namespace */
  const upnpc = async (from: string, ...args: string[]): Promise<string> =>
    await inside(from, "upnpc", "-m", "eth0", ...args).catch(
      (error: { stdout?: string; stderr?: string }) =>
        `${error.stdout}${error.stderr}`,
    );
  t.regex(await upnpc(laptop, "-l"), /No (IGD|valid UPNP)/, "off by default");

  await keep((document) => {
    document.upnp = true;
  });
  await until("the router is found by UPnP", async () =>
    (await upnpc(laptop, "-s")).includes("ExternalIPAddress = 93.184.0.2"),
  );
  t.regex(
    await upnpc(laptop, "-e", "a game", "-a", own, "3000", "4000", "tcp"),
    /external 93\.184\.0\.2:4000 TCP is redirected to internal/,
  );
  t.is(
    await reach(t, street.internet, "93.184.0.2", 4000),
    "game to 93.184.0.1",
  );
  t.regex(
    await readFile(street.openings, "utf8"),
    new RegExp(`^TCP:4000:${own}:3000:\\d+:a game$`, "m"),
  );
  for (const [words, ...args] of [
    ["for another device", "192.168.77.20", "80", "4001"],
    ["below 1024", own, "3000", "443"],
    ["where friends' boxes call", own, "3000", "4471"],
    ["that the owner forwards", own, "3000", "8080"],
  ] as const)
    t.notRegex(
      await upnpc(laptop, "-a", ...args, "tcp"),
      /is redirected/,
      words,
    );
  t.regex(await upnpc(guest, "-s"), /No (IGD|valid UPNP)/, "not for guests");

  t.log("another change of the rules keeps what is open");
  await keep((document) => {
    document.dns.names.push({ name: "radio", address: "192.168.77.8" });
    document.forwards[0] = { ...(document.forwards[0] as Forward), port: 8081 };
  });
  t.is(
    await reach(t, street.internet, "93.184.0.2", 4000),
    "game to 93.184.0.1",
  );

  t.log("while the box still answers on the address that it had before");
  await keep((document) => {
    document.forwards = [];
    Object.assign(document, movedTo(document, "192.168.79.1/24"));
  });
  const moved = await lease(laptop, "eth0", "laptop");
  t.regex(moved, /^192\.168\.79\./);
  await until("a device opens a port from its new address", async () =>
    (await upnpc(laptop, "-a", moved, "3000", "4002", "tcp")).includes(
      "is redirected",
    ),
  );
  t.is(
    await reach(t, street.internet, "93.184.0.2", 4002),
    "game to 93.184.0.1",
  );

  await keep((document) => {
    document.upnp = false;
  });
  t.is(await call(street.internet, "93.184.0.2", 4002), undefined);
});

test("a name on the Internet follows the address: its service is told over TLS", async (t) => {
  t.timeout(8 * 60_000);
  await using folder = await temporaryFolder();
  await using street = await Street.create(folder.path);
  await using network = await open(folder.path, street);
  const file = (name: string): string => join(folder.path, name);
  await promisify(execFile)("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...["-nodes", "-days", "2", "-subj", "/CN=ddns"],
    ...["-addext", "subjectAltName=IP:93.184.0.1"],
    ...["-keyout", file("ddns.key"), "-out", file("trust.pem")],
  ]);
  street.serve(
    street.internet,
    process.execPath,
    "-e",
    `const fs = require("node:fs"); require("node:https").createServer({ key: fs.readFileSync("${file("ddns.key")}"), cert: fs.readFileSync("${file("trust.pem")}") }, (request, response) => { fs.appendFileSync("${file("told")}", request.url + " " + Buffer.from((request.headers.authorization ?? "").slice(6), "base64") + "\\n"); response.end("good 93.184.0.2"); }).listen(443, "0.0.0.0")`,
  );
  const password = `a'b "c" \\d #e ${"$"}{HOME}`;
  const document = structuredClone(defaultNetwork);
  document.dynamicName = {
    service: "other",
    server: "93.184.0.1",
    name: "ada.example.org",
    user: "ada",
    password,
  };
  await network.try({ document, who: "Ada", seconds: 600 });
  await until("it is told", async () =>
    (await readFile(file("told"), "utf8").catch(() => "")).includes("\n"),
  );
  t.is(
    (await readFile(file("told"), "utf8")).split("\n")[0],
    `/nic/update?hostname=ada.example.org&myip=93.184.0.2 ada:${password}`,
  );
});

test("another DHCP server at home is found by its answer to the box itself", async (t) => {
  t.timeout(4 * 60_000);
  await using folder = await temporaryFolder();
  await using street = await Street.create(folder.path);
  await using _network = await open(folder.path, street);
  const unit = await readFile(
    join(import.meta.dirname, "../../rootfs-overlay", unitFile),
    "utf8",
  );
  const found = join(folder.path, "other");
  const hook = join(folder.path, "hook");
  await writeFile(
    hook,
    (
      await readFile(
        join(import.meta.dirname, "../../rootfs-overlay", hookFile),
        "utf8",
      )
    ).replace("/run/coppice-lan-check/other", found),
    { mode: 0o755 },
  );
  const [, question = ""] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  const ask = async (): Promise<string> => {
    await inside(
      street.router,
      ...(question.replace(`/${hookFile}`, hook).split(" ") as [string]),
    ).catch(() => {});
    return await readFile(found, "utf8").catch(() => "");
  };
  t.is(await ask(), "", "its own server does not count");
  const old = await street.computer("old-router", "lan-home");
  await inside(old, "ip", "addr", "add", "192.168.1.1/24", "dev", "eth0");
  street.serve(
    old,
    ...["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null"],
    ...["--user=root", "--pid-file=", "--port=0", "--interface=eth0"],
    "--dhcp-range=192.168.1.50,192.168.1.60,255.255.255.0,2m",
    `--dhcp-leasefile=${join(folder.path, "old-leases")}`,
  );
  await until("it is found", async () => (await ask()) === "192.168.1.1\n");
});

test("a change that nobody confirms is taken back; while it is tried, and for its clients' leases, both addresses answer", async (t) => {
  t.timeout(8 * 60_000);
  await using folder = await temporaryFolder();
  await using street = await Street.create(folder.path);
  const moved = structuredClone(defaultNetwork);
  Object.assign(moved.lans[0] as Lan, {
    address: "10.1.2.1/24",
    dhcp: { from: "10.1.2.50", to: "10.1.2.99", minutes: 60 },
  });
  const laptop = await street.computer("laptop", "lan-home");
  const phone = await street.computer("phone", "lan-home");
  const addresses = async (): Promise<string[]> =>
    [
      ...(
        await inside(street.router, "ip", "-4", "addr", "show", "lan-home")
      ).matchAll(/inet (\S+)/g),
    ].map(([, address]) => address as string);
  {
    await using network = await open(folder.path, street);
    answer(street, street.router, 443, "box");
    t.regex(await lease(laptop, "eth0"), /^192\.168\.77\./);
    const trial = await network.try({
      document: moved,
      who: "Ada",
      seconds: 30,
    });
    t.deepEqual(network.inForce, moved);
    t.regex(
      (await reach(t, laptop, "10.1.2.1", 443)) ?? "",
      /^box to 192\.168\.77\./,
      "the page follows to the new address with the old lease",
    );
    t.regex(
      (await reach(t, laptop, "192.168.77.1", 443)) ?? "",
      /^box to 192/,
      "and the old address answers",
    );
    t.regex(await lease(phone, "eth0"), /^10\.1\.2\./, "new clients move");
    await t.throwsAsync(network.confirm("a guess"), { message: /No change/ });
    await t.throwsAsync(
      network.try({ document: moved, who: "Bob", seconds: 30 }),
      { message: /Another change/ },
    );
    await until(
      "it is taken back",
      async () => (await network.state()).trial === null,
    );
    t.deepEqual(await addresses(), ["192.168.77.1/24"]);
    t.deepEqual((await network.state()).document, defaultNetwork);
    t.deepEqual(network.inForce, defaultNetwork);
    await t.throwsAsync(network.confirm(trial.token), {
      message: /taken back/,
    });
    t.regex(await lease(phone, "eth0"), /^192\.168\.77\./);

    t.log("a crash while it is tried");
    await network.try({ document: moved, who: "Ada", seconds: 600 });
    t.deepEqual((await addresses()).toSorted(), [
      "10.1.2.1/24",
      "192.168.77.1/24",
    ]);
  }
  {
    await using network = await open(folder.path, street);
    t.deepEqual(await addresses(), ["192.168.77.1/24"]);
    const { token } = await network.try({
      document: moved,
      who: "Ada",
      seconds: 600,
    });
    await network.confirm(token);
  }
  {
    await using network = await open(folder.path, street);
    const { former, history, current } = await network.state();
    t.deepEqual(former, ["192.168.77.1"]);
    t.is(current, 1);
    t.like(history[0], {
      id: 1,
      who: "Ada",
      what: [
        "Home: 192.168.77.1/24 became 10.1.2.1/24",
        "Home: addresses to give out",
      ],
    });
    t.deepEqual((await addresses()).toSorted(), [
      "10.1.2.1/24",
      "192.168.77.1/24",
    ]);
    t.regex(await lease(phone, "eth0"), /^10\.1\.2\./);
    t.deepEqual(await network.document(0), defaultNetwork);
  }
  t.log("when the old leases are over");
  const pointer = join(folder.path, "network/network.json");
  const kept = JSON.parse(await readFile(pointer, "utf8")) as object;
  await writeFile(
    pointer,
    JSON.stringify({
      ...kept,
      former: [
        { lan: "home", address: "192.168.77.1/24", until: Date.now() - 1 },
      ],
    }),
  );
  await using network = await open(folder.path, street);
  t.deepEqual((await network.state()).former, []);
  t.deepEqual(await addresses(), ["10.1.2.1/24"]);
});
