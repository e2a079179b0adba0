import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const height = 160;

/** A colour of the theme, such as `--leaf`, as it is at the moment. */
export function color(name: string): string {
  return getComputedStyle(document.documentElement)
    .getPropertyValue(name)
    .trim();
}

/** An axis in the theme's colours. */
export const axis: uPlot.Axis = {
  stroke: () => color("--quiet"),
  grid: { stroke: () => color("--line"), width: 1 },
};

/** A plot as wide as there is room. @param label what it shows, in words. @param options as they are at first */
export function Plot({
  label,
  options,
  data,
}: {
  label: string;
  options: Omit<uPlot.Options, "width" | "height">;
  data: uPlot.AlignedData;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    plot.current = new uPlot(
      {
        width: element.clientWidth,
        height,
        cursor: { drag: { x: false, y: false } },
        ...options,
      },
      data,
      element,
    );
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [data]);
  return <div class="plot" ref={place} role="img" aria-label={label} />;
}
