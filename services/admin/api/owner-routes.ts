import type { FastifyReply } from "fastify";
import { Type } from "typebox";
import { WebSocket } from "ws";
import {
  type HostClient,
  Past,
  PastQuestion,
  PowerAct,
} from "../../host/client.ts";
import { type NodeClient, OwnerProof } from "../../node/client.ts";
import type { Server } from "../../shared/server.ts";
import { socketPath } from "../../shared/service.ts";
import type { Claim } from "../claim.ts";
import {
  AccessError,
  cookieName,
  refuseForeignPages,
  setCookie,
} from "./access.ts";
import { sendDiagnostics } from "./diagnostics.ts";
import { sendEvents } from "./events.ts";
import type { OwnerAccount } from "./owner.ts";
import type { Sessions } from "./sessions.ts";
import { Status, type StatusFeed } from "./status.ts";
import { Token, type Tokens } from "./tokens.ts";

const password = Type.String({ minLength: 1, maxLength: 1024 });
const fresh = Type.String({ minLength: 10, maxLength: 1024 });
const SessionState = Type.Object({
  claimed: Type.Boolean({ description: "whether the box has an owner" }),
  access: Type.Union([
    Type.Literal("none"),
    Type.Literal("setup"),
    Type.Literal("owner"),
  ]),
  name: Type.Optional(Type.String()),
});

/** Sign-in, status, terminal, power and API tokens. */
export function addOwnerRoutes(
  app: Server,
  account: OwnerAccount,
  claim: Claim,
  sessions: Sessions,
  tokens: Tokens,
  feed: StatusFeed,
  host: HostClient,
  node: NodeClient,
  ending: AbortSignal,
): void {
  const signedIn = (reply: FastifyReply): FastifyReply => {
    const { secret, seconds } = sessions.open("owner");
    setCookie(reply, secret, seconds);
    return reply.status(204).send();
  };
  const renewed = async (
    password: string,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    await account.change(password);
    sessions.endAll("owner");
    return signedIn(reply);
  };
  app.get(
    "/api/session",
    {
      config: { access: "anyone" },
      schema: {
        tags: ["session"],
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
      } as const;
    },
  );
  app.post(
    "/api/session",
    {
      config: {
        access: "anyone",
        rateLimit: { max: 30, timeWindow: "1 minute" },
      },
      schema: {
        tags: ["session"],
        summary: "Sign in",
        body: Type.Object({
          name: Type.String({ minLength: 1, maxLength: 64 }),
          password,
        }),
      },
    },
    async (request, reply) => {
      await account.check(request.body.name, request.body.password);
      sessions.end(request.cookies[cookieName]);
      return signedIn(reply);
    },
  );
  app.post(
    "/api/session/recover",
    {
      config: {
        access: "anyone",
        rateLimit: { max: 10, timeWindow: "1 minute" },
      },
      schema: {
        tags: ["session"],
        summary:
          "Set a new password by the root key's words or its backup, and sign in; all other browsers are signed out",
        body: Type.Object({ proof: OwnerProof, password: fresh }),
      },
    },
    async ({ body }, reply) => {
      await account.checkProof(async () => await node.provesOwner(body.proof));
      return await renewed(body.password, reply);
    },
  );
  app.put(
    "/api/owner/password",
    {
      config: {
        access: "browser",
        rateLimit: { max: 10, timeWindow: "1 minute" },
      },
      schema: {
        tags: ["session"],
        summary: "Change the password; all other browsers are signed out",
        body: Type.Object({ password, fresh }),
      },
    },
    async ({ body }, reply) => {
      await account.check(account.name ?? "", body.password);
      return await renewed(body.fresh, reply);
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
        tags: ["session"],
        summary: "What the box's recovery may do for whoever stands before it",
        response: { 200: lock },
      },
    },
    async () => ({ locked: await account.isLocked() }),
  );
  app.put(
    "/api/owner/recovery",
    {
      config: { access: "browser" },
      schema: {
        tags: ["session"],
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
      config: { access: "anyone" },
      schema: { tags: ["session"], summary: "Sign out" },
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
    "/api/status",
    {
      schema: {
        tags: ["status"],
        summary: "What the box does at the moment",
        response: { 200: Status },
      },
    },
    async () => await feed.read(),
  );
  app.get(
    "/api/status/events",
    {
      schema: {
        tags: ["status"],
        summary: "The same every 2 s, as server-sent events",
      },
    },
    async (_request, reply) => {
      sendEvents(reply, ending, (send) => feed.watch(send));
    },
  );

  app.get(
    "/api/status/past",
    {
      schema: {
        tags: ["status"],
        summary:
          "How the machine was: curves, second by second for the last hour to hour by hour for two years",
        querystring: PastQuestion,
        response: { 200: Past },
      },
    },
    async ({ query }) => await host.past(query),
  );

  app.post(
    "/api/terminal",
    {
      config: {
        access: "browser",
        rateLimit: { max: 30, timeWindow: "1 minute" },
      },
      schema: {
        tags: ["terminal"],
        summary: "Unlock the terminal for 30 s by typing the password again",
        body: Type.Object({ password }),
      },
    },
    async (request, reply) => {
      await account.check(account.name ?? "", request.body.password);
      const session = sessions.find(request.cookies[cookieName]);
      if (session) session.terminalUntil = Date.now() + 30_000;
      return reply.status(204).send();
    },
  );
  app.get(
    "/api/terminal",
    {
      websocket: true,
      config: { access: "browser" },
      schema: {
        tags: ["terminal"],
        summary:
          "A root shell over WebSocket; text in and out, \\u0001COLSxROWS sets the size",
      },
    },
    (socket, request) => {
      const session = sessions.find(request.cookies[cookieName]);
      try {
        refuseForeignPages(request);
        if (!session || session.terminalUntil < Date.now())
          throw new AccessError(
            403,
            "locked",
            "Type your password to open the terminal.",
          );
      } catch (error) {
        socket.close(1008, (error as Error).message);
        return;
      }
      session.terminalUntil = 0;
      const shell = new WebSocket(`ws+unix://${socketPath("host")}:/terminal`);
      const early: string[] = [];
      socket.on("message", (data) =>
        shell.readyState === shell.OPEN
          ? shell.send(String(data))
          : early.push(String(data)),
      );
      shell.on("open", () => {
        for (const text of early.splice(0)) shell.send(text);
      });
      shell.on("message", (data) => socket.send(String(data)));
      shell.on("close", () => socket.close(1000, "the shell ended"));
      shell.on("error", () =>
        socket.close(1011, "the terminal does not answer"),
      );
      socket.on("close", () => shell.close());
      socket.on("error", () => shell.terminate());
    },
  );

  app.post(
    "/api/power",
    {
      schema: {
        tags: ["system"],
        summary:
          "Restart the box, restart it into its recovery, or switch it off",
        body: Type.Object({ act: PowerAct }),
      },
    },
    async (request, reply) => {
      await host.power(request.body.act);
      return reply.status(202).send();
    },
  );

  app.get(
    "/api/diagnostics",
    {
      schema: {
        tags: ["system"],
        summary:
          "What the machine says of itself, as text: services, disks, network, logs; no passwords and no keys",
        produces: ["text/plain"],
      },
    },
    async (_request, reply) => await sendDiagnostics(host, reply),
  );

  app.get(
    "/api/tokens",
    {
      config: { access: "browser" },
      schema: {
        tags: ["tokens"],
        summary: "API tokens",
        response: { 200: Type.Array(Token) },
      },
    },
    async () => tokens.list(),
  );
  app.post(
    "/api/tokens",
    {
      config: { access: "browser" },
      schema: {
        tags: ["tokens"],
        summary: "Make an API token; its secret is shown once",
        body: Type.Object({
          name: Type.String({ minLength: 1, maxLength: 64 }),
        }),
        response: { 201: Type.Object({ token: Token, secret: Type.String() }) },
      },
    },
    async (request, reply) =>
      reply.status(201).send(await tokens.create(request.body.name)),
  );
  app.delete(
    "/api/tokens/:id",
    {
      config: { access: "browser" },
      schema: {
        tags: ["tokens"],
        summary: "Delete an API token",
        params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      },
    },
    async (request, reply) => {
      await tokens.remove(request.params.id);
      return reply.status(204).send();
    },
  );
}
