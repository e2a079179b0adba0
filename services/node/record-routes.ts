import { Type } from "typebox";
import type { Server } from "../shared/server.ts";
import { KeptRecord, RecordName, RecordNames } from "./client.ts";
import type { StorageNode } from "./node.ts";
import { Records } from "./tree/records.ts";

const Name = Type.Object({ name: RecordName });
const prefix = "kept-";
/** Bytes that a record may have. */
export const largestRecord = 2 ** 20;

/** What other services keep in the tree, so that it comes back with the root key. */
export function addRecordRoutes(app: Server, node: StorageNode): void {
  app.get(
    "/records/:name",
    { schema: { params: Name, response: { 200: KeptRecord } } },
    async ({ params }) => {
      const bytes = await new Records(node.tree).read(prefix + params.name);
      return { text: bytes?.toString() ?? null };
    },
  );
  app.get(
    "/records",
    {
      schema: {
        querystring: Type.Object({ prefix: Type.String({ maxLength: 100 }) }),
        response: { 200: RecordNames },
      },
    },
    async ({ query }) =>
      new Records(node.tree)
        .names(prefix + query.prefix)
        .map((name) => name.slice(prefix.length)),
  );
  app.delete(
    "/records/:name",
    { schema: { params: Name } },
    async ({ params }, reply) => {
      const records = new Records(node.tree);
      const name = prefix + params.name;
      if (records.names(name).includes(name)) records.discard(name);
      return reply.status(204).send();
    },
  );
  app.put(
    "/records/:name",
    {
      bodyLimit: largestRecord + 4096,
      schema: {
        params: Name,
        body: Type.Object({ text: Type.String({ maxLength: largestRecord }) }),
      },
    },
    async ({ params, body }, reply) => {
      const { tree } = node;
      await new Records(tree).write(
        prefix + params.name,
        Buffer.from(body.text),
      );
      await tree.flush();
      return reply.status(204).send();
    },
  );
}
