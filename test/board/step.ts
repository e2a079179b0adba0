import type { ExecutionContext } from "ava";

/** Says what a board goes through next: in the report of its test, which comes at its end, and at once for whoever waits. */
export function step(t: ExecutionContext, what: string): void {
  t.log(what);
  const seconds = performance.now() / 1000;
  process.stderr.write(
    `  ${t.title.split(/[;:,]/)[0]}, ${seconds.toFixed(0)} s: ${what}\n`,
  );
}
