import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { FastifyReply, FastifyRequest } from "fastify";
import {
  type Act,
  type EntryDetails,
  type NodeClient,
  splitPath,
  type TreeClient,
} from "../../node/client.ts";
import { BadRequestError, CoppiceError } from "../../shared/errors.ts";
import type { Server } from "../../shared/server.ts";
import { answerRange, passOn } from "../api/file-routes.ts";
import type { Tokens } from "../api/tokens.ts";
import {
  activeLock,
  attributeOf,
  etagOf,
  isLive,
  lockToken,
  propstat,
  type Resource,
  responseOf,
  tokenIn,
} from "./properties.ts";
import {
  emptyElement,
  escapeXml,
  readLockOwner,
  readPropfind,
  readProppatch,
} from "./xml.ts";

const root = "/dav";
const largestXml = 256 * 1024;
const lease = 600_000;
const methods = [
  "OPTIONS",
  "GET",
  "HEAD",
  "PUT",
  "DELETE",
  "MKCOL",
  "COPY",
  "MOVE",
  "PROPFIND",
  "PROPPATCH",
  "LOCK",
  "UNLOCK",
] as const;
type Method = (typeof methods)[number];
const multistatus =
  '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">';

/** What a caller may see: the owner all files, whoever has a share the shared folder, as himself. */
interface View {
  tree: TreeClient;
  /** Path of what is `/` to him; empty for the owner. */
  base: string;
}

/** One call of a WebDAV client. */
interface Call extends View {
  request: FastifyRequest;
  reply: FastifyReply;
  path: string;
  headers: Readonly<Record<string, string | undefined>>;
}

/**
 * The files as WebDAV (RFC 4918, classes 1 and 2) under /dav, for phones and desktops. The owner signs in with an API token
 * as password; whoever was given a link, with what is behind # in it: then /dav is the shared folder.
 * @param isOpen whether the owner opened this door.
 */
export async function addDavRoutes(
  app: Server,
  node: NodeClient,
  tokens: Tokens,
  isOpen: () => boolean,
): Promise<void> {
  for (const method of methods)
    if (!app.supportedMethods.includes(method))
      app.addHttpMethod(method, { hasBody: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) =>
    done(null, payload),
  );
  for (const url of [root, `${root}/*`])
    app.route({
      method: [...methods],
      url,
      bodyLimit: 2 ** 46,
      exposeHeadRoute: false,
      schema: { hide: true },
      handler: async (request, reply) => {
        if (!isOpen())
          throw new CoppiceError(
            404,
            "door-closed",
            "WebDAV is switched off. The owner opens it on the System page.",
          );
        const view = await signIn(request, node, tokens);
        if (!view) {
          reply.header("www-authenticate", 'Basic realm="Coppice"');
          throw new CoppiceError(
            401,
            "sign-in",
            "Sign in with an API token as password (the page Access makes one), or with what is behind # in a link that you were given.",
          );
        }
        const call: Call = {
          ...view,
          request,
          reply,
          path: pathOf(request.url),
          headers: request.headers as Call["headers"],
        };
        reply.header("dav", "1, 2");
        return await handlers[request.method as Method](call);
      },
    });
}

const handlers: Readonly<Record<Method, (call: Call) => Promise<unknown>>> = {
  OPTIONS: async ({ reply }) =>
    reply
      .header("allow", methods.join(", "))
      .header("ms-author-via", "DAV")
      .status(200)
      .send(),
  GET: read,
  HEAD: read,
  PUT: async (call) => {
    const { tree, request, reply, path, headers } = call;
    const old = await find(call, path);
    if (old?.entry.kind === "directory") throw status(405, "a folder is there");
    checkConditions(headers, old);
    const { parent, name } = await place(call, path);
    const length = headers["content-length"];
    const entry = await passOn(
      bodyOf(request),
      async (body) =>
        await tree.write(
          { parent, name, ...tokenOf(headers, old) },
          body,
          length === undefined ? undefined : Number(length),
        ),
    );
    return reply
      .status(old ? 204 : 201)
      .header("etag", etagOf(entry))
      .send();
  },
  DELETE: async (call) => {
    const { tree, reply, path, headers } = call;
    const old = await need(call, path);
    if (path === "/") throw status(403, "the root stays");
    await tree.act({
      act: "remove",
      at: old.entry.id,
      ...tokenOf(headers, old),
    });
    return reply.status(204).send();
  },
  MKCOL: async (call) => {
    const { tree, request, reply, path } = call;
    if ((await xmlOf(request)) !== "")
      throw status(415, "a folder is made without a body");
    if (await find(call, path)) throw status(405, "something is there already");
    await tree.act({ act: "directory", ...(await place(call, path)) });
    return reply.status(201).send();
  },
  COPY: async (call) => await transfer(call, "copy"),
  MOVE: async (call) => await transfer(call, "move"),
  PROPFIND: async (call) => {
    const { request, reply, path, headers } = call;
    const wanted = readPropfind(await xmlOf(request));
    const depth = headers.depth ?? "infinity";
    const top = await need(call, path);
    if (depth !== "0" && depth !== "1" && top.entry.kind === "directory")
      throw status(403, "ask for Depth 0 or 1");
    const responses = async function* (): AsyncGenerator<string> {
      yield multistatus;
      yield responseOf(resource(path, top), wanted);
      if (depth === "1" && top.entry.kind === "directory")
        for await (const child of children(call, path))
          yield responseOf(
            resource(child.path.slice(call.base.length), child),
            wanted,
          );
      yield "</D:multistatus>";
    };
    return reply
      .status(207)
      .type("application/xml; charset=utf-8")
      .send(Readable.from(responses(), { objectMode: false }));
  },
  PROPPATCH: async (call) => {
    const { tree, request, reply, path, headers } = call;
    const changes = readProppatch(await xmlOf(request));
    const old = await need(call, path);
    const elements = changes.map(emptyElement);
    const answer = (body: string): FastifyReply =>
      reply
        .status(207)
        .type("application/xml; charset=utf-8")
        .send(
          `${multistatus}<D:response><D:href>${escapeXml(hrefOf(path, old))}</D:href>${body}</D:response></D:multistatus>`,
        );
    // All or nothing: one that cannot be set fails the others with it.
    if (changes.some(isLive))
      return answer(
        propstat(
          elements.filter((_, n) =>
            isLive(changes[n] ?? { namespace: "", local: "" }),
          ),
          "403 Forbidden",
        ) +
          propstat(
            elements.filter(
              (_, n) => !isLive(changes[n] ?? { namespace: "", local: "" }),
            ),
            "424 Failed Dependency",
          ),
      );
    const attributes = { ...old.attributes };
    for (const change of changes) {
      if (change.value === undefined) delete attributes[attributeOf(change)];
      else
        attributes[attributeOf(change)] = Buffer.from(change.value).toString(
          "base64",
        );
    }
    await tree.act({
      act: "attributes",
      at: old.entry.id,
      attributes,
      ...tokenOf(headers, old),
    });
    return answer(propstat(elements, "200 OK"));
  },
  LOCK: async (call) => {
    const { tree, request, reply, path, headers } = call;
    const body = await xmlOf(request);
    let details = await find(call, path);
    const made = details === undefined;
    if (!details) {
      // A lock on nothing makes an empty file (RFC 4918 section 7.3).
      await tree.act({ act: "file", ...(await place(call, path)) });
      details = await need(call, path);
    }
    const { entry } = details;
    const token = tokenIn(headers.if, entry.id);
    const lock =
      body === ""
        ? await tree.lock({
            at: entry.id,
            act: "renew",
            lease,
            ...(token ? { token } : {}),
          })
        : await tree.lock({
            at: entry.id,
            act: "acquire",
            holder: readLockOwner(body).slice(0, 255),
            lease,
          });
    if (!lock) throw status(500, "the lock was not given");
    return reply
      .status(made ? 201 : 200)
      .header("lock-token", `<${lockToken(entry.id, lock.token)}>`)
      .type("application/xml; charset=utf-8")
      .send(
        `<?xml version="1.0" encoding="utf-8"?>\n<D:prop xmlns:D="DAV:"><D:lockdiscovery>${activeLock(entry, lock, hrefOf(path, details))}</D:lockdiscovery></D:prop>`,
      );
  },
  UNLOCK: async (call) => {
    const { tree, reply, path, headers } = call;
    const { entry } = await need(call, path);
    const token = tokenIn(headers["lock-token"], entry.id);
    if (token === undefined)
      throw status(409, "this is not locked with that token");
    await tree.lock({ at: entry.id, act: "release", token });
    return reply.status(204).send();
  },
};

async function read(call: Call): Promise<unknown> {
  const { tree, request, reply, path, headers } = call;
  const { entry } = await need(call, path);
  if (entry.kind === "directory")
    throw status(405, "a folder is listed by PROPFIND");
  reply
    .header("etag", etagOf(entry))
    .header("last-modified", new Date(entry.modified).toUTCString())
    .header("accept-ranges", "bytes")
    .type("application/octet-stream");
  if (headers["if-none-match"]?.includes(etagOf(entry)))
    return reply.status(304).send();
  const range = answerRange(reply, headers.range, entry.size);
  if (range === "none") return reply.send();
  const { start, end } = range ?? { start: 0, end: entry.size };
  reply.header("content-length", end - start);
  if (request.method === "HEAD") return reply.send();
  return reply.send((await tree.read({ at: entry.id, start, end })).stream);
}

/** Copies or moves to where the Destination header says (RFC 4918 sections 9.8 and 9.9). */
async function transfer(call: Call, act: "copy" | "move"): Promise<unknown> {
  const { tree, reply, path, headers, request } = call;
  const from = await need(call, path);
  const target = destinationOf(headers.destination, request.host);
  if (target === path) throw status(403, "it is there already");
  const there = await find(call, target);
  if (there && headers.overwrite?.toUpperCase() === "F")
    throw status(412, "something is there already");
  const to = await place(call, target);
  // A file that takes another's place goes on with its history.
  const replaces =
    act === "move" &&
    there &&
    there.entry.kind !== "directory" &&
    from.entry.kind !== "directory";
  if (there && !replaces)
    await tree.act({
      act: "remove",
      at: there.entry.id,
      ...tokenOf(headers, there),
    });
  const flat =
    act === "copy" && headers.depth === "0" && from.entry.kind === "directory";
  const wish: Act = flat
    ? { act: "directory", ...to }
    : act === "copy"
      ? { act, at: from.entry.id, ...to }
      : {
          act,
          at: from.entry.id,
          ...to,
          replace: replaces === true,
          ...tokenOf(headers, from),
        };
  await tree.act(wish);
  return reply.status(there ? 204 : 201).send();
}

/** @throws CoppiceError 412 where an If-Match or If-None-Match header does not hold */
function checkConditions(
  headers: Call["headers"],
  old: EntryDetails | undefined,
): void {
  const match = headers["if-match"];
  const none = headers["if-none-match"];
  const has = (list: string): boolean =>
    old !== undefined &&
    (list.trim() === "*" || list.includes(etagOf(old.entry)));
  if ((match !== undefined && !has(match)) || (none !== undefined && has(none)))
    throw status(412, "it was changed meanwhile");
}

async function find(
  { tree, base }: View,
  path: string,
): Promise<EntryDetails | undefined> {
  try {
    return await tree.entry(within(base, path));
  } catch (error) {
    if (
      error instanceof CoppiceError &&
      ["no-such-file", "not-a-directory"].includes(error.type)
    )
      return undefined;
    throw error;
  }
}

async function need(view: View, path: string): Promise<EntryDetails> {
  const found = await find(view, path);
  if (!found) throw status(404, `there is nothing at ${path}`);
  return found;
}

/** The folder and the name of a path. @throws CoppiceError 409 where there is no such folder */
async function place(
  view: View,
  path: string,
): Promise<{ parent: string; name: string }> {
  const { parent, name } = splitPath(path);
  if ((await find(view, parent))?.entry.kind !== "directory")
    throw status(409, `there is no folder ${parent}`);
  return { parent: within(view.base, parent), name };
}

async function* children(
  { tree, base }: View,
  path: string,
): AsyncGenerator<EntryDetails> {
  for (let after = ""; ; ) {
    const slice = await tree.details({ at: within(base, path), after });
    yield* slice;
    const last = slice.at(-1);
    if (!last) return;
    after = last.entry.name;
  }
}

/** A caller's path as the tree's. */
function within(base: string, path: string): string {
  return base === "" ? path : path === "/" ? base : base + path;
}

function resource(path: string, details: EntryDetails): Resource {
  const { entry, attributes, lock } = details;
  return { href: hrefOf(path, details), entry, attributes, lock };
}

function tokenOf(
  headers: Call["headers"],
  details: EntryDetails | undefined,
): { token?: number } {
  const token = details && tokenIn(headers.if, details.entry.id);
  return token === undefined ? {} : { token };
}

function hrefOf(path: string, { entry }: EntryDetails): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return `${root}${encoded}${entry.kind === "directory" && path !== "/" ? "/" : ""}`;
}

/** @throws BadRequestError where an address is not one of ours */
function pathOf(url: string): string {
  const [address = ""] = url.split("?");
  try {
    const names = address
      .slice(root.length)
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
    if (!names.some((name) => name === ".." || name.includes("/")))
      return `/${names.join("/")}`;
  } catch {
    // Told below.
  }
  throw new BadRequestError("This address is not a path.", "bad-path");
}

function destinationOf(header: string | undefined, host: string): string {
  const url = URL.canParse(header ?? "", `https://${host}`)
    ? new URL(header ?? "", `https://${host}`)
    : undefined;
  if (header === undefined || !url?.pathname.startsWith(`${root}/`))
    throw new BadRequestError("Say the Destination.", "bad-destination");
  if (url.host !== host) throw status(502, "the Destination is elsewhere");
  return pathOf(url.pathname);
}

/** What somebody may see who signs in; `undefined` for whoever has no right password. @throws CoppiceError where a share ended, or is no folder */
async function signIn(
  request: FastifyRequest,
  node: NodeClient,
  tokens: Tokens,
): Promise<View | undefined> {
  const basic = /^Basic ([A-Za-z0-9+/=]{1,2000})$/.exec(
    request.headers.authorization ?? "",
  )?.[1];
  if (basic === undefined) return undefined;
  const [, ...rest] = Buffer.from(basic, "base64").toString().split(":");
  const password = rest.join(":");
  if (tokens.find(password)) return { tree: node.tree, base: "" };
  if (!/^[\w-]{43}$/.test(password)) return undefined;
  const share = await node.openShare(password).catch((error: unknown) => {
    if (error instanceof CoppiceError && error.type === "no-such-share")
      return undefined;
    throw error;
  });
  if (!share) return undefined;
  const tree = node.tree.as(password);
  if ((await tree.entry(share.path)).entry.kind !== "directory")
    throw status(403, "a single file is downloaded from the link's page");
  return { tree, base: share.path };
}

function bodyOf(request: FastifyRequest): Readable {
  return request.body instanceof Readable ? request.body : Readable.from([]);
}

async function xmlOf(request: FastifyRequest): Promise<string> {
  if (Number(request.headers["content-length"] ?? 0) > largestXml)
    throw status(413, "this is too much");
  const body = await text(bodyOf(request));
  if (body.length > largestXml) throw status(413, "this is too much");
  return body;
}

function status(code: number, why: string): CoppiceError {
  return new CoppiceError(code, "webdav", `WebDAV: ${why}.`);
}
