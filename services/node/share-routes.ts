import { Type } from "typebox";
import type { Server } from "../shared/server.ts";
import type { StorageNode } from "./node.ts";
import { NewShare, Request, Share, ShareTerms } from "./tree/api.ts";

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
    async ({ body: { path, name, write, expires } }) =>
      await node.sharing.create(
        path,
        name,
        ["read", "list", ...(write ? (["write"] as const) : [])],
        expires,
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
