import {
  ClockSettings,
  ClockState,
  type HostClient,
} from "../../host/client.ts";
import type { Server } from "../../shared/server.ts";
import type { Configurations } from "../configurations.ts";

/** The box's clock: where it hangs, and who sets it. */
export function addClockRoutes(
  app: Server,
  host: HostClient,
  configurations: Configurations,
): void {
  const tags = ["clock"];
  app.get(
    "/api/clock",
    {
      schema: {
        tags,
        summary: "What time it is, in which zone, and who says so",
        response: { 200: ClockState },
      },
    },
    async () => await host.clock(),
  );
  app.put(
    "/api/clock",
    {
      config: {
        noted: "set the box's clock",
        about: "zone",
      },
      schema: {
        tags,
        summary: "The household's time zone, and which time servers are asked",
        body: ClockSettings,
        response: { 200: ClockState },
      },
    },
    async ({ body, log }) => {
      const state = await host.setClock(body);
      await configurations.keepIfPossible(log);
      return state;
    },
  );
}
