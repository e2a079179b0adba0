import {
  createServer,
  listenOnPassedSocket,
  listenOnSocket,
} from "../shared/server.ts";
import { places, runService, socketPath } from "../shared/service.ts";
import { StorageNode } from "./node.ts";
import { addNodeRoutes } from "./routes.ts";
import { versionsService } from "./version-client.ts";
import { addFriendVersionRoutes } from "./version-routes.ts";

await runService("node", async (log, ending) => {
  const { state, disks } = places("node");
  const node = await StorageNode.open(state, disks, log);
  node.start();
  const app = createServer(log);
  addNodeRoutes(app, node, ending);
  const versions = createServer(log);
  addFriendVersionRoutes(versions, node);
  await listenOnSocket(app, socketPath("node"));
  if (process.env.LISTEN_FDS === undefined)
    await listenOnSocket(versions, socketPath(versionsService));
  else await listenOnPassedSocket(versions);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([app.close(), versions.close()]);
      await node[Symbol.asyncDispose]();
    },
  };
});
