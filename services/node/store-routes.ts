import { Readable } from "node:stream";
import { Type } from "typebox";
import { BadRequestError } from "../shared/errors.ts";
import type { Server } from "../shared/server.ts";
import type { StorageNode } from "./node.ts";
import { checkCode } from "./store/erasure.ts";
import { ObjectHealth, ObjectInfo } from "./store/object-info.ts";
import { ScrubReport, StoreSettings, StoreState } from "./store/state.ts";

const Id = Type.Object({ id: Type.String({ pattern: "^[0-9a-f]{32}$" }) });
const Uuid = Type.Object({ uuid: Type.String({ format: "uuid" }) });

/** The routes of the fragment store: its state, its disks, and objects under ids. */
export function addStoreRoutes(
  app: Server,
  node: StorageNode,
  ending: AbortSignal,
): void {
  app.get(
    "/store",
    { schema: { response: { 200: StoreState } } },
    async () => await node.storeState(),
  );
  app.put(
    "/store/settings",
    { schema: { body: StoreSettings } },
    async (request, reply) => {
      await node.configure(request.body);
      return reply.status(204).send();
    },
  );
  app.post(
    "/store/scrub",
    { schema: { response: { 200: ScrubReport } } },
    async () => await node.scrub(),
  );
  app.post("/store/reindex", async (_request, reply) => {
    await node.reindex();
    return reply.status(204).send();
  });
  app.post(
    "/store/disks/:uuid/drain",
    {
      schema: {
        params: Uuid,
        body: Type.Object({ drain: Type.Boolean() }),
      },
    },
    async (request, reply) => {
      await node.drain(request.params.uuid, request.body.drain);
      return reply.status(204).send();
    },
  );
  app.delete(
    "/store/disks/:uuid",
    { schema: { params: Uuid } },
    async (request, reply) => {
      await node.forgetDisk(request.params.uuid);
      return reply.status(204).send();
    },
  );
  app.post(
    "/objects",
    {
      bodyLimit: 2 ** 50,
      schema: {
        querystring: Type.Object({
          k: Type.Integer({ minimum: 1, maximum: 255 }),
          m: Type.Integer({ minimum: 0, maximum: 254 }),
        }),
        response: { 200: ObjectInfo },
      },
    },
    async (request) => {
      const { k, m } = request.query;
      try {
        checkCode(k, m);
      } catch (error) {
        throw new BadRequestError((error as Error).message, "bad-code");
      }
      return await node.objects.put(
        request.body as unknown as Readable,
        { k, m },
        ending,
      );
    },
  );
  app.get(
    "/objects/:id",
    {
      schema: {
        params: Id,
        querystring: Type.Object({
          start: Type.Optional(Type.Integer({ minimum: 0 })),
          end: Type.Optional(Type.Integer({ minimum: 0 })),
        }),
      },
    },
    async (request, reply) => {
      const { start = 0, end = Number.MAX_SAFE_INTEGER } = request.query;
      const { id } = request.params;
      const { info, bytes } = await node.objects.get(id, ending, {
        start,
        end,
      });
      const length = Math.max(0, Math.min(end, info.size) - start);
      const first = await bytes.next();
      return reply
        .header("content-length", length)
        .type("application/octet-stream")
        .send(
          Readable.from(
            (async function* () {
              if (!first.done) yield first.value;
              yield* bytes;
            })(),
            { objectMode: false },
          ),
        );
    },
  );
  app.get(
    "/objects/:id/info",
    { schema: { params: Id, response: { 200: ObjectHealth } } },
    async (request) => await node.objects.stat(request.params.id, ending),
  );
  app.delete(
    "/objects/:id",
    { schema: { params: Id } },
    async (request, reply) => {
      await node.objects.remove(request.params.id);
      return reply.status(204).send();
    },
  );
}
