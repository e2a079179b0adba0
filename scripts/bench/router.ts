import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultNetwork } from "../../services/host/network/document.ts";
import {
  renderedFiles,
  renderNetwork,
} from "../../services/host/network/rendering.ts";
import { Household } from "../../test/board/household.ts";
import { Machine } from "../../test/board/machine.ts";
import { owner } from "../../test/board/owner.ts";
import { Provider } from "../../test/board/provider.ts";
import { BoxClient } from "../../test/box-client.ts";
import { inside } from "../../test/namespaces.ts";
import { Street } from "../../test/network/street.ts";
import { until } from "../../test/network/until.ts";
import { printFigure } from "./figure.ts";
import { median, scratch } from "./measure.ts";

/** What anybody would write by hand. */
const byHand = `table ip plain
delete table ip plain
table ip plain {
	chain out {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan0" masquerade
	}
}
`;
// A shared machine's pauses are longer than what is measured, so many short rounds are paired.
const rounds = 21;
const server = "93.184.0.1";
/** kbit/s that a household's line might carry upwards. */
const uploadRate = 10_000;

/** Forwarding with the rendered rules beside a NAT of five lines, in one run and by turns; names from the cache beside a stock dnsmasq. */
async function benchForwarding(): Promise<void> {
  await using folder = await scratch();
  await using street = await Street.create(folder.path);
  const laptop = await street.computer("laptop", "lan-home");
  await street.apply(renderNetwork(defaultNetwork));
  await inside(laptop, "ip", "addr", "add", "192.168.77.9/24", "dev", "eth0");
  await inside(laptop, "ip", "route", "add", "default", "via", "192.168.77.1");
  street.serve(street.internet, "iperf3", "--server");
  street.serve(
    street.internet,
    process.execPath,
    "-e",
    'require("node:net").createServer((socket) => { socket.on("error", () => {}); socket.on("data", (byte) => socket.write(byte)); }).listen(7, "0.0.0.0")',
  );
  await writeFile(join(folder.path, "plain.nft"), byHand);
  const use = async (ours: boolean): Promise<void> => {
    await inside(street.router, "nft", "flush", "ruleset");
    for (const file of ours
      ? [renderedFiles.firewall, renderedFiles.traffic]
      : ["plain.nft"])
      await inside(street.router, "nft", "-f", join(folder.path, file));
  };
  const kinds = {
    throughput: () => throughput(laptop),
    connections: () => connections(laptop),
    latency: () => latency(laptop),
  };
  const seen = new Map<string, number[]>();
  await until("iperf3 answers", () => works(() => throughput(laptop)));
  for (let round = 0; round < rounds; round++)
    for (const ours of round % 2 === 0 ? [true, false] : [false, true]) {
      await use(ours);
      for (const [kind, measure] of Object.entries(kinds)) {
        const key = `${kind} ${ours}`;
        seen.set(key, [...(seen.get(key) ?? []), await measure()]);
      }
    }
  const of = (kind: keyof typeof kinds, ours: boolean): number =>
    median(seen.get(`${kind} ${ours}`) ?? []);
  for (const [kind, name, unit, bar] of [
    ["throughput", "forwarding with NAT, one TCP stream", "bit/s", ">= 0.97"],
    ["connections", "new TCP connections", "/s", ">= 0.95"],
    ["latency", "p99 of a round trip of one byte", "us", "<= 1.1"],
  ] as const)
    printFigure({
      name,
      value: of(kind, true),
      unit,
      versus: "the same kernel with a NAT of five lines",
      ratio: paired(
        seen.get(`${kind} true`) ?? [],
        seen.get(`${kind} false`) ?? [],
      ),
      bar,
    });

  await use(true);
  street.serve(
    street.router,
    ...["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null"],
    ...["--user=root", "--pid-file=", "--no-resolv", "--no-hosts"],
    ...["--listen-address=192.168.77.1", "--port=5300", "--bind-interfaces"],
    ...["--server=127.0.0.53", "--cache-size=10000"],
  );
  await inside(
    street.router,
    ...(["nft", "insert", "rule", "inet", "coppice", "input"] as const),
    ...(["udp", "dport", "5300", "accept"] as const),
  );
  const names: Record<"ours" | "stock", number[]> = { ours: [], stock: [] };
  await until("dnsmasq answers", () => works(() => answers(laptop, 5300)));
  for (let round = 0; round < rounds; round++)
    for (const ours of round % 2 === 0 ? [true, false] : [false, true])
      names[ours ? "ours" : "stock"].push(
        await answers(laptop, ours ? 53 : 5300),
      );
  printFigure({
    name: "names from the cache",
    value: median(names.ours),
    unit: "/s",
    versus: "a stock dnsmasq",
    ratio: paired(names.ours, names.stock),
    bar: ">= 0.9",
  });
}

/** All figures of the router. */
export async function benchRouter(): Promise<void> {
  await benchForwarding();
  await benchQueue();
}

/** Round trips through the emulated board while a computer fills the upload, beside those of an idle line. */
async function benchQueue(): Promise<void> {
  await using machine = await Machine.create(() => {});
  await using household = await Household.create();
  await using provider = await Provider.create(household, machine.folder);
  await using box = await machine.boot({
    lan: household,
    wanTap: provider.tap,
  });
  await household.lease();
  await using client = new BoxClient(
    "https://192.168.77.1",
    await household.relay(machine.folder),
  );
  await client.claim(box.code(), "BIRCH1", owner);
  const { document } = await client.ok("GET", "/api/network");
  document.wan.upload = uploadRate;
  const { token } = await client.ok("POST", "/api/network/trial", { document });
  await client.ok("POST", "/api/network/confirm", { token });
  provider.serve({}, "iperf3", "--server");
  const trips = async (): Promise<number> => {
    const text = await household.run(
      ...([
        "ping",
        "-n",
        "-c",
        "1000",
        "-i",
        "0.02",
        provider.address,
      ] as const),
    );
    const times = [...text.matchAll(/time=([\d.]+)/g)]
      .map(([, time]) => Number(time))
      .sort((a, b) => a - b);
    return times[Math.floor(times.length * 0.99)] ?? Number.NaN;
  };
  const fill = async (seconds: number): Promise<number> => {
    const report = JSON.parse(
      await household.run(
        ...(["iperf3", "--json", "--time", `${seconds}`] as const),
        ...["--client", provider.address],
      ),
    ) as { end: { sum_received: { bits_per_second: number } } };
    return report.end.sum_received.bits_per_second;
  };
  await until("iperf3 answers", () => works(() => fill(1)));
  const idle = await trips();
  const [rate, loaded] = await Promise.all([fill(30), trips()]);
  printFigure({
    name: "p99 of a ping while the upload is full, in the emulated board",
    value: loaded,
    unit: "ms",
    versus: `the idle line, p99 ${idle} ms; upload ${uploadRate} kbit/s, filled with ${Math.round(rate / 1000)}`,
    ratio: loaded / idle,
    bar: "<= 2",
  });
}

/** The median of what each round says by itself. */
function paired(some: readonly number[], others: readonly number[]): number {
  return median(some.map((one, index) => one / (others[index] as number)));
}

/** Bits a second of one TCP stream for a second. */
async function throughput(from: string): Promise<number> {
  const report = JSON.parse(
    await inside(
      from,
      ...(["iperf3", "--json", "--time", "1", "--client", server] as const),
    ),
  ) as { end: { sum_received: { bits_per_second: number } } };
  return report.end.sum_received.bits_per_second;
}

/** Connections a second, one after another on eight lines for a second. */
async function connections(from: string): Promise<number> {
  return Number(
    await inside(
      from,
      process.execPath,
      "-e",
      `const net = require("node:net"); let count = 0; const ends = performance.now() + 1000;
      const one = () => { const socket = net.connect(7, "${server}", () => { count++; socket.resetAndDestroy(); }); socket.on("close", () => performance.now() < ends ? one() : undefined); socket.on("error", () => {}); };
      for (let line = 0; line < 8; line++) one();
      process.on("exit", () => console.log(count));`,
    ),
  );
}

/** Microseconds within which 99 of 100 round trips of a byte are over. */
async function latency(from: string): Promise<number> {
  return Number(
    await inside(
      from,
      process.execPath,
      "-e",
      `const socket = require("node:net").connect(7, "${server}"); socket.setNoDelay(true); const took = []; let sent = 0;
      const send = () => { sent = performance.now(); socket.write("x"); };
      socket.on("connect", send);
      socket.on("data", () => { took.push(performance.now() - sent); if (took.length < 5000) send(); else { took.sort((a, b) => a - b); console.log(took[4950] * 1000); socket.destroy(); } });`,
    ),
  );
}

/** Answers a second to one name, 64 questions under way, for a second. */
async function answers(from: string, port: number): Promise<number> {
  return Number(
    await inside(
      from,
      process.execPath,
      "-e",
      `const socket = require("node:dgram").createSocket("udp4"); let count = 0; const ends = performance.now() + 1000;
      const question = (id) => Buffer.concat([Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...["www", "example", "org"].map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])), Buffer.from([0, 0, 1, 0, 1])]);
      const send = (id) => socket.send(question(id), ${port}, "192.168.77.1");
      socket.on("message", (answer) => { count++; if (performance.now() < ends) send(answer.readUInt16BE(0)); });
      for (let id = 0; id < 64; id++) send(id);
      setTimeout(() => { if (count === 0) process.exit(1); console.log(count); socket.close(); }, 1200);`,
    ),
  );
}

/** Whether something works; a server that has just been started may not answer yet. */
async function works(work: () => Promise<unknown>): Promise<boolean> {
  return await work().then(
    () => true,
    () => false,
  );
}
