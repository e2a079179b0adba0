import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { type: "minor" }) => void;

const every = 4 * 2 ** 20;
let collect: Collect | undefined;
let dropped = 0;

/**
 * Says that a buffer of so many bytes is not needed any more. V8 sees only the small objects in front of large buffers and
 * would let hundreds of megabytes of them stand: after every 4 MiB it is asked to look at its young objects, which takes
 * about a millisecond.
 */
export function reclaim(bytes: number): void {
  dropped += bytes;
  if (dropped < every) return;
  dropped = 0;
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as Collect;
  }
  collect({ type: "minor" });
}
