/** A thread of the coder: does one job after the other. */
import { parentPort } from "node:worker_threads";
import { type Job, work } from "./job.ts";

parentPort?.on("message", ({ id, job }: { id: number; job: Job }) => {
  try {
    const answer = work(job);
    parentPort?.postMessage(
      { id, answer },
      answer instanceof Uint8Array &&
        answer.byteLength === answer.buffer.byteLength
        ? [answer.buffer as ArrayBuffer]
        : [],
    );
  } catch (error) {
    parentPort?.postMessage({ id, error });
  }
});
