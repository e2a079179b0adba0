import { Type } from "typebox";
import { WebSocket } from "ws";
import {
  type HostClient,
  Past,
  PastQuestion,
  PowerAct,
} from "../../host/client.ts";
import type { NodeClient } from "../../node/client.ts";
import type { Server } from "../../shared/server.ts";
import { socketPath } from "../../shared/service.ts";
import type { NoticeWatch } from "../notices/watch.ts";
import { AccessError, refuseForeignPages } from "./access.ts";
import { sendDiagnostics } from "./diagnostics.ts";
import { sendEvents } from "./events.ts";
import { metricsOf, metricsType } from "./metrics.ts";
import type { OwnerAccount } from "./owner.ts";
import { Status, type StatusFeed } from "./status.ts";
import { Token, type Tokens } from "./tokens.ts";

const password = Type.String({ minLength: 1, maxLength: 1024 });

/** Status, terminal, power and API tokens. */
export function addOwnerRoutes(
  app: Server,
  account: OwnerAccount,
  tokens: Tokens,
  feed: StatusFeed,
  host: HostClient,
  node: NodeClient,
  notices: NoticeWatch,
  ending: AbortSignal,
): void {
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
    "/api/metrics",
    {
      schema: {
        tags: ["status"],
        summary:
          "How the box is, for Prometheus, which sends an API token (bearer_token)",
        produces: ["text/plain"],
      },
    },
    async (_request, reply) => {
      const [status, friends] = await Promise.all([
        feed.read(),
        node.friends.state().catch(() => null),
      ]);
      const now = notices.state.notices.filter(({ until }) => until === null);
      return reply
        .type(metricsType)
        .send(metricsOf({ status, notices: now, friends }));
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
        noted: "opened the terminal",
        refused: "open the terminal",
      },
      schema: {
        tags: ["terminal"],
        summary: "Unlock the terminal for 30 s by typing the password again",
        body: Type.Object({ password }),
      },
    },
    async ({ body, session }, reply) => {
      await account.confirm(body.password);
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
      const { session } = request;
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
      const close = (): void => socket.close(1008, "signed out");
      session.ended.addEventListener("abort", close, { once: true });
      socket.on("close", () => {
        session.ended.removeEventListener("abort", close);
        shell.close();
      });
      socket.on("error", () => shell.terminate());
    },
  );

  app.post(
    "/api/power",
    {
      config: { noted: "restarted the box, or switched it off", about: "act" },
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
      config: {
        access: "browser",
        noted: "made an API token",
        about: "name",
      },
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
      config: { access: "browser", noted: "deleted an API token" },
      schema: {
        tags: ["tokens"],
        summary: "Delete an API token",
        params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      },
    },
    async (request, reply) => {
      request.about = (await tokens.remove(request.params.id)).name;
      return reply.status(204).send();
    },
  );
}
