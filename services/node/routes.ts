import { Type } from "typebox";
import type { Server } from "../shared/server.ts";
import {
  Backup,
  OwnerProof,
  ReEnrolmentQuestion,
  Signed,
  StorageState,
} from "./client.ts";
import { addFriendRoutes } from "./friend-routes.ts";
import { addLineRoutes } from "./line-routes.ts";
import type { StorageNode } from "./node.ts";
import { addRecordRoutes } from "./record-routes.ts";
import { addShareRoutes } from "./share-routes.ts";
import { addStoreRoutes } from "./store-routes.ts";
import { addTreeRoutes } from "./tree-routes.ts";

const passphrase = Type.String({ minLength: 8, maxLength: 1024 });

/** The storage node's routes on its Unix socket. */
export function addNodeRoutes(
  app: Server,
  node: StorageNode,
  ending: AbortSignal,
): void {
  app.addContentTypeParser(
    "application/octet-stream",
    (_request, payload, done) => done(null, payload),
  );
  addStoreRoutes(app, node, ending);
  addTreeRoutes(app, node, ending);
  addShareRoutes(app, node);
  addRecordRoutes(app, node);
  addFriendRoutes(app, node, ending);
  addLineRoutes(app, ending);
  app.get("/state", { schema: { response: { 200: StorageState } } }, async () =>
    node.state(),
  );
  app.post(
    "/rescan",
    { schema: { response: { 200: StorageState } } },
    async () => {
      await node.rescan();
      return node.state();
    },
  );
  app.post(
    "/root-key",
    {
      schema: { body: Type.Object({ passphrase }), response: { 200: Backup } },
    },
    async (request) =>
      await node.createRootKey(request.body.passphrase, ending),
  );
  app.post(
    "/root-key/restore",
    {
      schema: {
        body: Type.Object({
          passphrase,
          backup: Type.String({ maxLength: 16384 }),
        }),
      },
    },
    async (request, reply) => {
      await node.restoreRootKey(
        request.body.backup,
        request.body.passphrase,
        ending,
      );
      return reply.status(204).send();
    },
  );
  app.post(
    "/root-key/words",
    {
      schema: {
        body: Type.Object({ words: Type.String({ maxLength: 1024 }) }),
      },
    },
    async (request, reply) => {
      await node.restoreRootKeyFromWords(request.body.words);
      return reply.status(204).send();
    },
  );
  app.post(
    "/root-key/proof",
    {
      schema: {
        body: OwnerProof,
        response: { 200: Type.Object({ owner: Type.Boolean() }) },
      },
    },
    async ({ body }) => ({ owner: await node.provesOwner(body, ending) }),
  );
  app.post(
    "/root-key/re-enrolment",
    {
      schema: { body: ReEnrolmentQuestion, response: { 200: Signed } },
    },
    async (request) => {
      const { from, to, endorsement, at } = request.body;
      const signed = await node.signReEnrolment({
        from: Buffer.from(from, "base64"),
        to: Buffer.from(to, "base64"),
        endorsement: Buffer.from(endorsement, "base64"),
        at,
      });
      return { bytes: signed.toString("base64") };
    },
  );
  app.delete("/root-key", async (_request, reply) => {
    await node.forgetRootKey();
    return reply.status(204).send();
  });
}
