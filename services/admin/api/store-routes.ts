import type { Readable } from "node:stream";
import { Type } from "typebox";
import {
  Disk,
  type HostClient,
  HostStatus,
  RecoveryKey,
} from "../../host/client.ts";
import {
  type NodeClient,
  ObjectHealth,
  ObjectInfo,
  StoreSettings,
  StoreState,
} from "../../node/client.ts";
import { BadRequestError, NotFoundError } from "../../shared/errors.ts";
import type { Server } from "../../shared/server.ts";
import { DiskWork, type DiskWorker } from "../disk-work.ts";
import { passOn } from "./file-routes.ts";
import type { OwnerAccount } from "./owner.ts";

const tags = ["storage"];
const Id = Type.Object({ id: Type.String({ pattern: "^[0-9a-f]{32}$" }) });
const Uuid = Type.Object({ uuid: Type.String({ format: "uuid" }) });
const password = Type.String({ minLength: 1, maxLength: 1024 });
const HostDisk = HostStatus.properties.disks.items;

/** The fragment store's state, with what the machine knows of its disks. */
export const StorageView = Type.Object({
  ...StoreState.properties,
  machine: Type.Array(HostDisk, {
    description: "the machine's disks, with their health",
  }),
  work: Type.Union([DiskWork, Type.Null()], {
    description: "a disk that is being added",
  }),
});
export type StorageView = Type.Static<typeof StorageView>;

/** The fragment store: its disks, its scrub, and objects under ids. */
export function addStoreRoutes(
  app: Server,
  node: NodeClient,
  host: HostClient,
  account: OwnerAccount,
  worker: DiskWorker,
): void {
  app.get(
    "/api/store",
    {
      schema: {
        tags,
        summary: "Data disks, what is on them, scrub and mending",
        response: { 200: StorageView },
      },
    },
    async () => {
      const [store, machine] = await Promise.all([
        node.store(),
        host.status().then(
          ({ disks }) => disks,
          () => [],
        ),
      ]);
      return { ...store, machine, work: worker.work ?? null };
    },
  );
  app.put(
    "/api/store/settings",
    {
      config: { noted: "set how the disks are looked after" },
      schema: {
        tags,
        summary: "Set period, rate and pause of the scrub, and quotas",
        body: StoreSettings,
      },
    },
    async (request, reply) => {
      await node.configureStore(request.body);
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/store/scrub",
    { schema: { tags, summary: "Read and mend everything now" } },
    async (request, reply) => {
      node
        .scrub()
        .catch((err: unknown) => request.log.warn({ err }, "scrub failed"));
      return reply.status(202).send();
    },
  );
  app.post(
    "/api/store/reindex",
    {
      schema: {
        tags,
        summary: "Make the index anew from what is on the disks",
      },
    },
    async (_request, reply) => {
      await node.reindex();
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/store/rescan",
    {
      schema: {
        tags,
        summary: "Look for disks that came back, and open failed ones again",
      },
    },
    async (_request, reply) => {
      await node.rescan();
      return reply.status(204).send();
    },
  );
  app.get(
    "/api/store/candidates",
    {
      schema: {
        tags,
        summary: "Disks that could become data disks",
        response: { 200: Type.Array(Disk) },
      },
    },
    async () => (await host.disks()).filter(({ uuid }) => uuid === null),
  );
  app.post(
    "/api/store/disks",
    {
      config: {
        noted: "made a disk a data disk",
        about: "name",
        refused: "make a disk a data disk",
        access: "browser",
      },
      schema: {
        tags,
        summary: "Erase a disk and make it a data disk",
        body: Type.Object({
          id: Type.String({ maxLength: 256 }),
          name: Type.String({
            maxLength: 256,
            description: "the disk's name, typed by the owner",
          }),
        }),
      },
    },
    async (request, reply) => {
      const { id, name } = request.body;
      const disk = (await host.disks()).find((one) => one.id === id);
      if (!disk || disk.uuid !== null)
        throw new NotFoundError(
          "That disk is not there any more, or in use. Look at the list again.",
          "no-such-disk",
        );
      if (disk.name !== name)
        throw new BadRequestError(
          `To erase this disk, type its name: ${disk.name}.`,
          "name-mismatch",
        );
      worker.start(id, name);
      return reply.status(202).send();
    },
  );
  app.delete(
    "/api/store/work",
    { schema: { tags, summary: "Dismiss the last disk that was added" } },
    async (_request, reply) => {
      worker.dismiss();
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/store/disks/:uuid/recovery-key",
    {
      config: {
        noted: "drew a new recovery key for a disk",
        about: "uuid",
        refused: "draw a new recovery key for a disk",
        access: "browser",
        rateLimit: { max: 30, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary: "Draw a new recovery key for a data disk; the old one is void",
        params: Uuid,
        body: Type.Object({ password }),
        response: { 200: RecoveryKey },
      },
    },
    async (request) => {
      await account.confirm(request.body.password);
      return {
        recoveryKey: await host.renewRecoveryKey(request.params.uuid),
      };
    },
  );
  app.post(
    "/api/store/disks/:uuid/drain",
    {
      config: {
        noted: "had a disk emptied, or went on with it",
        about: "uuid",
      },
      schema: {
        tags,
        summary: "Move everything from a disk to the others, or stop that",
        params: Uuid,
        body: Type.Object({ drain: Type.Boolean() }),
      },
    },
    async (request, reply) => {
      await node.drainDisk(request.params.uuid, request.body.drain);
      return reply.status(204).send();
    },
  );
  app.delete(
    "/api/store/disks/:uuid",
    {
      config: { noted: "did without a disk", about: "uuid" },
      schema: {
        tags,
        summary: "Do without a disk that is empty or gone",
        params: Uuid,
      },
    },
    async (request, reply) => {
      const { uuid } = request.params;
      await node.forgetDisk(uuid);
      await host.closeDisk(uuid).catch((error: unknown) => {
        // A disk that is gone is not open.
        if (
          !(error instanceof Error && "status" in error && error.status === 404)
        )
          throw error;
      });
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/objects",
    {
      bodyLimit: 2 ** 46,
      schema: {
        tags,
        summary: "Store an object under a new id",
        description: "The body is the object as application/octet-stream.",
        querystring: Type.Object({
          k: Type.Integer({ minimum: 1, maximum: 255, default: 4 }),
          m: Type.Integer({ minimum: 0, maximum: 254, default: 2 }),
        }),
        response: { 200: ObjectInfo },
      },
    },
    async (request) => {
      if (request.headers["content-type"] !== "application/octet-stream")
        throw new BadRequestError(
          "Send the object as application/octet-stream.",
          "wrong-type",
        );
      return await passOn(
        request.body as unknown as Readable,
        async (body) => await node.putObject(request.query, body),
      );
    },
  );
  app.get(
    "/api/objects/:id",
    {
      schema: {
        tags,
        summary: "An object, or its bytes from start to before end",
        params: Id,
        querystring: Type.Object({
          start: Type.Optional(Type.Integer({ minimum: 0 })),
          end: Type.Optional(Type.Integer({ minimum: 0 })),
        }),
      },
    },
    async (request, reply) => {
      const { size, stream } = await node.getObject(
        request.params.id,
        request.query,
      );
      return reply
        .header("content-length", size)
        .header("content-disposition", "attachment")
        .type("application/octet-stream")
        .send(stream);
    },
  );
  app.get(
    "/api/objects/:id/info",
    {
      schema: {
        tags,
        summary: "How an object is kept",
        params: Id,
        response: { 200: ObjectHealth },
      },
    },
    async (request) => await node.object(request.params.id),
  );
  app.delete(
    "/api/objects/:id",
    { schema: { tags, summary: "Remove an object", params: Id } },
    async (request, reply) => {
      await node.removeObject(request.params.id);
      return reply.status(204).send();
    },
  );
}
