import { setTimeout as sleep } from "node:timers/promises";
import { ServiceDownError } from "../shared/client.ts";

/** Runs `work` again every few seconds while a service that it needs is not up yet. */
export async function whenUp<Result>(
  work: () => Promise<Result>,
  ending: AbortSignal,
): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ServiceDownError)) throw error;
      await sleep(3000, undefined, { signal: ending });
    }
  }
}
