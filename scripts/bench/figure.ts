/** One figure beside what it is measured against; `bar` says how the ratio is judged. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  versus: string;
  ratio: number;
  bar: string;
}

/** Prints a figure as a JSON line. */
export function printFigure(figure: Figure): void {
  const round = (value: number): number => Number(value.toPrecision(4));
  console.log(
    JSON.stringify({
      ...figure,
      value: round(figure.value),
      ratio: round(figure.ratio),
    }),
  );
}
