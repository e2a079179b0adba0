/** Tables of rules that hang on the household's devices, and so are loaded once those are there: coppice-rules@.service. */
import type { Network } from "./document.ts";
import { interfaceOf, uplinkOf, vpnId } from "./interfaces.ts";
import { quote, set, table } from "./nft.ts";
import { netOf } from "./ranges.ts";

/** Sets of the table `netdev traffic`, whose elements count what each device sent to the Internet and got from there. */
export const trafficSets = { sent: "sent", received: "received" } as const;

/** What devices send and get is counted at their bridge: the rules do not see what goes past them. */
export function renderTraffic({ lans, vpn }: Network): string {
  const devices = `devices = { ${[...lans, ...(vpn ? [{ id: vpnId }] : [])].map(interfaceOf).join(", ")} }`;
  const own = [...lans, ...(vpn ? [vpn] : [])].map(({ address }) => address);
  const friends = (vpn?.sites ?? []).flatMap(({ networks }) => networks);
  const ours = set([...new Set(own.map(netOf))]);
  // And multicast and broadcast: RFC 5771. One by one: a set of networks is looked up slower than some are compared.
  const near = new Set([...own, ...friends].map(netOf).concat("224.0.0.0/3"));
  const far = (end: "saddr" | "daddr"): string =>
    [...near].map((net) => `ip ${end} != ${net}`).join(" ");
  const { sent, received } = trafficSets;
  return table(
    "netdev traffic",
    Object.values(trafficSets).map(
      (name) =>
        `set ${name} { type ipv4_addr; size 4096; flags dynamic, timeout; timeout 1d; counter; }`,
    ),
    [
      [
        "up",
        // Before the flow table, which hands on what it knows.
        `filter hook ingress ${devices} priority -10; policy accept`,
        [`ip saddr ${ours} ${far("daddr")} update @${sent} { ip saddr }`],
      ],
      [
        "down",
        `filter hook egress ${devices} priority 0; policy accept`,
        [`ip daddr ${ours} ${far("saddr")} update @${received} { ip daddr }`],
      ],
    ],
  );
}

/**
 * Connections that the rules let through go from port to port without them (nf_flowtable of Linux). They still wait in the
 * uplink's queue; what is led through `wan-down` comes past it.
 */
export function renderOffload(network: Network): string {
  const names = [
    uplinkOf(network),
    // Not by WireGuard: what it takes apart has no neighbour.
    ...network.lans.map(interfaceOf),
  ].map(quote);
  const devices = `{ ${names.join(", ")} }`;
  return table(
    "inet fast-path",
    [
      `flowtable connections { hook ingress priority 0; devices = ${devices}; }`,
    ],
    [
      [
        "forward",
        // Behind the one that refuses.
        "filter hook forward priority filter + 10; policy accept",
        [
          // A beginning is told by one look; TCP and UDP as numbers: a box has no /etc/protocols.
          `ct state established meta l4proto { 6, 17 } iifname ${devices} oifname ${devices} flow add @connections`,
        ],
      ],
    ],
  );
}
