import type { Server } from "../shared/server.ts";
import type { Clock } from "./clock.ts";
import {
  Configuration,
  ConfigurationTrial,
  NewConfiguration,
} from "./configuration.ts";
import { largestNetwork } from "./network/document.ts";
import type { HomeNetwork } from "./network/home-network.ts";
import type { Updates } from "./updates/updates.ts";

/** The acts on all settings at once. */
export function addConfigurationRoutes(
  app: Server,
  network: HomeNetwork,
  updates: Updates,
  clock: Clock,
): void {
  app.get(
    "/configuration",
    { schema: { response: { 200: Configuration } } },
    async (): Promise<Configuration> => ({
      format: 1,
      network: (await network.state()).document,
      updates: (await updates.state()).settings,
      clock: clock.settings,
      key: await network.secretKey(),
    }),
  );
  app.post(
    "/configuration",
    {
      bodyLimit: largestNetwork,
      schema: { body: NewConfiguration, response: { 200: ConfigurationTrial } },
    },
    async ({ body: { configuration, who, seconds } }) => {
      const { network: document, updates: settings, key } = configuration;
      const trial = await network.take({ document, who, seconds }, key);
      await updates.set(settings);
      await clock.set(configuration.clock);
      return { trial };
    },
  );
}
