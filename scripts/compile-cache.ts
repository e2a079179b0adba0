/** Runs in the builder: compiles the modules that are named on standard input, for the compile cache in the folder that it is told. */
import { enableCompileCache } from "node:module";
import { text } from "node:stream/consumers";
import { setFlagsFromString } from "node:v8";

// It counts at the start alone; code that was cached under it would be refused by whoever starts without.
setFlagsFromString("--initial-old-space-size=0");
enableCompileCache({ directory: process.argv[2] ?? "", portable: true });
for (const url of (await text(process.stdin)).trim().split("\n"))
  await import(url);
// What they began as modules is not wanted here.
process.exit();
