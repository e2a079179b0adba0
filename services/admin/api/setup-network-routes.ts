import { Type } from "typebox";
import {
  Network,
  NetworkNow,
  Trial,
  Wifi,
  WifiNetwork,
} from "../../host/client.ts";
import type { Server } from "../../shared/server.ts";
import { type Claim, SetupProgress } from "../claim.ts";
import type { SetupLine } from "../setup-line.ts";

const tags = ["setup"];
const setup = { config: { access: "setup" } } as const;

/** The wizard's step about the line to the Internet. */
export function addSetupNetworkRoutes(
  app: Server,
  claim: Claim,
  line: SetupLine,
): void {
  app.get(
    "/api/setup/network",
    {
      ...setup,
      schema: {
        tags,
        summary:
          "The line to the Internet, and where the household could be moved to if it clashes",
        response: {
          200: Type.Object({
            now: NetworkNow,
            document: Network,
            moved: Type.Union([Network, Type.Null()]),
          }),
        },
      },
    },
    async () => await line.look(),
  );
  app.post(
    "/api/setup/network/line",
    {
      ...setup,
      schema: {
        tags,
        summary: "Set how the line is used",
        body: Type.Pick(Network.properties.wan, ["ipv4", "vlan"]),
      },
    },
    async ({ body }, reply) => {
      await line.set(body);
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/setup/network/wifi",
    {
      ...setup,
      schema: {
        tags,
        summary: "Put the household on the air by every adapter there is",
        body: Type.Object({
          ssid: WifiNetwork.properties.ssid,
          password: WifiNetwork.properties.password,
          country: Wifi.properties.country,
        }),
      },
    },
    async ({ body }, reply) => {
      await line.setWifi(body);
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/setup/network/move",
    {
      ...setup,
      schema: {
        tags,
        summary:
          "Try addresses at home that are not the provider's; whoever has the token confirms it",
        response: { 200: Trial },
      },
    },
    async () => await line.move(),
  );
  app.post(
    "/api/setup/network/pass",
    {
      ...setup,
      schema: {
        tags,
        summary: "Go on to the disk",
        response: { 200: SetupProgress },
      },
    },
    async () => {
      await claim.passNetwork();
      return claim.progress();
    },
  );
}
