import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultNetwork } from "../../services/host/network/document.ts";
import {
  renderedFiles,
  renderNetwork,
} from "../../services/host/network/rendering.ts";
import { owner } from "../../test/board/owner.ts";
import { inside } from "../../test/namespaces.ts";
import { Street } from "../../test/network/street.ts";
import { until } from "../../test/network/until.ts";
import { printFigure } from "./figure.ts";
import { median, scratch } from "./measure.ts";
import { type RouterBoard, withRouterBoard } from "./router-board.ts";

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
/** Whose turn it is: each goes first as often as the other. */
const turns = Array.from({ length: rounds }, (_, round) =>
  round % 2 === 0
    ? (["ours", "theirs"] as const)
    : (["theirs", "ours"] as const),
).flat();
type Who = (typeof turns)[number];
/** What each round measured. */
type Seen = Record<Who, number[]>;
/** kbit/s that a household's line might carry upwards. */
const uploadRate = 10_000;

/** All figures of the router. */
export async function benchRouter(): Promise<void> {
  await benchStreet();
  await withRouterBoard(async (board) => {
    const stand = standOf(board);
    await until("iperf3 answers", () => works(() => throughput(stand)));
    await benchBoard(board, stand);
    await benchQueue(board, stand);
  });
}

/** Two computers with the router between them. */
interface Stand {
  /** Network namespace of the one at home. */
  from: string;
  /** Address of the one on the Internet, with iperf3 and what sends back each byte. */
  to: string;
}

function standOf({ household, provider }: RouterBoard): Stand {
  return { from: household.namespace, to: provider.address };
}

/** Sends back each byte. */
const echo = [
  process.execPath,
  "-e",
  'require("node:net").createServer((socket) => { socket.on("error", () => {}); socket.on("data", (byte) => socket.write(byte)); }).listen(7, "0.0.0.0")',
] as const;

/** In this machine's kernel: the rules, and names from the cache. */
async function benchStreet(): Promise<void> {
  await using folder = await scratch();
  await using street = await Street.create(folder.path);
  const laptop = await street.computer("laptop", "lan-home");
  await street.apply(renderNetwork(defaultNetwork));
  await inside(laptop, "ip", "addr", "add", "192.168.77.9/24", "dev", "eth0");
  await inside(laptop, "ip", "route", "add", "default", "via", "192.168.77.1");
  street.serve(street.internet, "iperf3", "--server");
  street.serve(street.internet, ...echo);
  await writeFile(join(folder.path, "byHand.nft"), byHand);
  const files = {
    ours: [renderedFiles.firewall, renderedFiles.traffic],
    theirs: ["byHand.nft"],
  };
  const use = async (who: Who): Promise<void> => {
    await inside(street.router, "nft", "flush", "ruleset");
    for (const file of files[who])
      await inside(street.router, "nft", "-f", join(folder.path, file));
  };
  const stand = { from: laptop, to: "93.184.0.1" };
  await until("iperf3 answers", () => works(() => throughput(stand)));
  await compare("in this machine's kernel", stand, use);
  await use("ours");
  await benchNames(street, laptop);
}

/** Names from the cache beside a stock dnsmasq, in one run and by turns. */
async function benchNames(street: Street, laptop: string): Promise<void> {
  // As Debian's own configuration has it, but for the port.
  street.serve(
    street.router,
    ...["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null"],
    ...["--user=root", "--pid-file=", "--no-resolv", "--no-hosts"],
    ...["--port=5300", "--server=127.0.0.53", "--cache-size=10000"],
  );
  await inside(
    street.router,
    ...(["nft", "insert", "rule", "inet", "coppice", "input"] as const),
    ...(["udp", "dport", "5300", "accept"] as const),
  );
  const seen: Seen = { ours: [], theirs: [] };
  await until("dnsmasq answers", () => works(() => answers(laptop, 5300)));
  for (const who of turns)
    seen[who].push(await answers(laptop, who === "ours" ? 53 : 5300));
  printFigure({
    name: "names from the cache",
    value: median(seen.ours),
    unit: "/s",
    versus: "a stock dnsmasq",
    ratio: paired(seen),
    bar: ">= 0.9",
  });
}

/** In the emulated board's kernel, with its flow table. */
async function benchBoard(
  { client, provider }: RouterBoard,
  stand: Stand,
): Promise<void> {
  provider.serve({}, ...echo);
  await using terminal = await client.terminal(owner.password);
  const onBox = async (command: string): Promise<void> => {
    const { output, status } = await terminal.run(command);
    if (status !== 0) throw new Error(`${command} on the box: ${output}`);
  };
  await onBox(`cat > /run/byHand.nft <<'end'\n${byHand}end`);
  const files = {
    ours: [
      renderedFiles.firewall,
      renderedFiles.traffic,
      renderedFiles.offload,
    ].map((name) => join("/run/coppice/network", name)),
    theirs: ["/run/byHand.nft"],
  };
  const use = async (who: Who): Promise<void> => {
    const commands = files[who].map((file) => `nft -f ${file}`);
    await onBox(["nft flush ruleset", ...commands].join(" && "));
  };
  await compare("in the emulated board", stand, use);
  await use("ours");
}

/** Forwarding with the rendered rules beside a NAT of five lines, in one run and by turns. @param use puts one's rules into force */
async function compare(
  where: string,
  stand: Stand,
  use: (who: Who) => Promise<void>,
): Promise<void> {
  const kinds = { throughput, connections, latency };
  const seen: Record<keyof typeof kinds, Seen> = {
    throughput: { ours: [], theirs: [] },
    connections: { ours: [], theirs: [] },
    latency: { ours: [], theirs: [] },
  };
  for (const who of turns) {
    await use(who);
    for (const kind of Object.keys(kinds) as (keyof typeof kinds)[])
      seen[kind][who].push(await kinds[kind](stand));
  }
  for (const [kind, name, unit, bar] of [
    ["throughput", "forwarding with NAT, one TCP stream", "bit/s", ">= 0.97"],
    ["connections", "new TCP connections", "/s", ">= 0.95"],
    ["latency", "p99 of a round trip of one byte", "us", "<= 1.1"],
  ] as const)
    printFigure({
      name: `${name}, ${where}`,
      value: median(seen[kind].ours),
      unit,
      versus: "a NAT of five lines in the same kernel",
      ratio: paired(seen[kind]),
      bar,
    });
}

/** Round trips through the emulated board while a computer fills the upload, beside those of an idle line. */
async function benchQueue(
  { client, household, provider }: RouterBoard,
  stand: Stand,
): Promise<void> {
  const { document } = await client.ok("GET", "/api/network");
  document.wan.upload = uploadRate;
  await client.keepNetwork(document);
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
  const idle = await trips();
  const [rate, loaded] = await Promise.all([throughput(stand, 30), trips()]);
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
function paired({ ours, theirs }: Seen): number {
  return median(ours.map((one, index) => one / (theirs[index] as number)));
}

/** Bits a second of one TCP stream from the household to the provider. */
async function throughput({ from, to }: Stand, seconds = 2): Promise<number> {
  const report = JSON.parse(
    await inside(
      from,
      ...(["iperf3", "--json", "--time", String(seconds)] as const),
      ...["--client", to],
    ),
  ) as { end: { sum_received: { bits_per_second: number } } };
  return report.end.sum_received.bits_per_second;
}

/** Connections a second, one after another on eight lines for two seconds. */
async function connections({ from, to }: Stand): Promise<number> {
  return Number(
    await inside(
      from,
      process.execPath,
      "-e",
      `const net = require("node:net"); let count = 0; const ends = performance.now() + 2000;
      const one = () => { const socket = net.connect(7, "${to}", () => { count++; socket.resetAndDestroy(); }); socket.on("close", () => performance.now() < ends ? one() : undefined); socket.on("error", () => {}); };
      for (let line = 0; line < 8; line++) one();
      process.on("exit", () => console.log(count / 2));`,
    ),
  );
}

/** Microseconds within which 99 of 100 round trips of a byte are over. */
async function latency({ from, to }: Stand): Promise<number> {
  return Number(
    await inside(
      from,
      process.execPath,
      "-e",
      `const socket = require("node:net").connect(7, "${to}"); socket.setNoDelay(true); const took = []; let sent = 0;
      const send = () => { sent = performance.now(); socket.write("x"); };
      socket.on("connect", send);
      socket.on("data", () => { took.push(performance.now() - sent); if (took.length < 3000) send(); else { took.sort((a, b) => a - b); console.log(took[2970] * 1000); socket.destroy(); } });`,
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
