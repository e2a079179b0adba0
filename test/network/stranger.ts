/**
 * A stock js-libp2p client, with nothing of Coppice in it: looks at a box from outside, then misbehaves in several ways.
 * Arguments: the box's multiaddr with its peer id. Prints JSON.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { noise } from "@chainsafe/libp2p-noise";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import type { Stream } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";

const address = multiaddr(process.argv[2] ?? "");
const friendProtocol = "/coppice/friend/1";

const start = async () =>
  await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // Asked for once, below: a box answers one such question at a time.
    services: {
      identify: identify({ runOnConnectionOpen: false }),
      ping: ping(),
    },
  });

/** What comes on a stream until it ends, and after how many milliseconds. */
async function listen(
  stream: Stream,
): Promise<{ bytes: number; text: string; milliseconds: number }> {
  const started = performance.now();
  const parts: Buffer[] = [];
  try {
    for await (const chunk of stream) parts.push(Buffer.from(chunk.subarray()));
  } catch {
    // Cut off: that is what is looked for.
  }
  const all = Buffer.concat(parts);
  return {
    bytes: all.length,
    text: all.toString("latin1"),
    milliseconds: performance.now() - started,
  };
}

const node = await start();
const found: Record<string, unknown> = {};
found.ping = await node.services.ping.ping(address);
const connection = await node.dial(address);
const identified = await node.services.identify.identify(connection);
found.agent = identified.agentVersion;
found.protocols = identified.protocols;

// A foreign peer id: the box at this address is not that one.
const other = peerIdFromPrivateKey(await generateKeyPair("Ed25519"));
const foreign = multiaddr(
  address.toString().replace(/\/p2p\/.*$/, `/p2p/${other}`),
);
found.foreign = await (await start()).dial(foreign).then(
  () => "connected",
  (error: Error) => error.name,
);

// No hello at all, but a question.
const rude = await connection.newStream(friendProtocol);
rude.send(Buffer.concat([Buffer.of(0, 0, 0, 4), Buffer.from("list")]));
found.rude = await listen(rude);

// Four gigabytes, it says.
const huge = await connection.newStream(friendProtocol);
huge.send(Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3]));
found.huge = await listen(huge);

// A byte now and then.
const slow = await connection.newStream(friendProtocol);
const drip = (async () => {
  for (let count = 0; count < 60 && slow.status === "open"; count++) {
    slow.send(Buffer.of(0));
    await sleep(1000);
  }
})().catch(() => {});
found.slow = await listen(slow);
await drip;

// Many at once: connections, and streams on each.
const flood = await Promise.all(Array.from({ length: 40 }, start));
await Promise.allSettled(
  flood.map(async (one) => {
    const line = await one.dial(address);
    await Promise.allSettled(
      Array.from({ length: 50 }, () => line.newStream(friendProtocol)),
    );
  }),
);
// To have dialled says little: noise lets the caller believe itself connected before the other side has looked.
const answered = await Promise.allSettled(
  flood.map(async (one) => await one.services.ping.ping(address)),
);
found.flood = answered.filter(({ status }) => status === "fulfilled").length;
console.log(JSON.stringify(found));
process.exit(0);
