import { useCallback, useState } from "preact/hooks";
import type { LineMinute } from "../../../../../host/client.ts";
import { api } from "../../api.ts";
import { bytes } from "../../format.ts";
import { usePolling } from "../../live.ts";
import { axis, color, Plot } from "../../plot.tsx";

const rate = (_plot: unknown, value: number | null): string =>
  value === null ? "–" : `${bytes(value)}/s`;

/** What came and went over the line in the last day; gaps are when it was down. */
export function LinePast() {
  const [minutes, setMinutes] = useState<LineMinute[]>();
  const refresh = useCallback(
    async () => setMinutes(await api<LineMinute[]>("GET", "/network/line")),
    [],
  );
  usePolling(refresh, 60_000);
  if (!minutes || minutes.length < 2)
    return (
      <p class="quiet-text">What goes over the line is shown here soon.</p>
    );
  const rates = (way: "received" | "sent"): (number | null)[] =>
    minutes.map((one, index) => {
      const before = minutes[index - 1];
      if (!one.up || !before) return null;
      return one[way] / Math.max(1, (one.at - before.at) / 1000);
    });
  const sum = (way: "received" | "sent"): number =>
    minutes.reduce((total, one) => total + one[way], 0);
  const down = minutes.filter(({ up }) => !up).length;
  const words = `In the last ${hours(minutes)} ${bytes(sum("received"))} came and ${bytes(sum("sent"))} went${down > 0 ? `; the line was down for ${down} min` : ""}`;
  return (
    <>
      <Plot
        label={words}
        data={[
          minutes.map(({ at }) => at / 1000),
          rates("received"),
          rates("sent"),
        ]}
        options={{
          scales: {
            y: { range: (_plot, _low, high) => [0, Math.max(1000, high)] },
          },
          series: [
            {},
            {
              label: "down",
              stroke: () => color("--leaf"),
              width: 2,
              value: rate,
            },
            {
              label: "up",
              stroke: () => color("--bark"),
              width: 2,
              value: rate,
            },
          ],
          axes: [
            axis,
            {
              ...axis,
              size: 80,
              values: (plot, splits) =>
                splits.map((split) => rate(plot, split)),
            },
          ],
        }}
      />
      <p class="quiet-text">{words}.</p>
    </>
  );
}

function hours(minutes: LineMinute[]): string {
  const [first, last] = [minutes[0], minutes.at(-1)];
  const past = ((last?.at ?? 0) - (first?.at ?? 0)) / 3_600_000;
  return past < 1
    ? `${Math.round(past * 60)} minutes`
    : `${Math.round(past)} hours`;
}
