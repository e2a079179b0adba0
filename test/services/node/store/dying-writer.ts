/** Dies of an error while a change of its index is on its way to the disk. */
import { setImmediate } from "node:timers/promises";
import { LmdbIndex } from "../../../../services/node/store/ordered-index.ts";

const [, , folder = ""] = process.argv;
const index = await LmdbIndex.open(folder, ["rows"]);
void index.commit([
  { table: "rows", key: Buffer.from("key"), value: Buffer.from("value") },
]);
await setImmediate();
// Long enough for the thread that writes to be in the midst of it.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
throw new Error("as planned");
