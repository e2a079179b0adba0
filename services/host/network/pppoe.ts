import type { Network } from "./document.ts";
import { uplinkOf, wireOf } from "./interfaces.ts";

/** Options of pppd(8) for a line with a name and a password (RFC 2516); undefined where the line is another. */
export function renderPppoe(network: Network): string | undefined {
  const { ipv4, ipv6 } = network.wan;
  if (ipv4.kind !== "pppoe") return undefined;
  return [
    "plugin pppoe.so",
    `nic-${wireOf(network)}`,
    `ifname ${uplinkOf(network)}`,
    `user ${quoted(ipv4.user)}`,
    `password ${quoted(ipv4.password)}`,
    "hide-password",
    // The provider need not prove to us who it is; nobody's does.
    "noauth",
    "noipdefault",
    "defaultroute",
    "usepeerdns",
    ipv6 ? "+ipv6" : "noipv6",
    "mtu 1492",
    "mru 1492",
    "noaccomp",
    "nopcomp",
    "novj",
    "noccp",
    "persist",
    "maxfail 0",
    "holdoff 5",
    "lcp-echo-interval 10",
    "lcp-echo-failure 3",
    "nodetach",
    "",
  ].join("\n");
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
