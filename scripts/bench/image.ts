import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { Machine } from "../../test/board/machine.ts";
import type { BoxClient } from "../../test/box-client.ts";
import { rootSize } from "../budget.ts";
import { ensureImage } from "../image.ts";
import { printFigure } from "./figure.ts";
import { stockBootSeconds } from "./stock.ts";
import { benchUpdate } from "./update.ts";

const owner = { name: "Bench", password: randomBytes(12).toString("hex") };

/** Seconds from the start of the kernel until the admin answered, by the guest's own clock. */
async function kernelSeconds(
  client: BoxClient,
  answered: number,
): Promise<number> {
  const before = performance.now();
  const { host } = (await client.ok("GET", "/api/status")) as {
    host: { uptime: number };
  };
  return host.uptime - (before - answered) / 1000;
}

/** Size, boot times and memory of the image in the emulated board. */
export async function benchImage(): Promise<void> {
  const image = await ensureImage("qemu-x86-64");
  const size = (await rootSize(image.disk)) / 1e6;
  printFigure({
    name: "root file system, compressed",
    value: size,
    unit: "MB",
    versus: "220 MB",
    ratio: size / 220,
    bar: "<= 1",
  });
  await benchUpdate();
  const stock = await stockBootSeconds();
  await using machine = await Machine.create(() => {});
  {
    await using box = await machine.boot();
    const answered = performance.now();
    await box.client.claim(box.code(), "BIRCH1", owner);
    const seconds = await kernelSeconds(box.client, answered);
    printFigure({
      name: "first boot, kernel start to setup page",
      value: seconds,
      unit: "s",
      versus: `stock trixie to its login prompt, ${stock.toFixed(1)} s`,
      ratio: seconds / stock,
      bar: "<= 3",
    });
    await box.guest.powerOff();
  }
  await using box = await machine.boot();
  const answered = performance.now();
  await box.client.ok("POST", "/api/session", owner);
  const seconds = await kernelSeconds(box.client, answered);
  printFigure({
    name: "later boot, kernel start to setup page",
    value: seconds,
    unit: "s",
    versus: `stock trixie to its login prompt, ${stock.toFixed(1)} s`,
    ratio: seconds / stock,
    bar: "<= 1.6",
  });
  const { output } = await box.client.shell(
    owner.password,
    "sleep 60; for pid in $(systemctl show --property MainPID --value coppice-admin coppice-node coppice-host coppice-identity); do cat /proc/$pid/smaps_rollup; done",
  );
  const sum = (field: string): number =>
    [...output.matchAll(new RegExp(`^${field}:\\s+(\\d+) kB`, "gm"))].reduce(
      (total, [, kib]) => total + Number(kib) * 1024,
      0,
    ) / 1e6;
  printFigure({
    name: "resident memory of all processes, idle",
    value: sum("Rss"),
    unit: "MB",
    versus: "260 MB",
    ratio: sum("Rss") / 260,
    bar: "<= 1",
  });
  printFigure({
    name: "the same with shared pages counted once",
    value: sum("Pss"),
    unit: "MB",
    versus: "260 MB",
    ratio: sum("Pss") / 260,
    bar: "<= 1",
  });
}
