import { createServer, listenOnSocket } from "../shared/server.ts";
import { places, runService, socketPath } from "../shared/service.ts";
import { StorageNode } from "./node.ts";
import { addNodeRoutes } from "./routes.ts";

await runService("node", async (log, ending) => {
  const { state, disks } = places("node");
  const node = await StorageNode.open(state, disks, log);
  node.start();
  const app = createServer(log);
  addNodeRoutes(app, node, ending);
  await listenOnSocket(app, socketPath("node"));
  return {
    async [Symbol.asyncDispose]() {
      await app.close();
      await node[Symbol.asyncDispose]();
    },
  };
});
