/** What the box's daemons are told, as files below one folder. Each follows from the document alone, so it can be made anew. */
import { renderDnsmasq } from "./dnsmasq.ts";
import type { Network } from "./document.ts";
import { renderFirewall } from "./firewall.ts";
import { renderNetworkd } from "./networkd.ts";
import { renderResolved } from "./resolved.ts";

/** An address that the box had in a network, and still answers on: of clients whose lease names it. */
export interface FormerAddress {
  /** Id of the network. */
  lan: string;
  /** With the length of its prefix. */
  address: string;
}

/** Paths below the folder for the network's configuration. */
export const renderedFiles = {
  firewall: "nftables.conf",
  dnsmasq: "dnsmasq.conf",
  resolved: "resolved.conf",
  /** Folder of systemd.network(5) and systemd.netdev(5) files. */
  networkd: "networkd",
} as const;

/** Contents by path. @param former addresses that still answer */
export function renderNetwork(
  network: Network,
  former: readonly FormerAddress[] = [],
): Map<string, string> {
  return new Map([
    [renderedFiles.firewall, renderFirewall(network, former)],
    [renderedFiles.dnsmasq, renderDnsmasq(network)],
    [renderedFiles.resolved, renderResolved(network)],
    ...renderNetworkd(network, former).map(
      ([name, text]) => [`${renderedFiles.networkd}/${name}`, text] as const,
    ),
  ]);
}
