/** The thread that reads packs for the scrub: last in line for the disk and the processor. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { openDirectLibrary } from "../../shared/native.ts";
import { type FoundRecord, type PackSource, scanPack } from "./pack-scan.ts";

/** What the thread is asked: the sound and the rotten records of a pack's file from `from` on, about so many bytes of them. */
export interface ScanJob {
  path: string;
  salt: Uint8Array;
  from: number;
  bytes: number;
}

const ioprioSet = process.arch === "arm64" ? 30 : 251;
const idleClass = 3 << 13;
const libc = openDirectLibrary("libc.so.6", "libc6", {
  syscall: ["int64", ["int64", "int64", "int64", "int64"]],
  setpriority: ["int", ["int", "int", "int"]],
});
// 1 and 0: this thread (ioprio_set(2), setpriority(2)).
libc.syscall(ioprioSet, 1, 0, idleClass);
libc.setpriority(0, 0, 19);

parentPort?.on("message", async ({ path, salt, from, bytes }: ScanJob) => {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    // A pack that was removed meanwhile has nothing to check.
    parentPort?.postMessage([]);
    return;
  }
  const source: PackSource = {
    salt: Buffer.from(salt),
    size: () => fstatSync(file).size,
    read: (_pack, offset, target) => {
      try {
        return readSync(file, target, 0, target.length, offset);
      } catch {
        return 0;
      }
    },
  };
  const found: FoundRecord[] = [];
  try {
    for await (const record of scanPack(source, 0, from, true)) {
      found.push(record);
      if (record.end - from >= bytes) break;
    }
    parentPort?.postMessage(found);
  } finally {
    closeSync(file);
  }
});
