import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { imageAnchors, imageInfo, readSigners } from "../shared/image.ts";
import {
  createServer,
  listenOnPassedSocket,
  listenOnSocket,
} from "../shared/server.ts";
import { runService, socketPath } from "../shared/service.ts";
import { addVersionRoutes } from "../shared/version-routes.ts";
import { OwnVersion } from "./own-version.ts";

/** Milliseconds without a question after which it ends: the next one starts it anew. */
const idle = 60_000;

await runService("version", async (log) => {
  const {
    values: { manifest = "", version: running = "" },
  } = parseArgs({
    options: { manifest: { type: "string" }, version: { type: "string" } },
  });
  // The socket is the first of them (sd_listen_fds_with_names(3)); where nobody passes one, it makes its own.
  const names = (process.env.LISTEN_FDNAMES ?? "").split(":");
  const version = new OwnVersion({
    document: await readFile(manifest).then(
      // An empty line stands for none: systemd takes nothing shorter.
      (bytes) => (bytes.length > 1 ? bytes : Buffer.alloc(0)),
      () => Buffer.alloc(0),
    ),
    files: new Map(names.map((name, index) => [name, 3 + index])),
    version: running,
    board: (await imageInfo()).board,
    signers: await readSigners(imageAnchors.signers),
  });
  const app = createServer(log);
  addVersionRoutes(app, "/version", () => version);
  const timer = setTimeout(() => process.kill(process.pid, "SIGTERM"), idle);
  app.addHook("onRequest", async () => void timer.refresh());
  app.addHook("onResponse", async () => void timer.refresh());
  if (names[0] === "socket") await listenOnPassedSocket(app);
  else await listenOnSocket(app, socketPath("version"));
  return {
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await app.close();
    },
  };
});
