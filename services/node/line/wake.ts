import { createSocket } from "node:dgram";
import { once } from "node:events";
import ipaddr from "ipaddr.js";
import type { Waking } from "./api.ts";

/** Where such packets go by custom: UDP's discard. */
const port = 9;

/** Wakes a computer that sleeps or is off (Wake-on-LAN, AMD's Magic Packet): its network card hears its own address sixteen times, in each of some networks. @throws where the box is not in one of them */
export async function wake({ mac, networks }: Waking): Promise<void> {
  const address = Buffer.from(mac.replaceAll(":", ""), "hex");
  const packet = Buffer.concat([
    Buffer.alloc(6, 0xff),
    ...Array.from({ length: 16 }, () => address),
  ]);
  for (const network of networks) {
    const socket = createSocket("udp4");
    try {
      socket.bind(0, network.split("/")[0]);
      await once(socket, "listening");
      socket.setBroadcast(true);
      const to = ipaddr.IPv4.broadcastAddressFromCIDR(network).toString();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      socket.send(packet, port, to, (error) =>
        error ? reject(error) : resolve(),
      );
      await promise;
    } finally {
      socket.close();
    }
  }
}
