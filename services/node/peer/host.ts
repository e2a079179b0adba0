import { setTimeout as sleep } from "node:timers/promises";
import { noise } from "@chainsafe/libp2p-noise";
import { autoNATv2 } from "@libp2p/autonat-v2";
import {
  circuitRelayServer,
  circuitRelayTransport,
} from "@libp2p/circuit-relay-v2";
import { dcutr } from "@libp2p/dcutr";
import { identify, identifyPush } from "@libp2p/identify";
import {
  type Connection,
  type Libp2p,
  type PeerId,
  type PeerRouting,
  type PrivateKey,
  peerRoutingSymbol,
  type Stream,
  type StreamHandler,
} from "@libp2p/interface";
import { type KadDHT, kadDHT, passthroughMapper } from "@libp2p/kad-dht";
import { mdns } from "@libp2p/mdns";
import { type Ping, ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { tls } from "@libp2p/tls";
import { uPnPNAT } from "@libp2p/upnp-nat";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import type { OrderedIndex } from "../store/ordered-index.ts";
import { isOwnAddress } from "./addresses.ts";
import { IndexDatastore } from "./datastore.ts";

/** The TCP port that boxes listen on. */
export const peerPort = 4471;
const dhtProtocol = "/coppice/kad/1.0.0";
/** Connections of those who are no friends: enough to be invited, and to be looked at. */
const mostStrangers = 24;
/** Pings of one connection at a time, in one direction. */
const mostPings = 8;
/** Bytes and seconds of one relayed connection: for finding each other and for audits, not for bulk. */
const relayLimit = { bytes: 64n * 2n ** 20n, milliseconds: 30 * 60_000 };

/** Milliseconds between two random walks. */
const walkEvery = 60_000;

/** How a host listens, and whom it knows. */
export interface HostOptions {
  privateKey: PrivateKey;
  index: OrderedIndex<"libp2p">;
  /** Multiaddrs to listen on. */
  listen: readonly string[];
  /** Whether whoever has this peer id is a friend. */
  isFriend(peer: PeerId): boolean;
  /** Answers a stream of the friends' protocol. */
  protocols: Readonly<
    Record<string, (stream: Stream, connection: Connection) => Promise<void>>
  >;
}

export type Host = Libp2p<{ dht: KadDHT; ping: Ping }>;

/**
 * A libp2p node: TCP with TLS or noise and yamux; identify and ping for anybody; DHT and relay for friends alone; mDNS,
 * UPnP/NAT-PMP, AutoNAT and hole punching to be found and reached. Private addresses stay in the tables: friends live in
 * one house as well.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { privateKey, isFriend, protocols } = options;
  const strangers = new Set<string>();
  const host = await createLibp2p({
    privateKey,
    addresses: {
      listen: [...options.listen, "/p2p-circuit"],
    },
    datastore: new IndexDatastore(options.index),
    nodeInfo: { userAgent: "coppice/1" },
    transports: [tcp(), circuitRelayTransport()],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: 300,
      inboundConnectionThreshold: 20,
      maxIncomingPendingConnections: 20,
    },
    // A line that is full answers late, and is not dead: what is on its way would break off.
    connectionMonitor: {
      pingInterval: 30_000,
      pingTimeout: { minTimeout: 30_000 },
    },
    connectionGater: {
      // libp2p's own gater refuses private addresses. Friends tell of their loopback, too, which is this box's own.
      denyDialMultiaddr: (address) =>
        isOwnAddress(String(address), options.listen),
      denyInboundEncryptedConnection: (peer) =>
        !isFriend(peer) && strangers.size >= mostStrangers,
      // Whoever is about to become a friend asks for a place before the hello; nothing is relayed but between friends.
      denyInboundRelayReservation: () => false,
      denyOutboundRelayedConnection: (source, target) =>
        !isFriend(source) || !isFriend(target),
    },
    peerDiscovery: [mdns({ serviceTag: "coppice-peer.local" })],
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      // The monitor of connections takes a ping that is refused for a dead line, and the gauge of the lines pings beside it.
      ping: ping({
        maxInboundStreams: mostPings,
        maxOutboundStreams: mostPings,
      }),
      autoNAT: autoNATv2(),
      dcutr: dcutr(),
      upnp: uPnPNAT({ portMappingDescription: "coppice" }),
      relay: circuitRelayServer({
        reservations: {
          maxReservations: 64,
          defaultDataLimit: relayLimit.bytes,
          defaultDurationLimit: relayLimit.milliseconds,
        },
      }),
      dht: (components) => {
        const dht = kadDHT({
          protocol: dhtProtocol,
          peerInfoMapper: passthroughMapper,
          disjointPaths: 3,
        })(
          // The components are a proxy themselves, which refuses to be copied.
          new Proxy(components, {
            get: (target, name) =>
              name === "registrar"
                ? friendsOnly(target.registrar, isFriend)
                : (Reflect.get(target, name) as unknown),
          }),
        ) as KadDHT & { [peerRoutingSymbol]: PeerRouting };
        strollOnly(dht[peerRoutingSymbol]);
        return dht;
      },
    },
  });
  host.addEventListener("connection:open", ({ detail }) => {
    if (isFriend(detail.remotePeer)) return;
    // The gater has seen only those who were in already: of many at once, all were let through.
    if (strangers.size >= mostStrangers && detail.direction === "inbound")
      detail.abort(new Error("no more strangers at once"));
    else strangers.add(detail.id);
  });
  host.addEventListener("connection:close", ({ detail }) => {
    strangers.delete(detail.id);
  });
  for (const [protocol, answer] of Object.entries(protocols))
    await host.handle(protocol, answer, {
      runOnLimitedConnection: true,
      maxInboundStreams: 8,
      maxOutboundStreams: 8,
    });
  return host as Host;
}

/**
 * Lets random walks through the DHT rest between two queries: AutoNAT and the search for relays walk until they have found
 * what they want, which among few friends takes a processor for ever.
 */
function strollOnly(routing: PeerRouting): void {
  const walk = routing.getClosestPeers.bind(routing);
  let last = 0;
  routing.getClosestPeers = async function* (key, options) {
    const wait = last + walkEvery - Date.now();
    if (wait > 0)
      await sleep(wait, undefined, {
        ref: false,
        ...(options?.signal ? { signal: options.signal } : {}),
      });
    last = Date.now();
    yield* walk(key, options);
  };
}

/** What a service registers, kept from those who are no friends: each place in the DHT's table is a TPM that was attested. */
function friendsOnly<
  R extends {
    handle(
      protocol: string,
      handler: StreamHandler,
      ...rest: never[]
    ): Promise<void>;
    register(
      protocol: string,
      topology: { onConnect?(peer: PeerId, connection: Connection): void },
      ...rest: never[]
    ): Promise<string>;
  },
>(registrar: R, isFriend: (peer: PeerId) => boolean): R {
  return new Proxy(registrar, {
    get(target, name) {
      if (name === "handle")
        return async (
          protocol: string,
          handler: StreamHandler,
          ...rest: never[]
        ) =>
          await target.handle(
            protocol,
            async (stream, connection) => {
              if (isFriend(connection.remotePeer))
                await handler(stream, connection);
              else stream.abort(new Error("for friends alone"));
            },
            ...rest,
          );
      if (name === "register")
        return async (
          protocol: string,
          topology: { onConnect?(peer: PeerId, connection: Connection): void },
          ...rest: never[]
        ) =>
          await target.register(
            protocol,
            {
              ...topology,
              onConnect: (peer: PeerId, connection: Connection) => {
                if (isFriend(peer)) topology.onConnect?.(peer, connection);
              },
            },
            ...rest,
          );
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
