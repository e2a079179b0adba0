import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import test from "ava";
import { Coder } from "../../../../services/node/store/coder.ts";
import { tagSize } from "../../../../services/node/store/coding.ts";

test("threads live while there is work, however long that lasts, and end after it", async (t) => {
  const idle = 1000;
  const threads: Worker[] = [];
  const count = (thread: Worker): void => void threads.push(thread);
  process.on("worker", count);
  await using coder = Coder.open(idle);
  const cut = { k: 4, m: 2, segmentLength: 256 * 1024 + tagSize };
  const started = performance.now();
  // Each job that ended once left a timer of its own, which ended threads that others worked on.
  await Promise.all(
    Array.from({ length: 2 }, async () => {
      while (performance.now() - started < 2.5 * idle) {
        const memory = coder.memory(cut);
        const key = randomBytes(32);
        const nonce = randomBytes(12);
        const names = await coder.seal(memory, cut, { key, nonce });
        t.is(names.length, 6 * 32);
        coder.release(memory);
        // A pause, as a disk makes it: shorter than what ends a thread.
        await sleep(2);
      }
    }),
  );
  t.true(threads.length > 0);
  t.true(
    threads.length <= availableParallelism(),
    `${threads.length} threads were made`,
  );
  // Neither threads nor their timer keep a process alive.
  const alive = setInterval(() => {}, 1000);
  await Promise.all(threads.map(async (thread) => await once(thread, "exit")));
  clearInterval(alive);
  process.off("worker", count);
});
