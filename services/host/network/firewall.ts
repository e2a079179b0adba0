import { peerPort } from "./check.ts";
import { addressOf, type Forward, type Lan, type Network } from "./document.ts";
import { interfaceOf, uplinkOf, vpnId } from "./interfaces.ts";
import { type Chain, quote, set, table } from "./nft.ts";
import { netOf } from "./ranges.ts";
import type { FormerAddress } from "./rendering.ts";
import { upnpChains, upnpPort } from "./upnp.ts";

/** A network of the household, as far as rules tell them apart. */
type Side = Pick<Lan, "id" | "address" | "guest">;

/** Sources that nobody on the Internet has: RFC 6890. */
const bogons = {
  ip: ["0.0.0.0/8", "127.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24"].concat(
    "203.0.113.0/24",
    "224.0.0.0/3",
  ),
  ip6: ["::1/128", "2001:db8::/32", "ff00::/8"],
};
/** RFC 4890, 4.3.1 and 4.4.1: without these IPv6 does not work. */
const icmpErrors =
  "destination-unreachable, packet-too-big, time-exceeded, parameter-problem";
const icmpNeighbours =
  "nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report";

/**
 * The rules as one nftables transaction: the table is replaced whole or not at all. Nothing comes in from the Internet but
 * friends' boxes and what the owner opened; guests reach the Internet and the resolver.
 */
export function renderFirewall(
  network: Network,
  former: readonly FormerAddress[],
): string {
  const { forwards, pinholes, vpn, upnp, wan } = network;
  const away = quote(interfaceOf({ id: vpnId }));
  const friends = (vpn?.sites ?? []).flatMap(({ networks }) =>
    networks.map(netOf),
  );
  /** Of friends' households, whose devices reach devices here and nothing of the box. */
  const ofFriends = `iifname ${away} ip saddr ${set(friends)}`;
  // Whoever comes home by WireGuard is at home.
  const lans: readonly Side[] = vpn
    ? [...network.lans, { id: vpnId, address: vpn.address, guest: false }]
    : network.lans;
  const uplink = quote(uplinkOf(network));
  const home = quote(interfaceOf(lans[0] as Side));
  const names = (some: readonly Side[]): string =>
    set(some.map((lan) => quote(interfaceOf(lan))));
  const trusted = lans.filter(({ guest }) => !guest);
  const reached = trusted.slice(1);
  const homes = names(
    lans.filter(({ id }, index) => index === 0 || id === vpnId),
  );
  const addresses = [...lans, ...former].map(({ address }) => address);
  const own = set(addresses.map((address) => addressOf({ address })));
  const nets = set(addresses.map(netOf));
  const all = names(lans);
  const known =
    "ct state vmap { established : accept, related : accept, invalid : drop }";
  // What belongs to a connection was looked at when that began.
  const spoofed = [
    // Of IPv4 from home sysctl sees the reverse path.
    `meta nfproto ipv4 iifname != ${uplink} return`,
    `iifname ${uplink} ip saddr ${set(bogons.ip)} drop`,
    `iifname ${uplink} ip saddr ${nets} drop`,
    `iifname ${uplink} ip6 saddr ${set(bogons.ip6)} drop`,
    // Reverse path (BCP 84).
    "meta nfproto ipv6 ip6 saddr != { ::/128, fe80::/10 } fib saddr . iif oif missing drop",
  ];
  const chains: Chain[] = [
    [
      "input",
      "filter hook input priority filter; policy drop",
      [
        known,
        `iifname "lo" accept`,
        "jump spoofed",
        `icmpv6 type { ${icmpErrors}, ${icmpNeighbours} } accept`,
        ...(friends.length > 0
          ? [
              `${ofFriends} icmp type echo-request limit rate 50/second accept`,
              `${ofFriends} drop`,
            ]
          : []),
        ...(upnp
          ? [
              `iifname ${names(trusted)} udp dport { 1900, 5351 } accept`,
              `iifname ${names(trusted)} tcp dport ${upnpPort} accept`,
            ]
          : []),
        // ICMP and ICMPv6 as numbers: a box has no /etc/protocols.
        `iifname ${names(trusted)} meta l4proto { 1, 58 } limit rate 50/second accept`,
        `iifname ${all} udp dport { 53, 67, 547 } accept`,
        `iifname ${all} tcp dport 53 accept`,
        `iifname ${names(trusted)} udp dport 5353 accept`,
        `iifname ${names(trusted)} tcp dport { 443, 445 } accept`,
        `iifname ${home} tcp dport ${peerPort} accept`,
        `iifname ${uplink} tcp dport ${peerPort} limit rate 20/second burst 60 packets accept`,
        ...(vpn
          ? [
              `iifname ${uplink} udp dport ${vpn.port} limit rate 200/second burst 400 packets accept`,
            ]
          : []),
        // The DHCPv6 client's answers come from link-local addresses and are not "related".
        `iifname ${uplink} ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept`,
      ],
    ],
    [
      "forward",
      // One chain: each further one costs every packet.
      "filter hook forward priority filter; policy drop",
      [
        // Paths with a smaller packet size, of which an error message got lost.
        ...(wan.ipv4.kind === "pppoe" || vpn
          ? ["tcp flags syn / syn,rst tcp option maxseg size set rt mtu"]
          : []),
        known,
        "jump spoofed",
        ...(friends.length > 0 ? [`${ofFriends} oifname ${uplink} drop`] : []),
        `iifname ${all} oifname ${uplink} accept`,
        `iifname ${uplink} ct state new limit rate over 500/second burst 1000 packets drop`,
        `iifname ${uplink} icmpv6 type { ${icmpErrors} } accept`,
        ...(reached.length > 0
          ? [`iifname ${homes} oifname ${names(trusted)} accept`]
          : []),
        "ct status dnat accept",
        ...(upnp ? [`iifname ${uplink} jump ${upnpChains.forward}`] : []),
        ...pinholes.flatMap(({ host, protocol, port }) =>
          protocols(protocol).map(
            (one) =>
              `iifname ${uplink} ip6 daddr & ::ffff:ffff:ffff:ffff == ::${host} ${one} dport ${port} accept`,
          ),
        ),
      ],
    ],
    [
      "destination",
      "nat hook prerouting priority dstnat; policy accept",
      [
        ...forwards.flatMap((forward) =>
          [
            `iifname ${uplink}`,
            // From inside by the address that the Internet knows.
            `iifname ${all} fib daddr type local ip daddr != ${own}`,
          ].flatMap((from) => destinations(from, forward)),
        ),
        ...(upnp ? [`iifname ${uplink} jump ${upnpChains.destination}`] : []),
      ],
    ],
    [
      "source",
      "nat hook postrouting priority srcnat; policy accept",
      [
        ...(upnp ? [`oifname ${uplink} jump ${upnpChains.source}`] : []),
        `oifname ${uplink} ip saddr ${nets} masquerade`,
        ...(forwards.length > 0
          ? lans.map(
              (lan) =>
                // Else the answer takes the short way, and bears another address than was asked.
                `ip saddr ${netOf(lan.address)} ip daddr ${netOf(lan.address)} ct status dnat masquerade`,
            )
          : []),
      ],
    ],
  ];
  return table(
    "inet coppice",
    // miniupnpd fills them.
    [
      `chain spoofed { ${spoofed.join("; ")}; }`,
      ...(upnp
        ? Object.values(upnpChains).map((name) => `chain ${name} { }`)
        : []),
    ],
    chains,
  );
}

function destinations(
  from: string,
  { protocol, port, address, toPort }: Forward,
): string[] {
  return protocols(protocol).map(
    (one) =>
      `${from} meta nfproto ipv4 ${one} dport ${port} dnat ip to ${address}:${toPort}`,
  );
}

function protocols(protocol: Forward["protocol"]): ("tcp" | "udp")[] {
  return protocol === "both" ? ["tcp", "udp"] : [protocol];
}
