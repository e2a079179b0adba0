import type { Server } from "../shared/server.ts";
import { addVersionRoutes } from "../shared/version-routes.ts";
import type { StorageNode } from "./node.ts";
import { friendId } from "./peer/friend.ts";
import { FriendsThere } from "./version-client.ts";

/** What the updater may ask the node, on a socket of its own: the versions that friends' boxes run, and nothing else. */
export function addFriendVersionRoutes(app: Server, node: StorageNode): void {
  app.get(
    "/friends",
    { schema: { response: { 200: FriendsThere } } },
    async () =>
      node.peers.versions.there.map((friend) => ({
        id: friendId(friend),
        name: friend.name,
      })),
  );
  addVersionRoutes(app, "/friends/:id/version", ({ id = "" }) =>
    node.peers.versions.of(id),
  );
}
