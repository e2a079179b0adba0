import type { Readable } from "node:stream";
import { Type } from "typebox";
import type { Server } from "../shared/server.ts";
import {
  Backup,
  FileInfo,
  ReEnrolmentQuestion,
  Signed,
  StorageState,
} from "./client.ts";
import type { StorageNode } from "./node.ts";
import { addStoreRoutes } from "./store-routes.ts";

const Name = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 255 }),
});
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
    async (request) => ({
      backup: await node.createRootKey(request.body.passphrase, ending),
    }),
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
  app.get(
    "/files",
    { schema: { response: { 200: Type.Array(FileInfo) } } },
    async () => node.files.list(),
  );
  app.get(
    "/files/:name/info",
    { schema: { params: Name, response: { 200: FileInfo } } },
    async (request) => node.files.stat(request.params.name),
  );
  app.get(
    "/files/:name",
    { schema: { params: Name } },
    async (request, reply) => {
      const { info, stream } = await node.files.get(
        request.params.name,
        ending,
      );
      return reply
        .header("content-length", info.size)
        .type("application/octet-stream")
        .send(stream);
    },
  );
  app.put(
    "/files/:name",
    {
      bodyLimit: 2 ** 50,
      schema: {
        params: Name,
        headers: Type.Object({
          "x-coppice-size": Type.Integer({ minimum: 0, maximum: 2 ** 46 }),
        }),
        response: { 200: FileInfo },
      },
    },
    async (request) =>
      await node.files.put(
        request.params.name,
        request.headers["x-coppice-size"],
        request.body as unknown as Readable,
        ending,
      ),
  );
  app.delete(
    "/files/:name",
    { schema: { params: Name } },
    async (request, reply) => {
      await node.files.remove(request.params.name);
      return reply.status(204).send();
    },
  );
}
