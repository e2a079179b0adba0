import {
  type HostClient,
  UpdateCheck,
  UpdateSettings,
  UpdateState,
} from "../../host/client.ts";
import type { IdentityClient } from "../../identity/client.ts";
import type { NodeClient } from "../../node/client.ts";
import type { Server } from "../../shared/server.ts";
import { BoxHealth } from "../client.ts";
import type { Configurations } from "../configurations.ts";

/** The box's versions, and whether the one that runs works. */
export function addUpdateRoutes(
  app: Server,
  host: HostClient,
  node: NodeClient,
  identity: IdentityClient,
  configurations: Configurations,
): void {
  const tags = ["updates"];
  app.get(
    "/api/health",
    {
      config: {
        access: "anyone",
        rateLimit: { max: 60, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary: "Whether the box does what it is there for",
        response: { 200: BoxHealth },
      },
    },
    async () => await boxHealth(host, node, identity),
  );
  app.get(
    "/api/updates",
    {
      schema: {
        tags,
        summary: "What runs, what is newer, and what became of those before",
        response: { 200: UpdateState },
      },
    },
    async () => await host.updates(),
  );
  app.put(
    "/api/updates/settings",
    {
      config: { noted: "set how the box keeps itself up to date" },
      schema: {
        tags,
        summary: "How the box keeps itself up to date",
        body: UpdateSettings,
        response: { 200: UpdateState },
      },
    },
    async ({ body, log }) => {
      const state = await host.setUpdates(body);
      await configurations.keepIfPossible(log);
      return state;
    },
  );
  app.post(
    "/api/updates/check",
    {
      schema: {
        tags,
        summary: "Look for a newer version now, and bring it here if so asked",
        body: UpdateCheck,
        response: { 202: UpdateState },
      },
    },
    async ({ body }, reply) =>
      reply.status(202).send(await host.checkUpdates(body)),
  );
  app.post(
    "/api/updates/stop",
    {
      config: { noted: "stopped the search for a newer version" },
      schema: {
        tags,
        summary:
          "Stop looking for a newer version, or bringing it here; what came stays, and is not brought again",
        response: { 200: UpdateState },
      },
    },
    async () => await host.stopUpdate(),
  );
  app.post(
    "/api/updates/install",
    {
      config: { noted: "installed a newer version" },
      schema: {
        tags,
        summary: "Write what was brought into the slot that does not run",
        response: { 202: UpdateState },
      },
    },
    async (_request, reply) =>
      reply.status(202).send(await host.installUpdate()),
  );
  app.post(
    "/api/updates/restart",
    {
      config: { noted: "restarted into a newer version" },
      schema: { tags, summary: "Restart into what was installed" },
    },
    async (_request, reply) => {
      await host.restartIntoUpdate();
      return reply.status(202).send();
    },
  );
}

/** Asks all services; on a box without an owner there is no storage yet. */
async function boxHealth(
  host: HostClient,
  node: NodeClient,
  identity: IdentityClient,
): Promise<BoxHealth> {
  const parts: [string, Promise<string[]>][] = [
    ["the host service does not answer", host.lostByUpdate()],
    ["the storage does not answer", node.state().then(() => [])],
    ["the identity does not answer", identity.state().then(() => [])],
  ];
  const problems = await Promise.all(
    parts.map(async ([words, part]) => await part.catch(() => [words])),
  );
  const all = problems.flat();
  return { healthy: all.length === 0, problems: all };
}
