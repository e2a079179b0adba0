import { PassThrough, Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import {
  Act,
  BinEntry,
  Entry,
  EntryDetails,
  EntryVersion,
  FoundNames,
  NameQuery,
  type NodeClient,
  splitPath,
  type TreeClient,
} from "../../node/client.ts";
import { BadRequestError, CoppiceError } from "../../shared/errors.ts";
import { type Server, whenGone } from "../../shared/server.ts";
import { sendEvents } from "./events.ts";

const tags = ["files"];
const largest = 2 ** 46;
const path = Type.String({
  pattern: "^/",
  maxLength: 4096,
  description: "from the root, such as /photos/2026/sea.jpg",
});
const PathQuery = Type.Object({ path });

/** Types that a browser shows without running anything in them. */
const shown: Readonly<Record<string, string>> = {
  avif: "image/avif",
  flac: "audio/flac",
  gif: "image/gif",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  m4a: "audio/mp4",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  ogg: "audio/ogg",
  pdf: "application/pdf",
  png: "image/png",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
};

/** The owner's files, streamed through and never held. */
export function addFileRoutes(
  app: Server,
  node: NodeClient,
  ending: AbortSignal,
): void {
  app.addContentTypeParser(
    "application/octet-stream",
    (_request, payload, done) => done(null, payload),
  );
  app.get(
    "/api/files",
    {
      schema: {
        tags,
        summary: "A folder and what is in it, in the byte order of the names",
        querystring: Type.Object({
          path: Type.Optional(path),
          after: Type.Optional(
            Type.String({ maxLength: 255, description: "names behind this" }),
          ),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
        }),
        response: {
          200: Type.Object({
            folder: EntryDetails,
            entries: Type.Array(Entry),
          }),
        },
      },
    },
    async ({ query: { path: at = "/", ...rest } }) => ({
      folder: await node.tree.entry(at),
      entries: await node.tree.list({ at, ...rest }),
    }),
  );
  app.get(
    "/api/files/entry",
    {
      schema: {
        tags,
        summary: "A file or a folder, and how it is kept",
        querystring: PathQuery,
        response: { 200: EntryDetails },
      },
    },
    async ({ query }) => await node.tree.entry(query.path),
  );
  app.get(
    "/api/files/content",
    {
      schema: {
        tags,
        summary: "Download a file, a version of it, or (Range) a piece",
        querystring: Type.Object({
          path,
          version: Type.Optional(Type.Integer({ minimum: 1 })),
          show: Type.Optional(
            Type.Boolean({ description: "to look at, not to save" }),
          ),
        }),
      },
    },
    async ({ query, headers }, reply) =>
      await sendContent(node.tree, query, headers.range, reply),
  );
  app.put(
    "/api/files/content",
    {
      bodyLimit: largest,
      schema: {
        tags,
        summary:
          "Upload a file; an older version stays in its history when the new one is safe",
        description:
          "The body is the file as application/octet-stream, with its Content-Length.",
        querystring: Type.Object({
          path,
          layout: Type.Optional(
            Type.Union([Type.Literal("sequential"), Type.Literal("random")]),
          ),
          modified: Type.Optional(
            Type.Number({ minimum: 0, maximum: 2 ** 53 }),
          ),
          base: Type.Optional(
            Type.Integer({
              minimum: 0,
              description:
                "the version that you know; another one that is there is kept as a conflict",
            }),
          ),
          strict: Type.Optional(
            Type.Boolean({
              description: "refuse instead of keeping a conflict",
            }),
          ),
          token: Type.Optional(Type.Integer({ minimum: 1 })),
        }),
        response: { 200: Entry },
      },
    },
    async (request) => {
      const length = uploadLength(request);
      const { path: at, ...options } = request.query;
      const { parent, name } = newPlace(at);
      return await passOn(request.body as unknown as Readable, (body) =>
        node.tree.write({ parent, name, ...options }, body, length),
      );
    },
  );
  app.post(
    "/api/files/act",
    {
      bodyLimit: 256 * 1024,
      schema: {
        tags,
        summary:
          "Make a folder; move, copy, remove, restore, purge; snapshot; change attributes",
        body: Act,
        response: { 200: Type.Union([Entry, Type.Null()]) },
      },
    },
    async ({ body }) => {
      if ("name" in body) checkShown(body.name);
      return await node.tree.act(body);
    },
  );
  app.get(
    "/api/files/history",
    {
      schema: {
        tags,
        summary: "The versions of a file, the newest first",
        querystring: PathQuery,
        response: { 200: Type.Array(EntryVersion) },
      },
    },
    async ({ query }) => await node.tree.history(query.path),
  );
  app.get(
    "/api/files/bin",
    {
      schema: {
        tags,
        summary: "What was removed and can be restored",
        response: { 200: Type.Array(BinEntry) },
      },
    },
    async () => await node.tree.bin(),
  );
  app.get(
    "/api/files/search",
    {
      schema: {
        tags,
        summary: "Files and folders by words in their names",
        querystring: NameQuery,
        response: { 200: FoundNames },
      },
    },
    async ({ query }) => await node.tree.search(query),
  );
  app.get(
    "/api/files/snapshots",
    {
      schema: {
        tags,
        summary: "The snapshots, which are folders under /.snapshots",
        response: { 200: Type.Array(Entry) },
      },
    },
    async () => await node.tree.snapshots(),
  );
  app.get(
    "/api/files/watch",
    {
      schema: {
        tags,
        summary: "What happens in a folder, as server-sent events",
        querystring: PathQuery,
      },
    },
    async ({ query }, reply) => {
      await node.tree.entry(query.path);
      sendEvents(reply, ending, (send) => {
        const gone = new AbortController();
        void (async () => {
          for await (const change of node.tree.watch(query.path, gone.signal))
            send(change);
        })().catch(() => reply.raw.end());
        return () => gone.abort();
      });
    },
  );
  app.get(
    "/api/files/verify",
    {
      schema: {
        tags,
        summary:
          "Check every signature, chain of caps and content beneath a path; answers with lines of JSON",
        querystring: PathQuery,
      },
    },
    async ({ query }, reply) => {
      const gone = whenGone(reply);
      await node.tree.entry(query.path);
      const lines = node.tree.verify(query.path, gone);
      return reply.type("application/jsonl").send(
        Readable.from(
          (async function* () {
            for await (const line of lines) yield `${JSON.stringify(line)}\n`;
          })(),
        ),
      );
    },
  );
}

/** Which bytes are asked for, and whether to look at them. */
export interface ContentQuery {
  path: string;
  version?: number;
  show?: boolean;
}

/** Sends a file, or the piece of it that a Range header asks for. */
export async function sendContent(
  tree: TreeClient,
  { path: at, version, show }: ContentQuery,
  wanted: string | undefined,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const name = at.slice(at.lastIndexOf("/") + 1);
  const { entry } = await tree.entry(at);
  const range =
    version === undefined ? answerRange(reply, wanted, entry.size) : undefined;
  if (range === "none") return reply.send();
  const { length, stream } = await tree.read({
    at,
    ...(version === undefined ? {} : { version }),
    ...range,
  });
  const type = show ? typeOf(name) : undefined;
  // Whatever somebody stored here, it runs nothing and asks nobody.
  if (type)
    reply.header(
      "content-security-policy",
      `default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; frame-ancestors 'self'${type === "application/pdf" ? "" : "; sandbox"}`,
    );
  return reply
    .header("accept-ranges", "bytes")
    .header("content-length", length)
    .header("etag", `"${entry.id}-${version ?? entry.version}"`)
    .header("last-modified", new Date(entry.modified).toUTCString())
    .header(
      "content-disposition",
      `${type ? "inline" : "attachment"}; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)}`,
    )
    .type(type ?? "application/octet-stream")
    .send(stream);
}

/** Says in an answer's status and headers which bytes it gives, and tells them. */
export function answerRange(
  reply: FastifyReply,
  wanted: string | undefined,
  size: number,
): ReturnType<typeof rangeOf> {
  const range = rangeOf(wanted, size);
  if (range === "none")
    reply.status(416).header("content-range", `bytes */${size}`);
  else if (range)
    reply
      .status(206)
      .header("content-range", `bytes ${range.start}-${range.end - 1}/${size}`);
  return range;
}

/** The bytes that a Range header asks for (RFC 9110 section 14.2), where it is one range; `none` where there are no such bytes. */
function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | "none" | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const [, first = "", last = ""] = match;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end =
    first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  return start >= size || end <= start ? "none" : { start, end };
}

function typeOf(name: string): string {
  const end = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return shown[end] ?? "text/plain; charset=utf-8";
}

/** Where something new goes. @throws BadRequestError where a page could not show its name */
export function newPlace(path: string): { parent: string; name: string } {
  const place = splitPath(path);
  checkShown(place.name);
  return place;
}

/** A name that comes from a page or a script is one that every system can show. @throws BadRequestError */
function checkShown(name: string): void {
  if ([...name].some((letter) => letter < " " || "\\\u007f".includes(letter)))
    throw new BadRequestError(
      "A name has no backslash and no control characters. Choose another.",
      "bad-name",
    );
}

/** Bytes of an upload. @throws CoppiceError where it does not say them, or is no plain bytes */
export function uploadLength({ headers }: FastifyRequest): number {
  const length = headers["content-length"];
  if (length === undefined)
    throw new CoppiceError(
      411,
      "length-needed",
      "Send the file's length as Content-Length.",
    );
  if (headers["content-type"] !== "application/octet-stream")
    throw new CoppiceError(
      415,
      "wrong-type",
      "Send the file as application/octet-stream.",
    );
  return Number(length);
}

/**
 * Gives an upload to `work`. Where that ends before the upload does, the rest is read and dropped: a browser looks at the
 * answer only after it has sent everything, and sees nothing but a broken connection otherwise.
 */
export async function passOn<T>(
  upload: Readable,
  work: (body: Readable) => Promise<T>,
): Promise<T> {
  const body = new PassThrough();
  upload.once("error", (error) => body.destroy(error));
  upload.once("close", () => {
    if (!upload.readableEnded) body.destroy(new Error("the upload was cut"));
  });
  body.on("error", () => {});
  upload.pipe(body);
  try {
    return await work(body);
  } finally {
    upload.unpipe(body);
    upload.resume();
  }
}
