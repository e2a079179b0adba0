import { setTimeout as sleep } from "node:timers/promises";

/** Resolves when a condition holds. @throws Error with what was waited for */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  seconds = 240,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(100);
  }
}
