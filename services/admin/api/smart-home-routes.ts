import type { Server } from "../../shared/server.ts";
import type { NoticeWatch } from "../notices/watch.ts";
import { SmartHomeSettings, SmartHomeState } from "../smart-home/api.ts";
import type { SmartHome } from "../smart-home/smart-home.ts";

/** The household's smart home, which hears how the box is. */
export function addSmartHomeRoutes(
  app: Server,
  smartHome: SmartHome,
  notices: NoticeWatch,
  ending: AbortSignal,
): void {
  const tags = ["smart-home"];
  const response = { 200: SmartHomeState };
  app.get(
    "/api/smart-home",
    {
      schema: {
        tags,
        summary:
          "Whether the smart home hears how the box is; without password",
        response,
      },
    },
    async () => smartHome.state,
  );
  app.put(
    "/api/smart-home",
    {
      config: {
        noted: "set which smart home hears how the box is",
        access: "browser",
        rateLimit: { max: 30, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary:
          "Say by which broker (MQTT) the smart home hears; none takes the box away there. A password that is null stays, for the same server and user",
        body: SmartHomeSettings,
        response,
      },
    },
    async ({ body }) => {
      await smartHome.set(body, ending);
      return smartHome.state;
    },
  );
  app.post(
    "/api/smart-home/tell",
    {
      config: { rateLimit: { max: 10, timeWindow: "1 minute" } },
      schema: {
        tags,
        summary: "Tell it now; else it is told once a minute",
        response,
      },
    },
    async () => {
      await notices.tellSmartHome(ending);
      return smartHome.state;
    },
  );
}
