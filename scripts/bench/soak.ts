import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { owner } from "../../test/board/owner.ts";
import { printFigure } from "./figure.ts";
import { type RouterBoard, withRouterBoard } from "./router-board.ts";

/** UDP ports of the provider that answer what they hear: behind one address there are at most 65,535 connections to each. */
const echoPorts = Array.from({ length: 8 }, (_, at) => 7777 + at);
const devices = 1000;
const connections = 200_000;
/** How often memory is looked at. */
const parts = 8;
/** Services whose memory is looked at. */
const units = ["host", "node", "admin", "identity", "lan"] as const;

/**
 * A thousand devices, 200,000 connections, and then a full line and questions for names, in the emulated board: whether the
 * pages answer all the time, and whether memory grows. @param minutes of the last part
 */
export async function benchSoak(minutes: number): Promise<void> {
  await withRouterBoard((board) => soak(board, minutes));
}

async function soak(
  { client, household, provider }: RouterBoard,
  minutes: number,
): Promise<void> {
  const shell = async (command: string): Promise<string> =>
    (await client.shell(owner.password, command)).output;
  const { document } = await client.ok("GET", "/api/network");
  Object.assign(document.lans[0], {
    address: "192.168.77.1/21",
    dhcp: { from: "192.168.72.50", to: "192.168.76.250", minutes: 1440 },
  });
  await client.keepNetwork(document);
  const load = async (...args: string[]): Promise<number> =>
    Number(
      await household.run(
        process.execPath,
        join(import.meta.dirname, "soak-load.ts"),
        ...args,
      ),
    );

  let asked = 0;
  const took: number[] = [];
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      const started = performance.now();
      asked++;
      const answer = await client
        .call("GET", "/api/session")
        .catch(() => undefined);
      if (answer?.status === 200) took.push(performance.now() - started);
      await sleep(1000, undefined, { signal: over.signal }).catch(() => {});
    }
  })();

  provider.serve(
    {},
    process.execPath,
    "-e",
    `for (const port of ${JSON.stringify(echoPorts)}) { const socket = require("node:dgram").createSocket("udp4"); socket.on("message", (message, { port, address }) => socket.send(message, port, address)); socket.bind(port); }`,
  );
  const own = ["192.168.79.2", "192.168.79.3", "192.168.79.4", "192.168.79.5"];
  for (const address of own)
    await household.run(
      ...(["ip", "addr", "add", `${address}/21`, "dev"] as const),
      household.tap,
    );
  await shell(
    "systemd-run -q --wait sysctl -w net.netfilter.nf_conntrack_udp_timeout=14400 net.netfilter.nf_conntrack_udp_timeout_stream=14400",
  );
  const [leased] = await Promise.all([
    load("leases", String(devices)),
    load(
      ...["flows", String(connections), provider.address],
      ...[echoPorts.join(), ...own],
    ),
  ]);
  printFigure({
    name: "leases that devices got",
    value: leased,
    unit: "leases",
    versus: `${devices} that asked`,
    ratio: leased / devices,
    bar: ">= 1",
  });
  const held = Number(
    await shell("sysctl -n net.netfilter.nf_conntrack_count"),
  );
  printFigure({
    name: "connections that the box knows at once",
    value: held,
    unit: "connections",
    versus: `${connections} that were opened`,
    ratio: held / connections,
    bar: ">= 1",
  });

  const memory = async (): Promise<number[]> =>
    (
      await shell(
        `cd /sys/fs/cgroup/system.slice; for unit in ${units.join(" ")}; do grep '^anon ' coppice-$unit.service/memory.stat; done`,
      )
    )
      .split("\n")
      .filter((line) => line !== "")
      // What of files is in memory goes where it is wanted for something else.
      .map((line) => Number(line.split(" ")[1]));
  const part = async (seconds: number): Promise<number> => {
    const [, answers] = await Promise.all([
      household.run(
        ...(["iperf3", "--bidir", "--interval", "0"] as const),
        ...["--time", `${seconds}`],
        ...["--client", provider.address],
      ),
      load("names", String(seconds), "192.168.77.1"),
    ]);
    return answers;
  };
  // What is loaded on first use is no growth.
  await part(30);
  const seen: number[][] = [];
  let answers = 0;
  for (let done = 1; done <= parts; done++) {
    answers += await part(Math.ceil((minutes * 60) / parts));
    const now = await memory();
    seen.push(now);
    console.error(
      `after ${(minutes * done) / parts} minutes: ${units.map((name, at) => `${name} ${((now[at] ?? 0) / 2 ** 20).toFixed(1)}`).join(", ")} MiB; ${took.length} of ${asked} pages`,
    );
  }
  // What a heap takes at first is no growth.
  const [before = [], after = []] = [seen.at(0), seen.at(-1)];
  over.abort();
  await watching;
  units.forEach((name, index) => {
    const [old = 0, now = 0] = [before[index], after[index]];
    printFigure({
      name: `memory of coppice-${name} after ${minutes} minutes`,
      value: now / 2 ** 20,
      unit: "MiB",
      versus: `that after ${minutes / parts} minutes, ${(old / 2 ** 20).toFixed(1)} MiB`,
      ratio: now / old,
      bar: "<= 1.1",
    });
  });
  printFigure({
    name: "names found meanwhile",
    value: answers / (minutes * 60),
    unit: "/s",
    versus: "none",
    ratio: answers > 0 ? 1 : 0,
    bar: ">= 1",
  });
  took.sort((a, b) => a - b);
  printFigure({
    name: "questions to the pages that were answered, all the time",
    value: took.at(Math.floor(took.length * 0.95)) ?? Number.NaN,
    unit: "ms (p95)",
    versus: `${asked} that were asked`,
    ratio: took.length / asked,
    bar: ">= 1",
  });
}
