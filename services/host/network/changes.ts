import { isDeepStrictEqual } from "node:util";
import type { Network } from "./document.ts";

/** What differs between two documents, in a few words each. */
export function changesBetween(before: Network, after: Network): string[] {
  const words: string[] = [];
  const differ = (one: unknown, other: unknown, said: string): void => {
    if (!isDeepStrictEqual(one, other)) words.push(said);
  };
  differ(before.wan, after.wan, "Internet connection");
  for (const lan of after.lans) {
    const old = before.lans.find(({ id }) => id === lan.id);
    if (!old) words.push(`${lan.name}: new network`);
    else {
      if (old.address !== lan.address)
        words.push(`${lan.name}: ${old.address} became ${lan.address}`);
      differ(old.dhcp, lan.dhcp, `${lan.name}: addresses to give out`);
      differ(old.reservations, lan.reservations, `${lan.name}: reservations`);
      differ(
        [old.name, old.vlan, old.guest],
        [lan.name, lan.vlan, lan.guest],
        `${lan.name}: name, tag or kind`,
      );
    }
  }
  for (const { id, name } of before.lans)
    if (!after.lans.some((lan) => lan.id === id))
      words.push(`${name}: network removed`);
  differ(before.dns.names, after.dns.names, "Local names");
  differ(
    [before.dns.blocked, before.dns.lists, before.dns.allowed],
    [after.dns.blocked, after.dns.lists, after.dns.allowed],
    "Blocked names",
  );
  differ(
    [before.dns.upstream, before.dns.dnssec],
    [after.dns.upstream, after.dns.dnssec],
    "Name servers",
  );
  differ(before.forwards, after.forwards, "Port forwards");
  differ(before.wifi, after.wifi, "Wi-Fi");
  differ(before.vpn, after.vpn, "The way home from elsewhere");
  differ(before.pinholes, after.pinholes, "IPv6 openings");
  differ(before.upnp, after.upnp, "Ports that devices open for themselves");
  differ(before.dynamicName, after.dynamicName, "Name on the Internet");
  return words;
}
