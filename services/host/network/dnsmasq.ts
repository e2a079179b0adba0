import ipaddr from "ipaddr.js";
import { reservedNames } from "./check.ts";
import { addressOf, type Lan, type Network } from "./document.ts";
import { interfaceOf, vpnId } from "./interfaces.ts";

/** What the household's lists block, as coppice-lists.service writes it. */
const listedNames = "/var/lib/coppice/lan/blocked.conf";

/** The household's own domain (RFC 8375). */
export const domain = "home.arpa";

/** dnsmasq.conf: addresses and names for the household's devices; what it does not know, systemd-resolved finds out. */
export function renderDnsmasq({ lans, dns, wan, vpn }: Network): string {
  const away = interfaceOf({ id: vpnId });
  return [
    ...lans.map((lan) => `interface=${interfaceOf(lan)}`),
    ...(vpn ? [`interface=${away}`, `no-dhcp-interface=${away}`] : []),
    "except-interface=lo",
    "bind-dynamic",
    "no-hosts",
    "no-resolv",
    "no-poll",
    "server=127.0.0.53",
    "cache-size=10000",
    "dns-forward-max=1000",
    "domain-needed",
    "bogus-priv",
    // No name of the Internet leads into the household.
    "stop-dns-rebind",
    "rebind-localhost-ok",
    `domain=${domain}`,
    `local=/${domain}/`,
    "local-ttl=60",
    ...lans
      .slice(0, 1)
      .map(
        (home) => `host-record=coppice.${domain},coppice,${addressOf(home)}`,
      ),
    ...dns.names.map(
      ({ name, address }) => `host-record=${name}.${domain},${name},${address}`,
    ),
    ...dns.blocked.map((name) => `local=/${name}/`),
    ...dns.allowed.map((name) => `server=/${name}/#`),
    ...(dns.lists.length > 0 ? [`servers-file=${listedNames}`] : []),
    "dhcp-authoritative",
    "dhcp-rapid-commit",
    "dhcp-lease-max=5000",
    ...reservedNames.map((name) => `dhcp-name-match=set:reserved,${name}`),
    "dhcp-ignore-names=tag:reserved",
    ...(wan.ipv6 ? ["enable-ra"] : []),
    "quiet-dhcp",
    "quiet-dhcp6",
    "quiet-ra",
    ...lans.flatMap((lan) => lanLines(lan, wan.ipv6)),
    "",
  ].join("\n");
}

function lanLines(lan: Lan, ipv6: boolean): string[] {
  const own = addressOf(lan);
  const prefix = Number(lan.address.split("/")[1]);
  const mask = ipaddr.IPv4.subnetMaskFromPrefixLength(prefix).toString();
  const { from, to, minutes } = lan.dhcp;
  const tag = `tag:${lan.id}`;
  return [
    `dhcp-range=set:${lan.id},${from},${to},${mask},${minutes}m`,
    // Said outright: while a change of the address is tried, the box has two.
    `dhcp-option=${tag},option:router,${own}`,
    `dhcp-option=${tag},option:dns-server,${own}`,
    `dhcp-option=${tag},option:domain-name,${domain}`,
    ...lan.reservations.map(
      ({ mac, address, name }) => `dhcp-host=${mac},${address},${name}`,
    ),
    ...(ipv6
      ? [
          `dhcp-range=set:${lan.id},::,constructor:${interfaceOf(lan)},ra-stateless,ra-names,64,1h`,
          `dhcp-option=${tag},option6:dns-server,[fe80::]`,
        ]
      : []),
  ];
}
