import type { FastifyReply } from "fastify";
import { type Static, Type } from "typebox";
import { type NodeClient, OwnerProof } from "../../node/client.ts";
import { NotFoundError } from "../../shared/errors.ts";
import type { Server } from "../../shared/server.ts";
import type { Claim } from "../claim.ts";
import { cookieName, enter } from "./access.ts";
import type { Guests } from "./guests.ts";
import type { OwnerAccount } from "./owner.ts";
import type { People } from "./people.ts";
import type { Session, Sessions } from "./sessions.ts";
import { admitGuest } from "./share-routes.ts";

const password = Type.String({ minLength: 1, maxLength: 1024 });
const fresh = Type.String({ minLength: 10, maxLength: 1024 });
const code = Type.String({ minLength: 1, maxLength: 64 });
const SessionState = Type.Object({
  claimed: Type.Boolean({ description: "whether the box has an owner" }),
  access: Type.Union([
    Type.Literal("none"),
    Type.Literal("setup"),
    Type.Literal("owner"),
  ]),
  name: Type.Optional(Type.String()),
  passkeys: Type.Boolean({ description: "whether the owner has any" }),
});

/** A browser that is signed in. */
export const SignedIn = Type.Object({
  id: Type.String({ format: "uuid" }),
  here: Type.Boolean({ description: "whether it is the one that asks" }),
  address: Type.String({ description: "IP address" }),
  agent: Type.String({ description: "what the browser says that it is" }),
  started: Type.Integer({ description: "milliseconds since 1970" }),
  seen: Type.Integer({ description: "when it last asked for something" }),
});
export type SignedIn = Static<typeof SignedIn>;

/** Who is signed in, and how one does. */
export function addSessionRoutes(
  app: Server,
  account: OwnerAccount,
  claim: Claim,
  sessions: Sessions,
  node: NodeClient,
  guests: Guests,
  people: People,
): void {
  const tags = ["session"];
  const browser = { access: "browser" } as const;
  const anyone = { access: "anyone" } as const;
  const often = { max: 30, timeWindow: "1 minute" };
  const seldom = { max: 10, timeWindow: "1 minute" };
  const renewed = (reply: FastifyReply): FastifyReply => {
    sessions.endAll("owner");
    enter(sessions, "owner", reply);
    return reply.status(204).send();
  };
  app.get(
    "/api/session",
    {
      config: anyone,
      schema: {
        tags,
        summary: "Who is signed in",
        response: { 200: SessionState },
      },
    },
    async ({ access }) => {
      const owner =
        access === "owner" || access === "token" || access === "local";
      return {
        claimed: claim.claimed,
        access: owner ? "owner" : access === "setup" ? "setup" : "none",
        ...(owner && account.name ? { name: account.name } : {}),
        passkeys: account.passkeys.list().length > 0,
      } as const;
    },
  );
  app.post(
    "/api/session",
    {
      config: {
        ...anyone,
        rateLimit: often,
        noted: "signed in",
        proves: true,
        refused: "sign in",
      },
      schema: {
        tags,
        summary:
          "Sign in; where a code is asked for beside the password, and it is missing, the answer is a problem of type second-factor",
        body: Type.Object({
          name: Type.String({ minLength: 1, maxLength: 64 }),
          password,
          code: Type.Optional(code),
        }),
        response: {
          204: Type.Null({ description: "the owner" }),
          200: Type.Object({
            page: Type.String({
              description: "where somebody goes on who is not the owner",
            }),
          }),
        },
      },
    },
    async (request, reply) => {
      const { body, cookies } = request;
      if (people.has(body.name)) {
        const { name, secret } = await people.open(body.name, body.password);
        const { id } = await node.openShare(secret);
        request.person = name;
        admitGuest(guests, secret, id, reply);
        return { page: "/shared" };
      }
      await account.check(body.name, body.password, body.code);
      sessions.end(cookies[cookieName]);
      enter(sessions, "owner", reply);
      return reply.status(204).send(null);
    },
  );
  app.post(
    "/api/session/recover",
    {
      config: {
        ...anyone,
        rateLimit: seldom,
        noted: "set a new password by the root key",
        proves: true,
        refused: "set a new password by a root key",
      },
      schema: {
        tags,
        summary:
          "Set a new password by the root key's words or its backup, and sign in; no code is asked for any more, passkeys are forgotten, and all other browsers are signed out",
        body: Type.Object({ proof: OwnerProof, password: fresh }),
      },
    },
    async ({ body }, reply) => {
      await account.checkProof(async () => await node.provesOwner(body.proof));
      await account.change(body.password);
      await account.forgetOthers();
      return renewed(reply);
    },
  );
  app.put(
    "/api/owner/password",
    {
      config: {
        ...browser,
        rateLimit: seldom,
        noted: "changed the password",
        refused: "change the password",
      },
      schema: {
        tags,
        summary: "Change the password; all other browsers are signed out",
        body: Type.Object({ password, fresh }),
      },
    },
    async ({ body }, reply) => {
      await account.confirm(body.password);
      await account.change(body.fresh);
      return renewed(reply);
    },
  );
  const lock = Type.Object({
    locked: Type.Boolean({
      description:
        "whether nobody may set a new password, or restore settings, at the box",
    }),
  });
  app.get(
    "/api/owner/recovery",
    {
      schema: {
        tags,
        summary: "What the box's recovery may do for whoever stands before it",
        response: { 200: lock },
      },
    },
    async () => ({ locked: await account.isLocked() }),
  );
  app.put(
    "/api/owner/recovery",
    {
      config: { ...browser, noted: "said what the box's recovery may do" },
      schema: {
        tags,
        summary: "Say what the box's recovery may do",
        body: lock,
        response: { 200: lock },
      },
    },
    async ({ body }) => {
      await account.lock(body.locked);
      return { locked: await account.isLocked() };
    },
  );
  app.delete(
    "/api/session",
    {
      config: { ...anyone, noted: "signed out" },
      schema: { tags, summary: "Sign out" },
    },
    async (request, reply) => {
      sessions.end(request.cookies[cookieName]);
      return reply
        .clearCookie(cookieName, { path: "/", secure: true })
        .status(204)
        .send();
    },
  );

  app.get(
    "/api/sessions",
    {
      config: browser,
      schema: {
        tags,
        summary:
          "Browsers that are signed in, the one that was here last first",
        response: { 200: Type.Array(SignedIn) },
      },
    },
    async ({ session }) => sessions.list().map((one) => describe(one, session)),
  );
  app.delete(
    "/api/sessions",
    {
      config: { ...browser, noted: "signed all other browsers out" },
      schema: { tags, summary: "Sign all other browsers out" },
    },
    async ({ session }, reply) => {
      sessions.endAll("owner", session?.id);
      return reply.status(204).send();
    },
  );
  app.delete(
    "/api/sessions/:id",
    {
      config: { ...browser, noted: "signed a browser out" },
      schema: {
        tags,
        summary:
          "Sign a browser out; what still flows to it, such as a terminal, ends",
        params: Type.Pick(SignedIn, ["id"]),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const found = sessions.list().find((one) => one.id === id);
      if (!found)
        throw new NotFoundError(
          "That browser is signed out already.",
          "no-such-session",
        );
      sessions.endById(id);
      request.about = found.address;
      return reply.status(204).send();
    },
  );
}

function describe(
  { id, address, agent, started, seen }: Session,
  asking: Session | undefined,
): SignedIn {
  return { id, here: id === asking?.id, address, agent, started, seen };
}
