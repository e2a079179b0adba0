import type { Server } from "../shared/server.ts";
import { Found, Look, Portal } from "./line/api.ts";
import { look } from "./line/look.ts";
import { watchPortal } from "./line/portal.ts";

/** What the node, which speaks with the Internet, finds out about the line. */
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
}
