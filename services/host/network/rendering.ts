/** What the box's daemons are told, as files below one folder. Each follows from the document alone, so it can be made anew. */
import { renderDnsmasq } from "./dnsmasq.ts";
import type { Network } from "./document.ts";
import { renderDynamicName } from "./dynamic-name.ts";
import { renderFirewall } from "./firewall.ts";
import { hostapdFile, renderHostapd } from "./hostapd.ts";
import { uplinkOf } from "./interfaces.ts";
import { renderNetworkd } from "./networkd.ts";
import { renderPppoe } from "./pppoe.ts";
import { renderResolved } from "./resolved.ts";
import { renderOffload, renderTraffic } from "./traffic.ts";
import { renderUpnp } from "./upnp.ts";
import { keyFile } from "./wireguard.ts";

/** Units that follow a file of their own, and do not run where there is none. */
export const followers = {
  pppoe: "coppice-pppoe.service",
  dynamicName: "coppice-dynamic-name.service",
  upnp: "coppice-upnp.service",
  download: "coppice-download.service",
  lists: "coppice-lists.service",
  traffic: "coppice-rules@traffic.service",
  offload: "coppice-rules@offload.service",
} as const;
/** Those units' names in `followers` and `renderedFiles`. */
export const followerNames = Object.keys(
  followers,
) as readonly (keyof typeof followers)[];

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
  /** Where the line is PPPoE; only root reads what is in this folder. */
  pppoe: "secret/pppoe.conf",
  dynamicName: "secret/inadyn.conf",
  upnp: "miniupnpd.conf",
  /** Environment of the unit that leads what comes through `wan-down`. */
  download: "download.env",
  /** What coppice-lists.service fetches. */
  lists: "block-lists.json",
  /** Rules that hang on devices. */
  traffic: "traffic.nft",
  offload: "offload.nft",
  /** Folder of systemd.network(5) and systemd.netdev(5) files. */
  networkd: "networkd",
} as const;

/** Contents by path. @param former addresses that still answer. @param key file of the box's own WireGuard key */
export function renderNetwork(
  network: Network,
  former: readonly FormerAddress[] = [],
  key: string = keyFile,
): Map<string, string> {
  const wanted = {
    pppoe: renderPppoe(network),
    dynamicName: renderDynamicName(network),
    upnp: renderUpnp(network),
    download:
      network.wan.download === null
        ? undefined
        : `UPLINK=${uplinkOf(network)}\n`,
    lists:
      network.dns.lists.length === 0
        ? undefined
        : JSON.stringify(network.dns.lists),
    traffic: renderTraffic(network),
    offload: renderOffload(network),
  };
  return new Map([
    [renderedFiles.firewall, renderFirewall(network, former)],
    [renderedFiles.dnsmasq, renderDnsmasq(network)],
    [renderedFiles.resolved, renderResolved(network)],
    ...followerNames.flatMap((name) => {
      const text = wanted[name];
      return text === undefined ? [] : [[renderedFiles[name], text] as const];
    }),
    ...(network.wifi?.radios ?? []).map(
      (radio, index) =>
        [hostapdFile(radio.name), renderHostapd(network, index)] as const,
    ),
    ...renderNetworkd(network, former, key).map(
      ([name, text]) => [`${renderedFiles.networkd}/${name}`, text] as const,
    ),
  ]);
}
