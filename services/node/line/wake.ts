import { createSocket } from "node:dgram";
import { once } from "node:events";
import ipaddr from "ipaddr.js";
import { ConflictError } from "../../shared/errors.ts";
import type { Waking } from "./api.ts";

/** Where such packets go by custom: UDP's discard. */
const port = 9;

/**
 * Wakes a computer that sleeps or is off (Wake-on-LAN, AMD's Magic Packet): its network card hears its own address sixteen
 * times, in each of some networks. @throws ConflictError: not-at-home where none of them is there
 */
export async function wake({ mac, networks }: Waking): Promise<void> {
  const address = Buffer.from(mac.replaceAll(":", ""), "hex");
  const packet = Buffer.concat([
    Buffer.alloc(6, 0xff),
    ...Array.from({ length: 16 }, () => address),
  ]);
  const called = await Promise.allSettled(
    networks.map((network) => call(packet, network)),
  );
  const [failed] = called.filter((one) => one.status === "rejected");
  if (failed && !called.some((one) => one.status === "fulfilled"))
    throw new ConflictError(
      "No network at home is there at present. Plug a cable into a LAN port.",
      "not-at-home",
      { cause: failed.reason },
    );
}

async function call(packet: Buffer, network: string): Promise<void> {
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
