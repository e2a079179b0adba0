import type { Readable } from "node:stream";
import { Readable as ReadableStream } from "node:stream";
import { type Static, Type } from "typebox";
import { BadRequestError } from "../shared/errors.ts";
import { type Server, whenGone } from "../shared/server.ts";
import type { StorageNode } from "./node.ts";
import { segmentCount } from "./store/body.ts";
import {
  Act,
  At,
  BinEntry,
  Entry,
  EntryDetails,
  EntryVersion,
  FoundNames,
  ListQuery,
  Lock,
  LockAct,
  NameQuery,
  PatchQuery,
  ReadQuery,
  Room,
  shareHeader,
  WriteQuery,
} from "./tree/api.ts";
import type { Actor } from "./tree/capability.ts";
import { bodiesOf } from "./tree/content.ts";
import { NoRightError } from "./tree/errors.ts";
import type { Node } from "./tree/node-row.ts";
import { readPieces } from "./tree/pieces.ts";
import { findByName } from "./tree/search.ts";
import type { Place, Tree } from "./tree/tree.ts";
import { verifyTree } from "./tree/verify.ts";

/** The upload ended before all of it arrived, or is longer than was said. */
export class UploadCutError extends BadRequestError {
  override name = "UploadCutError";
  constructor(message: string) {
    super(message, "upload-cut");
  }
}

/** The routes of the block tree on the storage node's socket. */
export function addTreeRoutes(
  app: Server,
  node: StorageNode,
  ending: AbortSignal,
): void {
  app.get(
    "/tree/entry",
    { schema: { querystring: At, response: { 200: EntryDetails } } },
    async ({ query, headers }) =>
      detailsOf(node.tree, place(query.at), await actorOf(node, headers)),
  );
  app.get(
    "/tree/list",
    {
      schema: { querystring: ListQuery, response: { 200: Type.Array(Entry) } },
    },
    async ({ query: { at, after, limit }, headers }) =>
      node.tree
        .list(place(at), await actorOf(node, headers), after, limit)
        .map(entryOf),
  );
  app.get(
    "/tree/search",
    { schema: { querystring: NameQuery, response: { 200: FoundNames } } },
    async ({ query: { words, limit = 20 }, headers }, reply) => {
      const actor = await actorOf(node, headers);
      const gone = whenGone(reply);
      const found = await findByName(node.tree, words, limit, actor, gone);
      return {
        entries: found.entries.map(({ path, node: entry }) => ({
          path,
          entry: entryOf(entry),
        })),
        complete: found.complete,
      };
    },
  );
  app.get(
    "/tree/details",
    {
      schema: {
        querystring: ListQuery,
        response: { 200: Type.Array(EntryDetails) },
      },
    },
    async ({ query: { at, after, limit = 200 }, headers }) => {
      const actor = await actorOf(node, headers);
      // Each block is opened: not many at a time.
      return node.tree
        .list(place(at), actor, after, Math.min(limit, 200))
        .map(({ id }) => detailsOf(node.tree, id, actor));
    },
  );
  app.get(
    "/tree/content",
    { schema: { querystring: ReadQuery } },
    async ({ query: { at, ...range }, headers }, reply) => {
      const { tree } = node;
      const actor = await actorOf(node, headers);
      const { size, bytes } = tree.read(place(at), actor, ending, range);
      const first = await bytes.next();
      const { start = 0, end = size } = range;
      return reply
        .header("content-length", Math.max(0, Math.min(end, size) - start))
        .header("x-coppice-size", size)
        .type("application/octet-stream")
        .send(
          ReadableStream.from(chained(first, bytes), { objectMode: false }),
        );
    },
  );
  app.put(
    "/tree/content",
    {
      bodyLimit: 2 ** 50,
      schema: {
        querystring: WriteQuery,
        headers: Type.Object({
          "x-coppice-size": Type.Optional(
            Type.Integer({ minimum: 0, maximum: 2 ** 46 }),
          ),
        }),
        response: { 200: Entry },
      },
    },
    async ({ query: { parent, name, ...options }, headers, body }) => {
      const { tree } = node;
      const size = headers["x-coppice-size"];
      const upload = body as unknown as Readable;
      const actor = await actorOf(node, headers);
      if (size !== undefined) await tree.contents.admit(size);
      return entryOf(
        await tree.put(
          place(parent),
          name,
          size === undefined ? upload : exactly(upload, size),
          actor,
          ending,
          options,
        ),
      );
    },
  );
  app.post(
    "/tree/patch",
    {
      bodyLimit: 2 ** 50,
      schema: { querystring: PatchQuery, response: { 200: Entry } },
    },
    async ({ query: { at, size, ...options }, body }) => {
      const { tree } = node;
      const { pieces, rest } = await readPieces(body as unknown as Readable);
      const length = pieces.reduce((sum, one) => sum + one.length, 0);
      return entryOf(
        await tree.patch(
          place(at),
          pieces,
          size,
          exactly(rest, length),
          tree.owner,
          ending,
          options,
        ),
      );
    },
  );
  app.post(
    "/tree/act",
    {
      bodyLimit: 256 * 1024,
      schema: {
        querystring: Type.Object({ durable: Type.Optional(Type.Boolean()) }),
        body: Act,
        response: { 200: Type.Union([Entry, Type.Null()]) },
      },
    },
    async ({ query, body, headers }) => {
      const { tree } = node;
      const done = await perform(tree, body, await actorOf(node, headers));
      if (query.durable !== false) await tree.flush();
      return done ? entryOf(done) : null;
    },
  );
  app.get(
    "/tree/room",
    { schema: { response: { 200: Room } } },
    async () => await node.tree.contents.room(),
  );
  app.post("/tree/flush", async (_request, reply) => {
    await node.tree.flush();
    return reply.status(204).send();
  });
  app.post(
    "/tree/lock",
    {
      schema: {
        body: LockAct,
        response: { 200: Type.Union([Lock, Type.Null()]) },
      },
    },
    async ({ body }) => await lock(node.tree, body),
  );
  app.get(
    "/tree/history",
    {
      schema: { querystring: At, response: { 200: Type.Array(EntryVersion) } },
    },
    async ({ query, headers }) =>
      node.tree.history.list(place(query.at), await actorOf(node, headers)),
  );
  app.get(
    "/tree/bin",
    { schema: { response: { 200: Type.Array(BinEntry) } } },
    async () =>
      node.tree.bin.list().map(({ node: entry, origin, removed }) => ({
        entry: entryOf(entry),
        origin,
        removed,
      })),
  );
  app.get(
    "/tree/snapshots",
    { schema: { response: { 200: Type.Array(Entry) } } },
    async () => node.tree.snapshots().map(entryOf),
  );
  app.get(
    "/tree/watch",
    { schema: { querystring: At } },
    async ({ query }, reply) => {
      const { tree } = node;
      const changes = tree.watch(
        place(query.at),
        tree.owner,
        AbortSignal.any([whenGone(reply), ending]),
      );
      return reply
        .type("application/jsonl")
        .send(ReadableStream.from(lines(changes)));
    },
  );
  app.get(
    "/tree/verify",
    { schema: { querystring: At } },
    async ({ query }, reply) => {
      return reply
        .type("application/jsonl")
        .send(
          ReadableStream.from(
            lines(
              verifyTree(
                node.tree,
                place(query.at),
                AbortSignal.any([whenGone(reply), ending]),
              ),
            ),
          ),
        );
    },
  );
}

async function perform(
  tree: Tree,
  body: Static<typeof Act>,
  actor: Actor,
): Promise<Node | undefined> {
  const ownersOnly = ["restore", "purge", "settle", "snapshot"];
  if (actor !== tree.owner && ownersOnly.includes(body.act))
    throw new NoRightError(body.act, "here");
  switch (body.act) {
    case "directory":
      return tree.makeDirectory(place(body.parent), body.name, actor, body);
    case "file":
      return tree.makeFile(place(body.parent), body.name, actor, body);
    case "link":
      return tree.makeLink(
        place(body.parent),
        body.name,
        body.target,
        actor,
        body,
      );
    case "move":
      return tree.move(
        place(body.at),
        place(body.parent),
        body.name,
        actor,
        body,
      );
    case "copy":
      return await tree.copy(
        place(body.at),
        place(body.parent),
        body.name,
        actor,
      );
    case "remove":
      return tree.bin.take(place(body.at), actor, body.token);
    case "discard":
      tree.discard(place(body.at), actor, body.token);
      return undefined;
    case "restore":
      return tree.bin.restore(idOf(body.id));
    case "purge":
      await tree.bin.purge(idOf(body.id));
      return undefined;
    case "attributes": {
      const { attributes, ...rest } = body;
      return tree.setAttributes(
        place(body.at),
        {
          ...rest,
          ...(attributes
            ? {
                attributes: new Map(
                  Object.entries(attributes).map(([key, value]) => [
                    key,
                    Buffer.from(value, "base64"),
                  ]),
                ),
              }
            : {}),
        },
        actor,
        body.token,
      );
    }
    case "restore-version":
      return tree.history.restore(place(body.at), body.version, actor);
    case "settle":
      return tree.history.settle(place(body.at), actor);
    case "snapshot":
      return await tree.snapshot(place(body.at), body.name);
  }
}

/** Who acts: whoever has the secret of a share, where one is told, else the owner. */
export async function actorOf(
  node: StorageNode,
  headers: Readonly<Record<string, string | string[] | number | undefined>>,
): Promise<Actor> {
  const secret = headers[shareHeader];
  if (secret === undefined) return node.tree.owner;
  return (await node.sharing.actor(String(secret))).actor;
}

async function lock(
  tree: Tree,
  {
    at,
    act,
    holder = "somebody",
    token = 0,
    lease = 60_000,
  }: Static<typeof LockAct>,
): Promise<Static<typeof Lock> | null> {
  const { id } = tree.places.find(place(at));
  const path = tree.places.pathOf(id);
  if (act === "release") {
    tree.locks.release(id, token);
    return null;
  }
  if (act === "renew") return tree.locks.renew(id, path, token, lease);
  const acquired = tree.locks.acquire(id, path, holder, lease);
  // A token that was given out must not be given out again, and the journal does not tell of it.
  await tree.state.settle();
  return acquired;
}

function detailsOf(
  tree: Tree,
  at: Place,
  actor: Actor,
): Static<typeof EntryDetails> {
  const node = tree.stat(at, actor);
  const { content, target, attributes } = tree.header(node.id, actor);
  const lock = tree.locks.of(node.id);
  const bodies = content ? bodiesOf(content) : [];
  const { k, m } = bodies[0]?.body ?? tree.contents.code;
  return {
    entry: entryOf(node),
    path: tree.places.pathOf(node.id),
    ...(content ? { layout: content.layout } : {}),
    ...(node.kind === "link" ? { target } : {}),
    ...(lock ? { lock } : {}),
    attributes: Object.fromEntries(
      [...attributes].map(([key, value]) => [key, value.toString("base64")]),
    ),
    fragments: k + m,
    needed: k,
    segments: bodies.reduce((sum, { body }) => sum + segmentCount(body), 0),
  };
}

/** An entry as the services tell each other. */
export function entryOf(node: Node): Static<typeof Entry> {
  const { parent: _parent, id, ...rest } = node;
  return { ...rest, id: id.toString("hex") };
}

/** A path begins with a slash; anything else is an id. */
function place(at: string): Place {
  return at.startsWith("/") ? at : idOf(at);
}

function idOf(id: string): Buffer {
  if (!/^[0-9a-f]{32}$/.test(id))
    throw new BadRequestError(
      "A path begins with a slash; an id has 32 hexadecimal digits.",
      "bad-path",
    );
  return Buffer.from(id, "hex");
}

async function* chained(
  first: IteratorResult<Buffer>,
  rest: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    if (!first.done) yield first.value;
    yield* rest;
  } finally {
    // A reader who leaves after the first piece has never begun the rest.
    await rest.return(undefined);
  }
}

async function* lines(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}

/** What comes, if it is exactly `size` bytes. @throws UploadCutError */
export async function* exactly(
  body: AsyncIterable<Buffer>,
  size: number,
): AsyncGenerator<Buffer> {
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (received > size)
      throw new UploadCutError(
        `More came than the ${size} bytes that were announced. Upload the file again.`,
      );
    yield chunk;
  }
  if (received !== size)
    throw new UploadCutError(
      `Only ${received} of ${size} bytes arrived. Upload the file again.`,
    );
}
