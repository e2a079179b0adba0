import type { Server } from "../shared/server.ts";
import {
  Found,
  HookCall,
  Look,
  Mail,
  Portal,
  Publication,
  Waking,
} from "./line/api.ts";
import { callHook, sendMail } from "./line/deliver.ts";
import { look } from "./line/look.ts";
import { watchPortal } from "./line/portal.ts";
import { publish } from "./line/publish.ts";
import { wake } from "./line/wake.ts";

/** What the node, which speaks with the Internet, finds out about the line, and what it sends for the others. */
export function addLineRoutes(app: Server, ending: AbortSignal): void {
  const portal = watchPortal(ending);
  app.get(
    "/line/portal",
    { schema: { response: { 200: Portal } } },
    async () => await portal(),
  );
  app.post(
    "/line/look",
    { schema: { body: Look, response: { 200: Found } } },
    async ({ body }) => await look(body, ending),
  );
  app.post(
    "/line/wake",
    { schema: { body: Waking } },
    async ({ body }, reply) => {
      await wake(body);
      return reply.status(204).send();
    },
  );
  app.post(
    "/line/mail",
    { schema: { body: Mail } },
    async ({ body }, reply) => {
      await sendMail(body, ending);
      return reply.status(204).send();
    },
  );
  app.post(
    "/line/hook",
    { schema: { body: HookCall } },
    async ({ body }, reply) => {
      await callHook(body, ending);
      return reply.status(204).send();
    },
  );
  app.post(
    "/line/publish",
    // Two documents at most.
    { bodyLimit: 256 * 1024, schema: { body: Publication } },
    async ({ body }, reply) => {
      await publish(body, ending);
      return reply.status(204).send();
    },
  );
}
