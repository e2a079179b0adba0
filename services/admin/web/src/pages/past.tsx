import {
  Cpu,
  Globe,
  HardDrive,
  MemoryStick,
  Thermometer,
  ZoomOut,
} from "lucide-preact";
import { useCallback, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { Past as Curves, Metric } from "../../../../host/client.ts";
import { api } from "../api.ts";
import { bytes } from "../format.ts";
import { usePolling } from "../live.ts";
import { axis, color, Plot } from "../plot.tsx";
import { Card, Notice, Spinner, Tabs } from "../ui.tsx";

const hour = 3_600_000;
const day = 24 * hour;
const spans = [
  [hour, "Hour"],
  [day, "Day"],
  [14 * day, "Two weeks"],
  [730 * day, "Two years"],
] as const;
/** Milliseconds between two looks, and points of a curve. */
const period = 10_000;
const points = 1200;
/** Less than this is no part of a curve. */
const shortest = 10_000;

interface Part {
  from: number;
  to: number;
}

interface Chart {
  title: string;
  Icon: typeof Cpu;
  label: string;
  lines: readonly (readonly [metric: Metric, name: string, color: string])[];
  words: (value: number) => string;
}

const rate = (value: number): string => `${bytes(value)}/s`;

const charts: readonly Chart[] = [
  {
    title: "Processor",
    Icon: Cpu,
    label: "Processor, percent of all cores",
    lines: [["cpu", "CPU", "--leaf"]],
    words: (value) => `${value.toFixed(0)} %`,
  },
  {
    title: "Memory",
    Icon: MemoryStick,
    label: "Memory in use",
    lines: [["memory", "memory", "--bark"]],
    words: bytes,
  },
  {
    title: "Internet",
    Icon: Globe,
    label: "What came and went over the line",
    lines: [
      ["received", "down", "--leaf"],
      ["sent", "up", "--bark"],
    ],
    words: rate,
  },
  {
    title: "Disks",
    Icon: HardDrive,
    label: "What was read from and written to all disks",
    lines: [
      ["read", "read", "--leaf"],
      ["written", "written", "--bark"],
    ],
    words: rate,
  },
  {
    title: "Temperature",
    Icon: Thermometer,
    label: "Temperature of the processor",
    lines: [["temperature", "°C", "--bark"]],
    words: (value) => `${value.toFixed(0)} °C`,
  },
];

/** How the box was: for an hour to two years, and closer where somebody draws over a curve. */
export function Past() {
  const [span, setSpan] = useState<number>(hour);
  const [part, setPart] = useState<Part>();
  const [curves, setCurves] = useState<Curves>();
  const [problem, setProblem] = useState<string>();
  const refresh = useCallback(async (): Promise<void> => {
    const now = Date.now();
    const { from, to } = part ?? { from: now - span, to: now };
    const query = new URLSearchParams({
      from: String(Math.floor(from)),
      to: String(Math.ceil(to)),
      points: String(points),
    });
    try {
      setCurves(await api<Curves>("GET", `/status/past?${query}`));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, [span, part]);
  usePolling(refresh, period);
  const zoom = useCallback(({ from, to }: Part): void => {
    if (to - from >= shortest) setPart({ from, to });
  }, []);
  return (
    <>
      <div class="page-head">
        <h1>Curves</h1>
        {part && (
          <div class="actions">
            <button
              type="button"
              class="primary"
              onClick={() => setPart(undefined)}
            >
              <ZoomOut size={18} aria-hidden="true" /> <span>All of it</span>
            </button>
          </div>
        )}
      </div>
      <Tabs
        legend="How far back"
        hidden
        options={spans}
        value={part ? 0 : span}
        choose={(next) => {
          setPart(undefined);
          setSpan(next);
        }}
      />
      {problem && <Notice kind="error">{problem}</Notice>}
      {!curves && !problem && <Spinner label="Loading" />}
      {curves && (
        <>
          <p class="quiet-text">
            The line is the mean, the pale one the most. Draw over a curve to
            come closer.
          </p>
          {charts
            .filter(({ lines }) =>
              lines.some(
                ([metric]) =>
                  metric !== "temperature" ||
                  curves.curves[metric].mean.some((one) => one !== null),
              ),
            )
            .map(({ title, Icon, ...chart }) => (
              <Card key={title} title={title} Icon={Icon}>
                <Lines {...chart} curves={curves} zoom={zoom} />
              </Card>
            ))}
        </>
      )}
    </>
  );
}

function Lines({
  curves: { from, step, curves },
  zoom,
  label,
  lines,
  words,
}: Omit<Chart, "title" | "Icon"> & {
  curves: Curves;
  zoom: (part: Part) => void;
}) {
  // The plot keeps the options that it was made with.
  const say = useRef((_: uPlot, value: number | null): string =>
    value === null ? "–" : words(value),
  );
  const count = curves[lines[0]?.[0] ?? "cpu"].mean.length;
  return (
    <Plot
      label={label}
      data={[
        Array.from({ length: count }, (_, at) => (from + at * step) / 1000),
        ...lines.flatMap(([metric]) => [
          curves[metric].mean,
          curves[metric].most,
        ]),
      ]}
      options={{
        scales: {
          y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.05)] },
        },
        cursor: { drag: { x: true, y: false, setScale: false } },
        hooks: {
          setSelect: [
            (plot) => {
              const { left, width } = plot.select;
              if (width < 2) return;
              zoom({
                from: plot.posToVal(left, "x") * 1000,
                to: plot.posToVal(left + width, "x") * 1000,
              });
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
        series: [
          {},
          ...lines.flatMap(([, name, tone]) => [
            {
              label: name,
              stroke: () => color(tone),
              width: 2,
              value: say.current,
            },
            {
              label: `${name} at most`,
              stroke: () => `${color(tone)}66`,
              width: 1,
              value: say.current,
            },
          ]),
        ],
        axes: [
          axis,
          {
            ...axis,
            size: 80,
            values: (plot, splits) =>
              splits.map((split) => say.current(plot, split)),
          },
        ],
      }}
    />
  );
}
