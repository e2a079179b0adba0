import { BlockList, isIP } from "node:net";

/** The addresses of things at home: RFC 1918, 4193 and 4291. */
export const homeNets = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["127.0.0.0", 8],
  ["fc00::", 7],
  ["fe80::", 10],
] as const;

const home = new BlockList();
for (const [net, length] of homeNets)
  home.addSubnet(net, length, net.includes(":") ? "ipv6" : "ipv4");

/** Whether an address is one of a household's own. */
export function isAtHome(address: string): boolean {
  const kind = isIP(address);
  return kind !== 0 && home.check(address, kind === 6 ? "ipv6" : "ipv4");
}
