import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Parse } from "typebox/value";
import { imageAnchors, imageInfo, readSigners } from "../shared/image.ts";
import { createLogger, places } from "../shared/service.ts";
import { UpdateError } from "../shared/update.ts";
import { Job } from "./client.ts";
import { runJob } from "./job.ts";

const log = createLogger("updates");
const {
  values: { job = "", version = "" },
} = parseArgs({
  options: { job: { type: "string" }, version: { type: "string" } },
});
/** What the service manager opened for it (sd_listen_fds(3)): it may not open them itself. */
const running = Array.from(
  { length: Number(process.env.LISTEN_FDS ?? 0) },
  (_, index) => 3 + index,
);
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());
try {
  const { phase, came } = await runJob(
    Parse(Job, JSON.parse(await readFile(job, "utf8"))),
    {
      folder: places("updates").state,
      version,
      image: await imageInfo(),
      signers: await readSigners(imageAnchors.signers),
      running,
      signal: ending.signal,
    },
  );
  log.info({ phase, came }, "looked for updates");
} catch (error) {
  if (!ending.signal.aborted) log.error({ err: error }, "no update");
  // What was refused is refused again; what did not come is tried again by the service manager.
  process.exitCode =
    error instanceof UpdateError &&
    error.type !== "no-source" &&
    error.type !== "no-friend"
      ? 0
      : 1;
}
