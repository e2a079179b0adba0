import { setTimeout as sleep } from "node:timers/promises";

/** Resolves when a condition holds. @throws Error with what was waited for */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  seconds = 240,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const asked = performance.now();
    if (await condition()) return;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    // Whoever is asked has half of the time for what is waited for.
    await sleep(Math.max(100, performance.now() - asked));
  }
}
