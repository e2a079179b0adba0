import { Type } from "typebox";
import {
  type HostClient,
  LineMinute,
  largestNetwork,
  Network,
  NetworkNow,
  NetworkState,
  NewPhone,
  NewTrial,
  OwnKey,
  Phone,
  Settled,
  Trial,
  Vpn,
} from "../../host/client.ts";
import {
  Found,
  Look,
  type NodeClient,
  Speed,
  Waking,
} from "../../node/client.ts";
import type { Server } from "../../shared/server.ts";
import type { Configurations } from "../configurations.ts";
import { networkNow } from "../network-now.ts";
import type { OwnerAccount } from "./owner.ts";

/** The household's network: as it is set and as it is, changes that are tried and then kept, and those before. */
export function addNetworkRoutes(
  app: Server,
  host: HostClient,
  node: NodeClient,
  account: OwnerAccount,
  configurations: Configurations,
): void {
  const tags = ["network"];
  app.get(
    "/api/network",
    {
      schema: {
        tags,
        summary: "The network as it is set, what is being tried, and changes",
        response: { 200: NetworkState },
      },
    },
    async () => await host.network(),
  );
  app.get(
    "/api/network/backup",
    {
      schema: {
        tags,
        summary:
          "The network that was kept last, as the files' backup has it: on a new box, that of the one before",
        response: {
          200: Type.Object({ document: Type.Union([Network, Type.Null()]) }),
        },
      },
    },
    async () => {
      const kept = await configurations.kept();
      return { document: kept?.network ?? null };
    },
  );
  app.get(
    "/api/network/now",
    {
      schema: {
        tags,
        summary: "The line to the Internet, the devices, and what is wrong",
        response: { 200: NetworkNow },
      },
    },
    async () => await networkNow(host, node),
  );
  app.get(
    "/api/network/line",
    {
      schema: {
        tags,
        summary: "How the line to the Internet was in the last day, by minutes",
        response: { 200: Type.Array(LineMinute) },
      },
    },
    async () => await host.line(),
  );
  app.post(
    "/api/network/look",
    {
      config: { rateLimit: { max: 30, timeWindow: "1 minute" } },
      schema: {
        tags,
        summary:
          "Ask the Internet about a name or an address, from the box: ping, the path there, or its DNS records",
        body: Look,
        response: { 200: Found },
      },
    },
    async ({ body }) => await node.look(body),
  );
  app.post(
    "/api/network/wake",
    {
      config: {
        rateLimit: { max: 30, timeWindow: "1 minute" },
        noted: "woke a device",
        about: "mac",
      },
      schema: {
        tags,
        summary:
          "Wake a computer that sleeps, or is off, by its network card (Wake-on-LAN)",
        body: Type.Pick(Waking, ["mac"]),
      },
    },
    async ({ body: { mac } }, reply) => {
      const { document } = await host.network();
      const networks = document.lans.map(({ address }) => address);
      await node.wake({ mac, networks });
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/network/speed",
    {
      config: { rateLimit: { max: 5, timeWindow: "1 minute" } },
      schema: {
        tags,
        summary:
          "How fast the line is: friends' boxes fill it for about 20 seconds, first towards here",
        response: { 200: Speed },
      },
    },
    async () => await node.friends.speed(),
  );
  app.get(
    "/api/network/history/:id",
    {
      schema: {
        tags,
        summary: "The network as a change left it; 0 is that of a new box",
        params: Type.Object({
          id: Type.Integer({ ...Settled.properties.id, minimum: 0 }),
        }),
        response: { 200: Network },
      },
    },
    async ({ params }) => await host.networkBefore(params.id),
  );
  app.post(
    "/api/network/trial",
    {
      config: { noted: "tried another network" },
      bodyLimit: largestNetwork,
      schema: {
        tags,
        summary:
          "Put another network into force; it is taken back by itself unless it is confirmed in time",
        body: Type.Object({
          document: Network,
          seconds: Type.Optional(NewTrial.properties.seconds),
        }),
        response: { 200: Trial },
      },
    },
    async ({ body, access }) =>
      await host.tryNetwork({
        document: body.document,
        seconds: body.seconds ?? 90,
        who:
          access === "owner"
            ? (account.name ?? "the owner")
            : access === "token"
              ? "an API token"
              : "the box's command line",
      }),
  );
  app.post(
    "/api/network/phone",
    {
      config: { noted: "drew a key for a phone", access: "browser" },
      schema: {
        tags,
        summary:
          "Draw a key for a phone that is to come home by WireGuard; put the phone into the document, and what it takes into the phone",
        body: Type.Object({ vpn: Vpn, name: Phone.properties.name }),
        response: { 200: NewPhone },
      },
    },
    async ({ body }) => await host.drawPhone(body.vpn, body.name),
  );
  app.get(
    "/api/network/key",
    {
      schema: {
        tags,
        summary:
          "The box's WireGuard key, by which a friend's household knows it",
        response: { 200: OwnKey },
      },
    },
    async () => await host.networkKey(),
  );
  app.post(
    "/api/network/confirm",
    {
      // Whoever tries a change knows its token; by the box's other address he is not signed in.
      config: {
        noted: "kept the network that was tried",
        access: "anyone",
        rateLimit: { max: 60, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary: "Keep the network that is being tried",
        body: Type.Object({
          token: Type.String({ minLength: 1, maxLength: 64 }),
        }),
      },
    },
    async (request, reply) => {
      const { body } = request;
      await host.confirmNetwork(body.token);
      await configurations.keepIfPossible(request.log);
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/network/revert",
    {
      config: { noted: "took the network back that was tried" },
      schema: {
        tags,
        summary: "Take back the network that is being tried",
        response: { 200: NetworkState },
      },
    },
    async () => await host.revertNetwork(),
  );
}
