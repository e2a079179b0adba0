/** A thread of the coder: does one job after the other. */
import { parentPort } from "node:worker_threads";
import { type Job, work } from "./job.ts";
import { reclaim } from "./reclaim.ts";

parentPort?.on("message", ({ id, job }: { id: number; job: Job }) => {
  try {
    const answer = work(job);
    parentPort?.postMessage({ id, answer });
    // The cipher's output, piece by piece.
    if (job.act !== "restore") reclaim(job.cut.segmentLength);
  } catch (error) {
    parentPort?.postMessage({ id, error });
  }
});
