import { Type } from "typebox";
import type { Server } from "../../shared/server.ts";
import { UpdateCheck, UpdateSettings, UpdateState } from "./state.ts";
import type { Updates } from "./updates.ts";

/** The acts on the box's versions. @param log hears why an installation failed that nobody waited for */
export function addUpdateRoutes(
  app: Server,
  updates: Updates,
  onError: (error: unknown) => void,
): void {
  app.get(
    "/updates",
    { schema: { response: { 200: UpdateState } } },
    async () => await updates.state(),
  );
  app.put(
    "/updates/settings",
    { schema: { body: UpdateSettings, response: { 200: UpdateState } } },
    async ({ body }) => {
      await updates.set(body);
      return await updates.state();
    },
  );
  app.post(
    "/updates/check",
    {
      schema: {
        body: UpdateCheck,
        response: { 202: UpdateState },
      },
    },
    async ({ body }, reply) => {
      await updates.check(body.download, body.from);
      return reply.status(202).send(await updates.state());
    },
  );
  app.post(
    "/updates/stop",
    { schema: { response: { 200: UpdateState } } },
    async () => {
      await updates.stop();
      return await updates.state();
    },
  );
  app.post(
    "/updates/install",
    { schema: { response: { 202: UpdateState } } },
    async (_request, reply) => {
      await updates.expectReady();
      // It takes minutes: whoever asked looks how it goes.
      updates.install().catch(onError);
      return reply.status(202).send(await updates.state());
    },
  );
  app.post("/updates/restart", async (_request, reply) => {
    await updates.restart();
    return reply.status(202).send();
  });
  app.get(
    "/health",
    { schema: { response: { 200: Type.Array(Type.String()) } } },
    async () => await updates.lost(),
  );
}
