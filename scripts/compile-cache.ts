/** Runs in the builder: compiles the modules that are named on standard input, for the compile cache in the image. */
import { text } from "node:stream/consumers";

for (const url of (await text(process.stdin)).trim().split("\n"))
  await import(url);
// What they began as modules is not wanted here.
process.exit();
