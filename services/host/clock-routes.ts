import type { Server } from "../shared/server.ts";
import type { Clock } from "./clock.ts";
import { ClockSettings, ClockState } from "./clock-settings.ts";

/** The acts on the box's clock. */
export function addClockRoutes(app: Server, clock: Clock): void {
  app.get(
    "/clock",
    { schema: { response: { 200: ClockState } } },
    async () => await clock.state(),
  );
  app.put(
    "/clock",
    { schema: { body: ClockSettings, response: { 200: ClockState } } },
    async ({ body }) => {
      await clock.set(body);
      return await clock.state();
    },
  );
}
