import { networkInterfaces } from "node:os";

/** Whether a multiaddr leads back to this box. @param listen multiaddrs on which it listens */
export function isOwnAddress(
  address: string,
  listen: readonly string[],
  interfaces = networkInterfaces(),
): boolean {
  const [, host, port] = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)/.exec(address) ?? [];
  return (
    listen.some((one) => /\/tcp\/(\d+)/.exec(one)?.[1] === port) &&
    Object.values(interfaces).some((list) =>
      list?.some((one) => one.address === host),
    )
  );
}

/**
 * Where others may reach this box: what libp2p has confirmed, and the addresses of the box's own interfaces. libp2p keeps a
 * public address back until others have confirmed it; but the box is the router, and its WAN address is its own.
 * @param confirmed multiaddrs that libp2p tells of, with the peer id. @param peer the peer id
 */
export function ownAddresses(
  confirmed: readonly string[],
  peer: string,
  interfaces = networkInterfaces(),
): string[] {
  const ports = new Set(
    confirmed.flatMap((one) => /\/tcp\/(\d+)/.exec(one)?.[1] ?? []),
  );
  const own = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .filter(
      ({ internal, address }) =>
        !internal && !/^(fe80|169\.254)/i.test(address),
    )
    .flatMap(({ family, address }) =>
      [...ports].map(
        (port) =>
          `/ip${family === "IPv6" ? 6 : 4}/${address}/tcp/${port}/p2p/${peer}`,
      ),
    );
  return [...new Set([...own, ...confirmed])];
}
