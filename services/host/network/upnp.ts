import { peerPort } from "./check.ts";
import { addressOf, type Network } from "./document.ts";
import { uplinkOf } from "./interfaces.ts";
import { netOf } from "./ranges.ts";

/** TCP port on which miniupnpd describes the router; its unit names it too, for releases differ in the option's name. */
export const upnpPort = 5431;
/** Chains of the table `inet coppice` that miniupnpd fills. */
export const upnpChains = {
  forward: "upnp-forward",
  destination: "upnp-destination",
  source: "upnp-source",
} as const;
/** What devices opened, as miniupnpd writes it. */
export const upnpLeases = "/run/coppice-upnp/leases";

/**
 * miniupnpd.conf(5), for UPnP IGD, NAT-PMP (RFC 6886) and PCP (RFC 6887); undefined where it is off. A device opens ports for
 * itself alone, none below 1024, and none that somebody has already.
 */
export function renderUpnp(network: Network): string | undefined {
  const { upnp, lans, forwards, vpn } = network;
  if (!upnp) return undefined;
  const trusted = lans.filter(({ guest }) => !guest);
  const taken = [
    peerPort,
    ...(vpn ? [vpn.port] : []),
    ...forwards.map(({ port }) => port),
  ];
  return [
    `ext_ifname=${uplinkOf(network)}`,
    // By the address and not by the interface, of which it would take the first: that of before, while a change is tried.
    ...trusted.map(({ address }) => `listening_ip=${address}`),
    "enable_upnp=yes",
    "enable_natpmp=yes",
    "secure_mode=yes",
    "min_lifetime=120",
    "max_lifetime=86400",
    "clean_ruleset_interval=600",
    "upnp_table_name=coppice",
    "upnp_nat_table_name=coppice",
    `upnp_forward_chain=${upnpChains.forward}`,
    `upnp_nat_chain=${upnpChains.destination}`,
    `upnp_nat_postrouting_chain=${upnpChains.source}`,
    `lease_file=${upnpLeases}`,
    "friendly_name=Coppice",
    ...[...new Set(taken)].map((port) => `deny ${port} 0.0.0.0/0 0-65535`),
    // The box has no router before it at home: its own ports are opened by the rules.
    ...trusted.map((lan) => `deny 0-65535 ${addressOf(lan)}/32 0-65535`),
    ...trusted.map(
      ({ address }) => `allow 1024-65535 ${netOf(address)} 1024-65535`,
    ),
    "deny 0-65535 0.0.0.0/0 0-65535",
    "",
  ].join("\n");
}
