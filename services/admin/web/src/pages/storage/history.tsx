import uPlot from "uplot";
import type { StorageView } from "../../../../api/store-routes.ts";
import { bytes } from "../../format.ts";
import { axis, color, Plot } from "../../plot.tsx";

const day = 86_400;
const shown = 30;

/** What was read, and what was mended, on each of the last days. */
export function ScrubHistory({ days }: { days: StorageView["days"] }) {
  const today = Math.floor(Date.now() / 1000 / day);
  const time: number[] = [];
  const verified: number[] = [];
  const mended: number[] = [];
  for (let number = today - shown + 1; number <= today; number++) {
    const one = days.find((other) => other.day === number);
    time.push(number * day);
    verified.push(one?.verified ?? 0);
    mended.push(one?.mended ?? 0);
  }
  const bars = uPlot.paths.bars?.({ size: [0.8, 12] });
  const sum = (list: number[]): number => list.reduce((a, b) => a + b, 0);
  return (
    <Plot
      label={`In the last ${shown} days ${bytes(sum(verified))} were read and ${sum(mended)} fragments mended`}
      data={[time, verified, mended]}
      options={{
        scales: {
          y: { range: (_plot, _low, high) => [0, Math.max(1, high)] },
          count: { range: (_plot, _low, high) => [0, Math.max(4, high)] },
        },
        series: [
          {
            value: (_plot, value) =>
              value == null
                ? "–"
                : new Date(value * 1000).toLocaleDateString(undefined, {
                    timeZone: "UTC",
                  }),
          },
          {
            label: "read",
            fill: () => color("--leaf"),
            ...(bars ? { paths: bars } : {}),
            points: { show: false },
            value: (_plot, value) => (value == null ? "–" : bytes(value)),
          },
          {
            label: "mended",
            scale: "count",
            stroke: () => color("--bark"),
            width: 2,
            value: (_plot, value) => (value == null ? "–" : String(value)),
          },
        ],
        axes: [
          {
            ...axis,
            values: (_plot, splits) =>
              splits.map((split) =>
                new Date(split * 1000).toLocaleDateString(undefined, {
                  day: "numeric",
                  month: "numeric",
                  timeZone: "UTC",
                }),
              ),
          },
          {
            ...axis,
            size: 70,
            values: (_plot, splits) => splits.map((split) => bytes(split)),
          },
          {
            ...axis,
            side: 1,
            scale: "count",
            size: 40,
            grid: { show: false },
          },
        ],
      }}
    />
  );
}
