import type { Network } from "./document.ts";

/** resolved.conf(5): who answers what the household's own resolver does not know, and how that is proved. */
export function renderResolved({ dns }: Network): string {
  const { upstream } = dns;
  return [
    "[Resolve]",
    "LLMNR=no",
    "MulticastDNS=yes",
    `DNSSEC=${dns.dnssec === "always" ? "yes" : "allow-downgrade"}`,
    ...(upstream.kind === "tls"
      ? [
          `DNS=${upstream.servers.map(({ address, name }) => `${address}#${name}`).join(" ")}`,
          "DNSOverTLS=yes",
          // Also before what the provider's DHCP server names.
          "Domains=~.",
        ]
      : []),
    "",
  ].join("\n");
}
