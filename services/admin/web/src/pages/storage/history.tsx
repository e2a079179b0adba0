import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { StorageView } from "../../../../api/store-routes.ts";
import { bytes } from "../../format.ts";

const day = 86_400;
const shown = 30;

/** What was read, and what was mended, on each of the last days. */
export function ScrubHistory({ days }: { days: StorageView["days"] }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
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
  const data = [time, verified, mended] as uPlot.AlignedData;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const color = (name: string): string =>
      getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = {
      stroke: () => color("--quiet"),
      grid: { stroke: () => color("--line"), width: 1 },
    };
    const bars = uPlot.paths.bars?.({ size: [0.8, 12] });
    const create = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(
        {
          width: element.clientWidth,
          height: 160,
          cursor: { drag: { x: false, y: false } },
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
        },
        data,
        element,
      );
    };
    create();
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: 160 }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [data]);
  const sum = (list: number[]): number => list.reduce((a, b) => a + b, 0);
  return (
    <div
      class="plot"
      ref={place}
      role="img"
      aria-label={`In the last ${shown} days ${bytes(sum(verified))} were read and ${sum(mended)} fragments mended`}
    />
  );
}
