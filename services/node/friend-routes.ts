import { Type } from "typebox";
import type { Server } from "../shared/server.ts";
import type { StorageNode } from "./node.ts";
import {
  AuditResult,
  ContractExport,
  FolderPromise,
  FriendChange,
  FriendSettings,
  FriendsState,
  InvitationTerms,
  Joining,
  NewInvitation,
  Recovery,
  Speed,
} from "./peer/api.ts";

const Id = Type.Object({ id: Type.String({ pattern: "^[0-9a-f]{64}$" }) });
const InvitationId = Type.Object({
  id: Type.String({ pattern: "^[0-9a-f]{16}$" }),
});

/** The routes of friends on the storage node's socket. */
export function addFriendRoutes(
  app: Server,
  node: StorageNode,
  ending: AbortSignal,
): void {
  app.get(
    "/friends",
    { schema: { response: { 200: FriendsState } } },
    async () => node.friends(),
  );
  app.post(
    "/friends/invitations",
    { schema: { body: InvitationTerms, response: { 200: NewInvitation } } },
    async ({ body }) => await node.befriending.invite(body),
  );
  app.delete(
    "/friends/invitations/:id",
    { schema: { params: InvitationId } },
    async ({ params }, reply) => {
      await node.befriending.withdraw(params.id);
      return reply.status(204).send();
    },
  );
  app.post(
    "/friends/join",
    {
      schema: {
        body: Joining,
        response: { 200: Type.Object({ id: Type.String() }) },
      },
    },
    async ({ body }) => ({ id: await node.befriending.join(body, ending) }),
  );
  app.patch(
    "/friends/:id",
    { schema: { params: Id, body: FriendChange } },
    async ({ params, body }, reply) => {
      await node.befriending.change(params.id, body, ending);
      return reply.status(204).send();
    },
  );
  app.delete(
    "/friends/:id",
    { schema: { params: Id } },
    async ({ params }, reply) => {
      await node.befriending.forget(params.id, ending);
      return reply.status(204).send();
    },
  );
  app.post(
    "/friends/:id/audit",
    { schema: { params: Id, response: { 200: AuditResult } } },
    async ({ params }) => await node.befriending.audit(params.id),
  );
  app.get(
    "/friends/:id/contracts",
    { schema: { params: Id, response: { 200: ContractExport } } },
    async ({ params }) => node.befriending.contracts(params.id),
  );
  app.post(
    "/friends/speed",
    { schema: { response: { 200: Speed } } },
    async () => await node.peers.speed.measure(ending),
  );
  app.put(
    "/friends/settings",
    { schema: { body: FriendSettings } },
    async ({ body }, reply) => {
      await node.befriending.configure(body);
      return reply.status(204).send();
    },
  );
  app.put(
    "/friends/protection",
    { schema: { body: FolderPromise } },
    async ({ body: { path, losses } }, reply) => {
      await node.befriending.promise(path, losses ?? undefined);
      return reply.status(204).send();
    },
  );
  app.post(
    "/friends/recover",
    {
      schema: {
        body: Type.Object({
          address: Type.String({ minLength: 3, maxLength: 256 }),
        }),
        response: { 200: Recovery },
      },
    },
    async ({ body }) => {
      const recovered = await node.recover(body.address, ending);
      const { files, bytes } = node.state();
      return {
        friends: recovered.map(({ friend, fragments, commits }) => ({
          name: friend.name,
          fragments,
          commits,
        })),
        files,
        bytes,
      };
    },
  );
}
