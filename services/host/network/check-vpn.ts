import { addressOf, type Network, type Vpn } from "./document.ts";
import { clash, numberOf, rangeOf } from "./ranges.ts";
import {
  checkHost,
  checkHousehold,
  NetworkDocumentError,
  unique,
} from "./refusal.ts";

/** The way home and friends' households beside the rest. @throws NetworkDocumentError */
export function checkVpn({ vpn, lans, wan, forwards }: Network): void {
  if (!vpn) return;
  checkHost(vpn.address, "/vpn/address");
  checkHousehold(vpn.address, "/vpn/address");
  const other = lans.find(({ address }) => clash(address, vpn.address));
  if (other)
    throw new NetworkDocumentError(
      "/vpn/address",
      `It has addresses in common with the network "${other.name}".`,
    );
  if (wan.ipv4.kind === "static" && clash(wan.ipv4.address, vpn.address))
    throw new NetworkDocumentError(
      "/vpn/address",
      "It has addresses in common with the network towards the Internet.",
    );
  const taken = forwards.find(
    ({ port, protocol }) => port === vpn.port && protocol !== "tcp",
  );
  if (taken)
    throw new NetworkDocumentError(
      "/vpn/port",
      `"${taken.name}" has this port already.`,
    );
  const [first, last] = rangeOf(vpn.address);
  vpn.phones.forEach(({ address }, index) => {
    const number = numberOf(address);
    if (number <= first || last <= number || address === addressOf(vpn))
      throw new NetworkDocumentError(
        `/vpn/phones/${index}/address`,
        `It has to be an address of ${vpn.address} that is not the box's.`,
      );
  });
  unique(
    vpn.phones.map(({ address }) => address),
    (index) => `/vpn/phones/${index}/address`,
    "Two phones have this",
  );
  unique(
    [...vpn.phones, ...vpn.sites].map(({ publicKey }) => publicKey),
    (index) =>
      index < vpn.phones.length
        ? `/vpn/phones/${index}/publicKey`
        : `/vpn/sites/${index - vpn.phones.length}/publicKey`,
    "Two of those who come in have this key",
  );
  checkSites(vpn, lans, wan);
}

/** A household's addresses are its own: neither ours nor another's. */
function checkSites(
  { sites, address }: Vpn,
  lans: Network["lans"],
  wan: Network["wan"],
): void {
  const taken = [
    { name: "those who come in", address },
    ...lans,
    ...(wan.ipv4.kind === "static"
      ? [{ name: "the Internet", address: wan.ipv4.address }]
      : []),
  ];
  for (const [index, { name, networks }] of sites.entries())
    for (const [at, network] of networks.entries()) {
      const field = `/vpn/sites/${index}/networks/${at}`;
      checkHousehold(network, field);
      const other = taken.find((one) => clash(one.address, network));
      if (other)
        throw new NetworkDocumentError(
          field,
          `It has addresses in common with the network of ${other.name}. One of the two households has to change its own.`,
        );
      taken.push({ name, address: network });
    }
}
