import { Type } from "typebox";
import type { Server } from "../../shared/server.ts";
import { largestNetwork, Network, Phone, Vpn } from "./document.ts";
import type { HomeNetwork } from "./home-network.ts";
import type { LineHistory } from "./line-history.ts";
import type { NetworkWatch } from "./now.ts";
import {
  LineMinute,
  NetworkNow,
  NetworkState,
  NewPhone,
  NewTrial,
  OwnKey,
  Trial,
} from "./state.ts";

/** The acts on the household's network. */
export function addNetworkRoutes(
  app: Server,
  network: HomeNetwork,
  watch: NetworkWatch,
  line: LineHistory,
): void {
  app.get(
    "/network/line",
    { schema: { response: { 200: Type.Array(LineMinute) } } },
    async () => [...line.minutes],
  );
  app.get(
    "/network",
    { schema: { response: { 200: NetworkState } } },
    async () => await network.state(),
  );
  app.get(
    "/network/now",
    { schema: { response: { 200: NetworkNow } } },
    async () => await watch.read(network.inForce),
  );
  app.get(
    "/network/history/:id",
    {
      schema: {
        params: Type.Object({ id: Type.Integer({ minimum: 0 }) }),
        response: { 200: Network },
      },
    },
    async (request) => await network.document(request.params.id),
  );
  app.post(
    "/network/trial",
    {
      bodyLimit: largestNetwork,
      schema: { body: NewTrial, response: { 200: Trial } },
    },
    async (request) => await network.try(request.body),
  );
  app.post(
    "/network/phone",
    {
      schema: {
        body: Type.Object({ vpn: Vpn, name: Phone.properties.name }),
        response: { 200: NewPhone },
      },
    },
    async ({ body }) => await network.drawPhone(body.vpn, body.name),
  );
  app.get(
    "/network/key",
    { schema: { response: { 200: OwnKey } } },
    async () => ({ publicKey: await network.ownKey() }),
  );
  app.post(
    "/network/confirm",
    {
      schema: {
        body: Type.Pick(Trial, ["token"]),
        response: { 200: NetworkState },
      },
    },
    async (request) => {
      await network.confirm(request.body.token);
      return await network.state();
    },
  );
  app.post(
    "/network/revert",
    { schema: { response: { 200: NetworkState } } },
    async () => {
      await network.revert();
      return await network.state();
    },
  );
}
