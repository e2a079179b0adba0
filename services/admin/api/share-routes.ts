import type { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import type { HostClient } from "../../host/client.ts";
import {
  Box,
  Entry,
  EntryDetails,
  NewShare,
  type NodeClient,
  Request,
  Share,
  ShareTerms,
  type TreeClient,
} from "../../node/client.ts";
import type { Server } from "../../shared/server.ts";
import { AccessError, refuseForeignPages } from "./access.ts";
import type { Doors } from "./doors.ts";
import { newPlace, passOn, sendContent, uploadLength } from "./file-routes.ts";
import type { Guests } from "./guests.ts";
import type { OwnerAccount } from "./owner.ts";
import type { People } from "./people.ts";
import { addPeopleRoutes } from "./people-routes.ts";

const tags = ["shares"];
const guestCookie = "__Host-coppice-guest";

/** Lets somebody in who has the secret of a share, and gives his browser a cookie. */
export function admitGuest(
  guests: Guests,
  secret: string,
  share: string,
  reply: FastifyReply,
): void {
  const { cookie, seconds } = guests.admit(secret, share);
  reply.setCookie(guestCookie, cookie, {
    ...{ path: "/", httpOnly: true, secure: true, sameSite: "strict" },
    maxAge: seconds,
  });
}
const Id = Type.Object({ id: Type.String({ pattern: "^[0-9a-f]{32}$" }) });
const path = Type.String({ pattern: "^/", maxLength: 4096 });
const largest = 2 ** 46;

/** A share, as its holder sees it. */
const GuestShare = Type.Object({
  ...Share.properties,
  webdav: Type.Boolean({
    description: "whether it is a network folder too, under /dav",
  }),
  account: Type.Union([Type.String(), Type.Null()], {
    description:
      "the name by which its holder signs in; null where he has none",
  }),
});
export type GuestShare = Static<typeof GuestShare>;

/** What the owner does with shares, and what their holders do with what was shared. */
export function addShareRoutes(
  app: Server,
  node: NodeClient,
  doors: Doors,
  host: HostClient,
  guests: Guests,
  people: People,
  account: OwnerAccount,
): void {
  const pathOf = async (id: string): Promise<string | undefined> =>
    (await node.shares()).find((share) => share.id === id)?.path;
  app.get(
    "/api/shares",
    {
      schema: {
        tags,
        summary: "What is shared with whom, those that ended too",
        response: {
          200: Type.Object({
            shares: Type.Array(Share),
            requests: Type.Array(Request),
          }),
        },
      },
    },
    async () => ({
      shares: await node.shares(),
      requests: await node.shareRequests(),
    }),
  );
  app.post(
    "/api/shares",
    {
      config: { noted: "shared something", about: "path" },
      schema: {
        tags,
        summary: "Share a file or a folder; the secret is told this once",
        description:
          "The link is /shared#SECRET: what is behind # is never sent.",
        body: ShareTerms,
        response: { 200: NewShare },
      },
    },
    async ({ body }) => await node.createShare(body),
  );
  app.delete(
    "/api/shares/:id",
    {
      config: { noted: "took a share back" },
      schema: { tags, summary: "Take a share back", params: Id },
    },
    async (request, reply) => {
      const { id } = request.params;
      request.about = await pathOf(id);
      await node.revokeShare(id);
      await people.forget([id]);
      await host.expelFromDrive([id]);
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/shares/:id/renew",
    {
      config: { noted: "drew a new link for a share" },
      schema: {
        tags,
        summary: "Draw a new link for a share; the old one is void",
        params: Id,
        response: { 200: NewShare },
      },
    },
    async (request) => {
      const { id } = request.params;
      request.about = await pathOf(id);
      const renewed = await node.renewShare(id);
      await people.forget([id]);
      await host.expelFromDrive([id]);
      return renewed;
    },
  );
  app.get(
    "/api/boxes",
    {
      schema: {
        tags,
        summary: "Which boxes sign in the owner's name",
        response: { 200: Type.Array(Box) },
      },
    },
    async () => await node.boxes(),
  );
  app.delete(
    "/api/boxes/:principal",
    {
      config: { noted: "refused what a lost box signs" },
      schema: {
        tags,
        summary: "Refuse what a lost box signs from now on",
        params: Type.Pick(Box, ["principal"]),
      },
    },
    async ({ params }, reply) => {
      await node.revokeBox(params.principal);
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/shares/:id/answer",
    {
      config: { noted: "answered somebody who asked to write" },
      schema: {
        tags,
        summary: "Let somebody write who asked for it, or not",
        params: Id,
        body: Type.Object({ allow: Type.Boolean() }),
      },
    },
    async ({ params, body }, reply) => {
      await node.answerRequest(params.id, body.allow);
      return reply.status(204).send();
    },
  );
  addGuestRoutes(app, node, doors, guests, people);
  addPeopleRoutes(app, node, host, guests, people, account);
}

/** What somebody with a link may do; each act is checked against his caps in the storage node. */
function addGuestRoutes(
  app: Server,
  node: NodeClient,
  doors: Doors,
  guests: Guests,
  people: People,
): void {
  const shareOf = async (secret: string): Promise<GuestShare> => {
    const share = await node.openShare(secret);
    return {
      ...share,
      webdav: doors.open.webdav,
      account: people.nameOf(share.id) ?? null,
    };
  };
  const anyone = { config: { access: "anyone" } } as const;
  const secretOf = (request: FastifyRequest): string =>
    guestSecret(guests, request);
  const treeOf = (request: FastifyRequest): TreeClient =>
    node.tree.as(secretOf(request));
  app.post(
    "/api/shared/session",
    {
      config: {
        access: "anyone",
        rateLimit: { max: 20, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary: "Come in with the secret of a link",
        body: Type.Object({
          secret: Type.String({ minLength: 43, maxLength: 43 }),
        }),
        response: { 200: GuestShare },
      },
    },
    async (request, reply) => {
      refuseForeignPages(request);
      const share = await shareOf(request.body.secret);
      admitGuest(guests, request.body.secret, share.id, reply);
      return share;
    },
  );
  app.get(
    "/api/shared",
    {
      ...anyone,
      schema: {
        tags,
        summary: "What the link gives",
        response: { 200: GuestShare },
      },
    },
    async (request) => await shareOf(secretOf(request)),
  );
  app.get(
    "/api/shared/files",
    {
      ...anyone,
      schema: {
        tags,
        summary: "A shared folder, or a shared file alone",
        querystring: Type.Object({
          path,
          after: Type.Optional(Type.String({ maxLength: 255 })),
        }),
        response: {
          200: Type.Object({
            folder: EntryDetails,
            entries: Type.Array(Entry),
          }),
        },
      },
    },
    async (request) => {
      const tree = treeOf(request);
      const { path: at, after } = request.query;
      const folder = await tree.entry(at);
      return {
        folder,
        entries:
          folder.entry.kind === "directory"
            ? await tree.list({ at, ...(after ? { after } : {}) })
            : [],
      };
    },
  );
  app.get(
    "/api/shared/content",
    {
      ...anyone,
      schema: {
        tags,
        summary: "Download a shared file, or (Range) a piece of it",
        querystring: Type.Object({
          path,
          show: Type.Optional(Type.Boolean()),
        }),
      },
    },
    async (request, reply) =>
      await sendContent(
        treeOf(request),
        request.query,
        request.headers.range,
        reply,
      ),
  );
  app.put(
    "/api/shared/content",
    {
      ...anyone,
      bodyLimit: largest,
      schema: {
        tags,
        summary: "Upload a file into a shared folder",
        querystring: Type.Object({
          path,
          modified: Type.Optional(
            Type.Number({ minimum: 0, maximum: 2 ** 53 }),
          ),
        }),
        response: { 200: Entry },
      },
    },
    async (request) => {
      const tree = treeOf(request);
      const length = uploadLength(request);
      const { path: at, ...options } = request.query;
      const { parent, name } = newPlace(at);
      return await passOn(request.body as unknown as Readable, (body) =>
        tree.write({ parent, name, ...options }, body, length),
      );
    },
  );
  app.post(
    "/api/shared/remove",
    {
      ...anyone,
      schema: {
        tags,
        summary: "Throw something shared into the owner's bin",
        body: Type.Object({ path }),
      },
    },
    async (request, reply) => {
      await treeOf(request).act({ act: "remove", at: request.body.path });
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/shared/pass-on",
    {
      config: {
        access: "anyone",
        rateLimit: { max: 20, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary: "Pass on what one has, or less; the secret is told this once",
        body: ShareTerms,
        response: { 200: NewShare },
      },
    },
    async (request) => await node.createShare(request.body, secretOf(request)),
  );
  app.post(
    "/api/shared/request",
    {
      config: {
        access: "anyone",
        rateLimit: { max: 5, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary: "Ask the owner for the right to add and change",
        body: Type.Object({ words: Type.String({ maxLength: 500 }) }),
      },
    },
    async (request, reply) => {
      await node.requestWrite(secretOf(request), request.body.words);
      return reply.status(204).send();
    },
  );
}

/** The secret of whoever came with a link, or signed in. @throws AccessError */
export function guestSecret(guests: Guests, request: FastifyRequest): string {
  if (!["GET", "HEAD"].includes(request.method)) refuseForeignPages(request);
  const secret = guests.find(request.cookies[guestCookie]);
  if (secret === undefined)
    throw new AccessError(401, "link-needed", "Open the link once more.");
  return secret;
}

/** Shows whoever asks the door. */
export function dismissGuest(
  guests: Guests,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  guests.leave(request.cookies[guestCookie]);
  reply.clearCookie(guestCookie, { path: "/", secure: true });
}
