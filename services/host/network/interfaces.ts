import type { Lan, Network } from "./document.ts";

/** Names that boards give to their ports (systemd.link(5)): `wan0`, and `lan0`, `lan1` and so on. */
export const ports = { wan: "wan0", lans: "lan[0-9]*" } as const;

/** The interface that frames to the provider leave by: the WAN port, or the tag on it. */
export function wireOf({ wan }: Pick<Network, "wan">): string {
  return wan.vlan === null ? ports.wan : "wan-tagged";
}

/** The interface through which the Internet is reached. */
export function uplinkOf(network: Pick<Network, "wan">): string {
  return network.wan.ipv4.kind === "pppoe" ? "wan-ppp" : wireOf(network);
}

/** The device through which what comes from the Internet is led, so that it queues here and not at the provider. */
export const downlink = "wan-down";

/** Id of the network of those who come in by WireGuard; no other has it. */
export const vpnId = "vpn";

/** The device that takes frames of one of the household's further networks from the LAN ports. */
export function tagOf({ id }: Pick<Lan, "id">): string {
  return `tag-${id}`;
}

/** The interface of one of the household's networks, a bridge. */
export function interfaceOf({ id }: Pick<Lan, "id">): string {
  return `lan-${id}`;
}
