/** Arithmetic on IPv4 networks. */
import ipaddr from "ipaddr.js";
import { addressOf, type Network, type Vpn } from "./document.ts";

/** Both ends belong to it. */
export type Range = readonly [first: number, last: number];

/** An IPv4 address as a number. */
export function numberOf(address: string): number {
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);
}

/** All addresses of a network such as `192.168.1.1/24`. */
export function rangeOf(cidr: string): Range {
  return [
    numberOf(ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()),
    numberOf(ipaddr.IPv4.broadcastAddressFromCIDR(cidr).toString()),
  ];
}

/** A network such as `192.168.1.1/24` by its first address: `192.168.1.0/24`. */
export function netOf(cidr: string): string {
  return `${ipaddr.IPv4.networkAddressFromCIDR(cidr)}/${cidr.split("/")[1]}`;
}

/** Whether two ranges have addresses in common. */
export const overlap = (one: Range, other: Range): boolean =>
  one[0] <= other[1] && other[0] <= one[1];

/** Whether two networks, such as `192.168.1.1/24`, have addresses in common. */
export function clash(one: string, other: string): boolean {
  return overlap(rangeOf(one), rangeOf(other));
}

/** Whether an address is of the network of `cidr`. */
export function contains(cidr: string, address: string): boolean {
  const number = numberOf(address);
  return overlap(rangeOf(cidr), [number, number]);
}

/** An address for another phone; undefined where all are taken. */
export function freeAddress({ address, phones }: Vpn): string | undefined {
  const taken = [address.split("/")[0], ...phones.map((one) => one.address)];
  const [first, last] = rangeOf(address);
  for (let number = first + 1; number < last; number++) {
    const free = [24, 16, 8, 0]
      .map((shift) => (number >>> shift) & 255)
      .join(".");
    if (!taken.includes(free)) return free;
  }
  return undefined;
}

/** A network for a household that has nothing in common with others, with the box's address in it. */
export function freeRange(taken: readonly string[]): string {
  for (let third = 77; third < 256; third++) {
    const range = `192.168.${third}.1/24`;
    if (!taken.some((one) => clash(one, range))) return range;
  }
  return "10.77.0.1/24";
}

/** The household's own network at another address of the box; leases and reservations move along. @param address with a prefix of 24 bits */
export function movedTo(network: Network, address: string): Network {
  const moved = structuredClone(network);
  const [home] = moved.lans;
  if (!home) return moved;
  const start = addressOf({ address }).replace(/\d+$/, "");
  const there = (old: string): string => start + old.split(".").at(-1);
  home.address = address;
  home.dhcp = {
    ...home.dhcp,
    from: there(home.dhcp.from),
    to: there(home.dhcp.to),
  };
  home.reservations = home.reservations.map((one) => ({
    ...one,
    address: there(one.address),
  }));
  return moved;
}
