import {
  Cpu,
  Globe,
  HardDrive,
  MemoryStick,
  ShieldCheck,
  Sprout,
  Thermometer,
  TriangleAlert,
} from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Status } from "../../../api/status.ts";
import { bytes, duration, moment } from "../format.ts";
import { useStatus } from "../live.ts";
import { Tasks } from "../tasks.tsx";
import { Bar, Card, Fact, Notice, Spinner } from "../ui.tsx";

/** Samples that are kept, and the seconds that they span. */
const kept = 150;
const window = 300;

/** The dashboard: what the box does at the moment. */
export function Home() {
  const { status, connected } = useStatus();
  const history = useRef<{ time: number[]; cpu: number[]; memory: number[] }>({
    time: [],
    cpu: [],
    memory: [],
  });
  const host = status?.host;
  const { time, cpu, memory } = history.current;
  if (status && host && time.at(-1) !== status.time / 1000) {
    time.push(status.time / 1000);
    cpu.push(host.cpu.load);
    memory.push((100 * host.memory.used) / host.memory.total);
    for (const series of [time, cpu, memory])
      if (series.length > kept) series.shift();
  }
  if (!status) return <Spinner label="Asking the box" />;
  return (
    <>
      <div class="page-head">
        <h1>Home</h1>
        <p class={connected ? "live" : "live off"}>
          {connected
            ? host
              ? `Up ${duration(host.uptime)}`
              : "Live"
            : "Connection lost, trying again"}
        </p>
      </div>
      <Health status={status} />
      <Tasks />
      <div class="columns">
        <div class="column">
          {host && (
            <Card title="Processor and memory" Icon={Cpu}>
              <Plot time={time} cpu={cpu} memory={memory} at={status.time} />
              <dl class="facts row">
                <Fact name="CPU">{host.cpu.load.toFixed(0)} %</Fact>
                <Fact name="Cores">{host.cpu.cores}</Fact>
                <Fact name="Memory" Icon={MemoryStick}>
                  {bytes(host.memory.used)} of {bytes(host.memory.total)}
                </Fact>
                <Fact name="Temperature" Icon={Thermometer}>
                  {host.temperature === null
                    ? "no sensor"
                    : `${host.temperature.toFixed(0)} °C`}
                </Fact>
              </dl>
            </Card>
          )}
          {host && (
            <Card title="Disks" Icon={HardDrive}>
              <ul class="disks">
                {host.disks.map((disk) => (
                  <DiskLine key={disk.name} disk={disk} />
                ))}
              </ul>
            </Card>
          )}
        </div>
        <div class="column">
          <Card title="Your files" Icon={Sprout}>
            <Storage status={status} />
          </Card>
          {host && (
            <Card title="Network" Icon={Globe}>
              <dl class="facts">
                <PortFact name="Internet" port={host.ports.wan} />
                <PortFact name="Home" port={host.ports.lan} />
              </dl>
            </Card>
          )}
          <Card title="Trust" Icon={ShieldCheck}>
            <dl class="facts">
              <Fact name="TPM">
                {status.tpm
                  ? `${status.tpm.vendor} by ${status.tpm.manufacturer}`
                  : "does not answer"}
              </Fact>
              {status.tpm && (
                <Fact name="TPM firmware">{status.tpm.firmware}</Fact>
              )}
              {host && <Fact name="Version">{host.version}</Fact>}
              {host && <Fact name="Slot">{host.slot}</Fact>}
            </dl>
          </Card>
        </div>
      </div>
    </>
  );
}

type DiskStatus = NonNullable<Status["host"]>["disks"][number];

function DiskLine({ disk }: { disk: DiskStatus }) {
  const role = { system: "system", data: "your data", unused: "not used" }[
    disk.role
  ];
  const health = {
    good: "healthy",
    failing: "failing",
    unknown: "health unknown",
  }[disk.health];
  return (
    <li>
      <div class="disk-head">
        <strong>{disk.model}</strong>
        <span class="quiet-text">
          {[disk.serial, bytes(disk.size), role].filter(Boolean).join(" · ")}
        </span>
        <span class={`badge ${disk.health}`}>{health}</span>
      </div>
      {disk.used !== null && disk.available !== null && (
        <>
          <Bar
            label={`Use of ${disk.model}`}
            value={disk.used}
            of={disk.used + disk.available}
            tone={
              disk.used / (disk.used + disk.available) > 0.9 ? "warn" : "normal"
            }
          />
          <span class="quiet-text">
            {bytes(disk.used)} used, {bytes(disk.available)} free
          </span>
        </>
      )}
    </li>
  );
}

function Storage({ status: { storage } }: { status: Status }) {
  if (!storage?.disk)
    return (
      <Notice kind="error">
        The data disk is not there. Check its cable and power, then restart the
        box.
      </Notice>
    );
  return (
    <dl class="facts">
      <Fact name="Files">{storage.files}</Fact>
      <Fact name="Size">{bytes(storage.bytes)}</Fact>
      <Fact name="Mended">
        {storage.mended === 0
          ? "nothing needed it"
          : `${storage.mended} fragments, last ${moment(storage.lastMended ?? 0)}`}
      </Fact>
    </dl>
  );
}

/** One sentence on top: is all well? */
function Health({ status }: { status: Status }) {
  const failing =
    status.host?.disks.filter(({ health }) => health === "failing") ?? [];
  const troubles = [
    ...(status.storage?.failure ? [status.storage.failure] : []),
    ...failing.map(
      ({ model, serial }) =>
        `The disk ${model} ${serial} reports that it is failing. Replace it soon.`,
    ),
    ...(["host", "storage", "tpm"] as const)
      .filter((part) => status[part] === null)
      .map(
        (part) =>
          `The ${part === "storage" ? "storage" : part === "tpm" ? "identity" : "host"} service does not answer. It restarts by itself; if this stays, restart the box.`,
      ),
  ];
  if (troubles.length > 0)
    return (
      <>
        {troubles.map((trouble) => (
          <Notice key={trouble} kind="error">
            {trouble}
          </Notice>
        ))}
      </>
    );
  const mended = status.storage?.mended ?? 0;
  return (
    <Notice kind="good">
      All is well.{" "}
      {mended > 0 &&
        `${mended} damaged ${mended === 1 ? "fragment was" : "fragments were"} found and mended; no file lost anything.`}
    </Notice>
  );
}

function PortFact({
  name,
  port,
}: {
  name: string;
  port: {
    present: boolean;
    link: boolean;
    addresses: string[];
    received: number;
    sent: number;
  };
}) {
  const state = !port.present
    ? "no port"
    : !port.link
      ? "no cable"
      : port.addresses.length === 0
        ? "no address yet"
        : port.addresses.join(", ");
  return (
    <Fact name={name}>
      <span class={port.link && port.addresses.length > 0 ? "up" : "down"}>
        {port.link ? null : <TriangleAlert size={16} aria-hidden="true" />}{" "}
        {state}
      </span>
      {port.present && (
        <span class="quiet-text">
          {bytes(port.received)} in, {bytes(port.sent)} out
        </span>
      )}
    </Fact>
  );
}

/** CPU and memory over the last minutes. */
function Plot({
  time,
  cpu,
  memory,
  at,
}: {
  time: number[];
  cpu: number[];
  memory: number[];
  at: number;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const color = (name: string): string =>
      getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = {
      stroke: () => color("--quiet"),
      grid: { stroke: () => color("--line"), width: 1 },
      ticks: { show: false },
      font: "12px 'Hanken Grotesk Variable'",
    };
    const series = (label: string, name: string) => ({
      label,
      stroke: () => color(name),
      width: 2,
      points: { show: false },
      value: (_: uPlot, value: number | null) =>
        value === null ? "–" : `${value.toFixed(0)} %`,
    });
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: 180,
        scales: {
          x: {
            range: (_, __, latest) => [(latest ?? 0) - window, latest ?? 0],
          },
          y: { range: [0, 100] },
        },
        axes: [
          axis,
          {
            ...axis,
            size: 44,
            values: (_, values) => values.map((value) => `${value} %`),
          },
        ],
        series: [{}, series("CPU", "--leaf"), series("Memory", "--bark")],
        legend: { live: false },
      },
      [[], [], []],
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: 180 }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, []);
  // The arrays are the same ones, filled further at each moment.
  useEffect(
    () => plot.current?.setData([time.slice(), cpu.slice(), memory.slice()]),
    [at],
  );
  return (
    <div
      class="plot"
      data-samples={time.length}
      ref={place}
      role="img"
      aria-label="CPU and memory over the last minutes"
    />
  );
}
