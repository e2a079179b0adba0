import { Type } from "typebox";
import type { Server } from "../shared/server.ts";
import type { StorageNode } from "./node.ts";
import { Box, NewShare, Request, Share, ShareTerms } from "./tree/api.ts";
import { actorOf } from "./tree-routes.ts";

const Id = Type.Object({ id: Type.String({ pattern: "^[0-9a-f]{32}$" }) });
const Secret = Type.Object({
  secret: Type.String({ minLength: 43, maxLength: 43 }),
});

/** The routes of shares on the storage node's socket. */
export function addShareRoutes(app: Server, node: StorageNode): void {
  app.get(
    "/shares",
    { schema: { response: { 200: Type.Array(Share) } } },
    async () => await node.sharing.list(),
  );
  app.post(
    "/shares",
    { schema: { body: ShareTerms, response: { 200: NewShare } } },
    async ({ body, headers }) =>
      await node.sharing.create(
        body.path,
        body.name,
        [
          "read",
          "list",
          ...(body.write ? (["write"] as const) : []),
          ...(body.delegate ? (["delegate"] as const) : []),
        ],
        body.expires,
        await actorOf(node, headers),
      ),
  );
  app.delete(
    "/shares/:id",
    { schema: { params: Id } },
    async ({ params }, reply) => {
      await node.sharing.revoke(params.id);
      return reply.status(204).send();
    },
  );
  app.post(
    "/shares/:id/renew",
    { schema: { params: Id, response: { 200: NewShare } } },
    async ({ params }) => await node.sharing.renew(params.id),
  );
  app.get(
    "/boxes",
    { schema: { response: { 200: Type.Array(Box) } } },
    async () => await node.boxes(),
  );
  app.delete(
    "/boxes/:principal",
    { schema: { params: Type.Pick(Box, ["principal"]) } },
    async ({ params }, reply) => {
      await node.revokeBox(params.principal);
      return reply.status(204).send();
    },
  );
  app.post(
    "/shares/open",
    { schema: { body: Secret, response: { 200: Share } } },
    async ({ body }) => (await node.sharing.actor(body.secret)).share,
  );
  app.get(
    "/shares/requests",
    { schema: { response: { 200: Type.Array(Request) } } },
    async () => await node.sharing.requests(),
  );
  app.post(
    "/shares/requests",
    {
      schema: {
        body: Type.Object({
          ...Secret.properties,
          words: Type.String({ maxLength: 500 }),
        }),
      },
    },
    async ({ body: { secret, words } }, reply) => {
      const { share } = await node.sharing.actor(secret);
      await node.sharing.request(share, words);
      return reply.status(204).send();
    },
  );
  app.post(
    "/shares/requests/:id",
    {
      schema: { params: Id, body: Type.Object({ allow: Type.Boolean() }) },
    },
    async ({ params, body }, reply) => {
      await node.sharing.answer(params.id, body.allow);
      return reply.status(204).send();
    },
  );
}
