import { setTimeout as sleep } from "node:timers/promises";
import { BoxClient } from "../../test/box-client.ts";
import { startServices } from "../../test/services.ts";
import { printFigure } from "./figure.ts";

const owner = { name: "Ada", password: "correct horse battery staple" };
const sessions = 50;
/** Seconds for which all of them ask. */
const seconds = 60;
/** Milliseconds from a look at a page to the next, on average: half a second is a hasty reader. */
const pause = 500;
/** What pages ask for when they are opened. */
const reads = [
  "/",
  "/api/session",
  "/api/status",
  "/api/tasks",
  "/api/files?path=/&limit=201",
  "/api/store",
  "/api/friends",
  "/api/network",
  "/api/notices",
  "/api/sessions",
  "/api/activity",
];

/** Fifty browsers that read the pages at once, on this machine's processors. */
export async function benchAdmin(): Promise<void> {
  await using box = await startServices();
  const { client, services, code } = box;
  await client.claim(code, "birch", owner);
  await client.canSpeak();
  await using browsers = new AsyncDisposableStack();
  const all: BoxClient[] = [];
  while (all.length < sessions) {
    const one = browsers.use(new BoxClient(services.url));
    const { status } = await one.call("POST", "/api/session", owner);
    if (status === 204) all.push(one);
    // So many may sign in each minute.
    else await sleep(2000);
  }
  const took: number[] = [];
  let failed = 0;
  const ends = performance.now() + seconds * 1000;
  await Promise.all(
    all.map(async (one, index) => {
      for (let turn = index; performance.now() < ends; turn++) {
        await sleep(Math.random() * 2 * pause);
        const started = performance.now();
        const path = reads[turn % reads.length] as string;
        const { status } = await one.call("GET", path);
        if (status === 200) took.push(performance.now() - started);
        else failed++;
      }
    }),
  );
  took.sort((a, b) => a - b);
  const p95 = took[Math.floor(took.length * 0.95)] ?? Number.NaN;
  printFigure({
    name: `reads by ${sessions} browsers at once`,
    value: p95,
    unit: "ms (p95)",
    versus: "200 ms",
    ratio: p95 / 200,
    bar: "<= 1",
  });
  printFigure({
    name: "reads that were answered",
    value: took.length / seconds,
    unit: "/s",
    versus: `${took.length + failed} that were asked`,
    ratio: took.length / (took.length + failed),
    bar: ">= 1",
  });
}
