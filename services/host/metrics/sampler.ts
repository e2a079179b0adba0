import { join } from "node:path";
import { textOf } from "./kernel-files.ts";
import { type Metric, metrics } from "./state.ts";
import { Thermometer } from "./thermometer.ts";

const sector = 512;
/** Disks as wholes: partitions and what lies on disks would be counted twice. */
const wholeDisk = /^(?:[sv]d[a-z]+|nvme\d+n\d+|mmcblk\d+)$/;

/** Counters of the kernel at a moment. */
interface Counters {
  at: number;
  busy: number;
  all: number;
  received: number;
  sent: number;
  read: number;
  written: number;
}

/** Measures the machine by the kernel's own files, in less than a millisecond. */
export class Sampler {
  readonly #root: string;
  readonly #uplink: () => string;
  readonly #thermometer: Thermometer;
  #last: Counters | undefined;

  /** @param uplink the interface of the moment. @param root folder with /proc and /sys */
  constructor(uplink: () => string, root = "/") {
    this.#root = root;
    this.#uplink = uplink;
    this.#thermometer = new Thermometer(root);
  }

  /** What was since the last time, in the order of `metrics`; NaN for what is not known. @param now milliseconds, never going back */
  sample(now: number): number[] {
    const values = this.measure(now);
    return metrics.map((name) => values[name]);
  }

  /** The same by name. */
  measure(now: number): Record<Metric, number> {
    const counters = this.#read(now);
    const last = this.#last;
    this.#last = counters;
    const seconds = last ? (now - last.at) / 1000 : 0;
    const rate = (name: "received" | "sent" | "read" | "written"): number => {
      const grown = last ? counters[name] - last[name] : Number.NaN;
      // Counters begin anew with an interface, or a disk.
      return grown >= 0 && seconds > 0 ? grown / seconds : Number.NaN;
    };
    const all = last ? counters.all - last.all : 0;
    return {
      cpu:
        last && all > 0
          ? (100 * (counters.busy - last.busy)) / all
          : Number.NaN,
      memory: this.#memory(),
      temperature: this.#thermometer.read(),
      received: rate("received"),
      sent: rate("sent"),
      read: rate("read"),
      written: rate("written"),
    };
  }

  #read(at: number): Counters {
    const ticks = (
      /^cpu +(.*)$/m.exec(textOf(join(this.#root, "proc/stat")))?.[1] ?? ""
    )
      .split(" ")
      .map(Number);
    // Guests' time is in the first two already.
    const all = ticks.slice(0, 8).reduce((sum, one) => sum + one, 0);
    const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
    const line = textOf(join(this.#root, "proc/net/dev"))
      .split("\n")
      .find((one) => one.trim().startsWith(`${this.#uplink()}:`));
    const port = (line?.split(":")[1] ?? "").trim().split(/\s+/).map(Number);
    const disks = textOf(join(this.#root, "proc/diskstats"))
      .split("\n")
      .map((one) => one.trim().split(/\s+/))
      .filter(([, , name = ""]) => wholeDisk.test(name));
    const sum = (field: number): number =>
      disks.reduce((total, one) => total + Number(one[field]), 0) * sector;
    return {
      at,
      busy: all - idle,
      all,
      received: line ? (port[0] ?? Number.NaN) : Number.NaN,
      sent: line ? (port[8] ?? Number.NaN) : Number.NaN,
      read: sum(5),
      written: sum(9),
    };
  }

  #memory(): number {
    const text = textOf(join(this.#root, "proc/meminfo"));
    const of = (name: string): number =>
      Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1]) * 1024;
    return of("MemTotal") - of("MemAvailable");
  }
}
