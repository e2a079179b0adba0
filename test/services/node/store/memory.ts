/** Stores and reads with sixteen streams at once and prints, in MiB, the memory of the process at rest and its peak in each. */
import { join } from "node:path";
import { StoreHere } from "../../../../services/node/store/here.ts";

const [, , folder = ""] = process.argv;
const never = new AbortController().signal;
const size = 96 * 2 ** 20;
await using here = await StoreHere.open(
  [join(folder, "disk")],
  join(folder, "key"),
  (error) => {
    throw error;
  },
);
const piece = Buffer.alloc(64 * 1024, 7);

async function put(bytes: number): Promise<string> {
  const source = async function* () {
    for (let at = 0; at < bytes; at += piece.length) yield piece;
  };
  return (await here.objects.put(source(), { k: 4, m: 2 }, never)).id;
}

async function get(id: string): Promise<void> {
  let read = 0;
  for await (const part of (await here.objects.get(id, never)).bytes)
    read += part.length;
  if (read === 0) throw new Error("nothing was read");
}

/** The highest memory in MiB while `work` runs. */
async function peak(work: () => Promise<unknown>): Promise<number> {
  let highest = 0;
  const look = (): void => {
    highest = Math.max(highest, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 5);
  await work();
  clearInterval(timer);
  look();
  return Math.round(highest / 2 ** 20);
}

// The base is a process that has done this once: its code is compiled and its threads are up.
const first = await put(8 * 2 ** 20);
await get(first);
const base = Math.round(process.memoryUsage.rss() / 2 ** 20);
const ids: string[] = [];
const writing = await peak(async () => {
  await Promise.all(
    Array.from({ length: 16 }, async () => ids.push(await put(size))),
  );
});
const reading = await peak(async () => {
  await Promise.all(ids.map(get));
});
process.stdout.write(JSON.stringify({ base, put: writing, get: reading }));
