/** The machine's past: curves of fixed size, and what the kernel says. */
import { mkdir, readdir, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { MachinePast } from "../../../services/host/metrics/past.ts";
import { Sampler } from "../../../services/host/metrics/sampler.ts";
import { metrics } from "../../../services/host/metrics/state.ts";
import { temporaryFolder } from "../../folder.ts";

const start = Date.UTC(2026, 10, 29);
const second = 1000;
const hour = 3_600_000;
const day = 24 * hour;

const fails = (error: unknown): never => {
  throw error;
};
const values = (cpu: number): number[] =>
  metrics.map((name) => (name === "cpu" ? cpu : Number.NaN));
const close = (a: number | null, b: number | null): boolean =>
  a === null || b === null
    ? a === b
    : Math.abs(a - b) <= Math.abs(b) * 1e-3 + 1e-9;

test("a curve says of each step the mean and the most of what was measured in it, also after a restart", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          wait: fc.constantFrom(1, 1, 1, 7, 40, 400, 4000),
          cpu: fc.double({ min: 0, max: 100, noNaN: true }),
          flush: fc.boolean(),
        }),
        { minLength: 1, maxLength: 60 },
      ),
      fc.constantFrom(1, 30, 300, 3600),
      async (looks, step) => {
        await using folder = await temporaryFolder();
        let past = await MachinePast.open(folder.path, fails);
        const measured: { at: number; cpu: number }[] = [];
        let now = start;
        for (const { wait, cpu, flush } of looks) {
          now += wait * second;
          past.add(now, values(cpu));
          measured.push({ at: now, cpu });
          if (flush) await past.flush();
        }
        // The finest is in memory alone.
        if (step !== 1) {
          await past[Symbol.asyncDispose]();
          past = await MachinePast.open(folder.path, fails);
        }
        const span = { 1: hour, 30: day, 300: 14 * day, 3600: 730 * day }[step];
        const reach = Math.min(
          now - start + hour,
          (span as number) - hour / 60,
        );
        const points = Math.min(3600, Math.floor(reach / second / step));
        const from = now - points * step * second;
        const curve = past.read({ from, to: now, points }, now);
        const { mean, most } = curve.curves.cpu;
        t.is(curve.step, step * second);
        t.true(mean.length === points || mean.length === points - 1);
        for (const [index, one] of mean.entries()) {
          const at = curve.from + index * curve.step;
          const inside = measured.filter(
            (look) => look.at >= at && look.at < at + curve.step,
          );
          const sum = inside.reduce((total, { cpu }) => total + cpu, 0);
          const expected = inside.length === 0 ? null : sum / inside.length;
          t.true(close(one, expected), `${one} ${expected}`);
          const highest =
            inside.length === 0
              ? null
              : Math.max(...inside.map(({ cpu }) => cpu));
          t.true(close(most[index] ?? null, highest));
        }
        await past[Symbol.asyncDispose]();
      },
    ),
    { numRuns: 30 },
  );
});

test("two years are kept in files that do not grow, hour by hour, and the last hour second by second", async (t) => {
  await using folder = await temporaryFolder();
  const past = await MachinePast.open(folder.path, fails);
  const sizes = async (): Promise<number[]> =>
    await Promise.all(
      (await readdir(folder.path)).map(
        async (name) => (await stat(join(folder.path, name))).size,
      ),
    );
  const before = await sizes();
  const end = start + 800 * day;
  for (let at = start; at < end - hour; at += hour / 2)
    past.add(at, values((at / hour) % 100));
  for (let at = end - hour; at <= end; at += second) past.add(at, values(50));
  await past.flush();
  t.deepEqual(await sizes(), before);
  const all = past.read({ from: 0, to: end, points: 3600 }, end);
  t.true(all.curves.cpu.mean.length <= 3600);
  t.true(all.from >= end - 730 * day);
  t.is(all.curves.cpu.mean.filter((one) => one === null).length, 0);
  const month = past.read(
    { from: end - 100 * day, to: end - 70 * day, points: 3600 },
    end,
  );
  t.is(month.step, hour);
  t.is(month.curves.cpu.mean.length, 721);
  const fine = past.read({ from: end - hour / 2, to: end, points: 3600 }, end);
  t.is(fine.step, second);
  t.true(fine.curves.cpu.mean.every((one) => one === 50));
  await past[Symbol.asyncDispose]();
});

test("a file that was cut off begins anew, and a folder that cannot be made is no reason not to measure", async (t) => {
  await using folder = await temporaryFolder();
  const first = await MachinePast.open(folder.path, fails);
  first.add(start, values(7));
  await first[Symbol.asyncDispose]();
  await truncate(join(folder.path, "30"), 1000);
  const second = await MachinePast.open(folder.path, fails);
  const read = (past: MachinePast, from: number): (number | null)[] =>
    past.read({ from, to: start, points: 100 }, start + hour).curves.cpu.mean;
  t.deepEqual(read(second, start - 60_000), [null, null, null]);
  t.is(read(second, start - 10 * hour).at(-1), 7, "in the coarser ones");
  await second[Symbol.asyncDispose]();

  const problems: unknown[] = [];
  await writeFile(join(folder.path, "file"), "");
  const third = await MachinePast.open(
    join(folder.path, "file/folder"),
    (error) => problems.push(error),
  );
  third.add(start, values(8));
  t.true(problems.length > 0);
  t.is(read(third, start - 60_000).at(-1), 8);
  await third[Symbol.asyncDispose]();
});

test("what the kernel counts becomes shares and rates; counters that begin anew are gaps", async (t) => {
  await using folder = await temporaryFolder();
  const write = async (name: string, text: string): Promise<void> => {
    const path = join(folder.path, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
  };
  const disk = (name: string, read: number, written: number): string =>
    ` 8 0 ${name} 1 0 ${read} 0 1 0 ${written} 0 0 0 0\n`;
  const say = async (busy: number, bytes: number): Promise<void> => {
    await write("proc/stat", `cpu  ${busy} 0 0 ${300} 100 0 0 0 0 0\ncpu0 1\n`);
    await write(
      "proc/net/dev",
      `Inter-|\n face |\n  wan0: ${bytes} 1 0 0 0 0 0 0 ${2 * bytes} 1 0\nppp0: 1 1 0 0 0 0 0 0 1 1\n`,
    );
    await write(
      "proc/diskstats",
      disk("sda", bytes, 3 * bytes) +
        disk("sda1", bytes, bytes) +
        disk("nvme0n1", bytes, 0) +
        disk("dm-0", bytes, bytes),
    );
  };
  await write("proc/meminfo", "MemTotal: 4000 kB\nMemAvailable:   1000 kB\n");
  await write("sys/class/thermal/thermal_zone0/temp", "41000\n");
  await write("sys/class/thermal/thermal_zone1/temp", "52500\n");
  // A processor without a zone, and a disk, which is no measure of the machine.
  await write("sys/class/hwmon/hwmon0/name", "k10temp\n");
  await write("sys/class/hwmon/hwmon0/temp1_input", "55250\n");
  await write("sys/class/hwmon/hwmon1/name", "nvme\n");
  await write("sys/class/hwmon/hwmon1/temp1_input", "71000\n");
  await say(100, 1000);
  const sampler = new Sampler(() => "wan0", `${folder.path}/`);
  const of = (now: number): Record<string, number> =>
    Object.fromEntries(
      sampler.sample(now).map((value, index) => [metrics[index], value]),
    );
  t.like(of(0), { cpu: Number.NaN, memory: 3000 * 1024, temperature: 55.25 });
  await say(200, 5000);
  t.like(of(2000), {
    cpu: 100,
    received: 2000,
    sent: 4000,
    read: (2 * 4000 * 512) / 2,
    written: (3 * 4000 * 512) / 2,
  });
  await say(200, 10);
  t.like(of(3000), { received: Number.NaN, read: Number.NaN });

  const here = new Sampler(() => "lo");
  here.sample(0);
  for (let load = 0; load < 1e8; load++);
  const now = here.sample(1000);
  t.true((now[0] ?? -1) >= 0 && (now[0] ?? 101) <= 100, String(now));
  t.true((now[1] ?? 0) > 1e6);
  t.true((now[3] ?? -1) >= 0);
});
