import { type Static, Type } from "typebox";
import { ServiceClient } from "../shared/client.ts";
import { socketPath } from "../shared/service.ts";
import { VersionClient } from "../shared/version-source.ts";

/** The socket on which the node tells of friends' versions, and of nothing else. */
export const versionsService = "node-versions";

/** Friends' boxes that can be asked for their version. */
export const FriendsThere = Type.Array(
  Type.Object({
    id: Type.String({ description: "principal of the owner's root key, hex" }),
    name: Type.String(),
  }),
);
export type FriendsThere = Static<typeof FriendsThere>;

/** Friends whose boxes can be asked now. @throws CoppiceError */
export async function friendsThere(signal: AbortSignal): Promise<FriendsThere> {
  await using node = new ServiceClient(
    versionsService,
    socketPath(versionsService),
  );
  return await node.call(FriendsThere, "GET", "/friends", { signal });
}

/** The version that a friend's box runs. @param id the friend's */
export function friendVersion(id: string): VersionClient {
  return new VersionClient(versionsService, `/friends/${id}/version`);
}
