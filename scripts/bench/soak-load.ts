/** What a household of a thousand devices does, from one computer: `leases N`, `flows N SERVER PORT,... OWN...`, or `names SECONDS SERVER`. Prints how much of it was answered. */
import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const [kind = "", amount = "0", server = "", port = "", ...own] =
  process.argv.slice(2);
const count = Number(amount);
/** Runs an act so many times, so many of them at once; resolves to how many were answered. */
async function times(
  total: number,
  atOnce: number,
  act: (index: number) => Promise<boolean>,
): Promise<number> {
  let next = 0;
  let answered = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < total) if (await act(next++)) answered++;
    }),
  );
  return answered;
}

/** DHCP (RFC 2131): a question of a device with a hardware address of its own. @param kind 1 DISCOVER, 3 REQUEST */
function question(
  kind: 1 | 3,
  xid: Buffer,
  hardware: Buffer,
  offered?: { address: Buffer; server: Buffer },
): Buffer {
  const head = Buffer.alloc(240);
  head.set([1, 1, 6, 0]);
  head.set(xid, 4);
  // Answers come as broadcasts: nobody has this address yet.
  head[10] = 0x80;
  head.set(hardware, 28);
  head.writeUInt32BE(0x63825363, 236);
  return Buffer.concat([
    head,
    Buffer.from([53, 1, kind]),
    ...(offered
      ? [
          Buffer.from([50, 4, ...offered.address]),
          Buffer.from([54, 4, ...offered.server]),
        ]
      : []),
    Buffer.from([255]),
  ]);
}

function option(message: Buffer, wanted: number): Buffer | undefined {
  for (let at = 240; at + 1 < message.length; ) {
    const code = message[at] as number;
    const length = message[at + 1] as number;
    if (code === wanted) return message.subarray(at + 2, at + 2 + length);
    at += code === 0 ? 1 : length + 2;
  }
  return undefined;
}

/** Milliseconds in which a device wants to have an address. */
const patience = 300_000;

async function leases(): Promise<number> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  socket.bind(68);
  await once(socket, "listening");
  socket.setBroadcast(true);
  const waiting = new Map<string, (message: Buffer) => void>();
  // Of a question that was repeated the second answer may come late: it is told apart by its kind.
  const keyOf = (xid: string, offered: boolean): string => `${xid} ${offered}`;
  socket.on("message", (message) =>
    waiting.get(
      keyOf(message.toString("hex", 4, 8), option(message, 53)?.[0] === 2),
    )?.(message),
  );
  const ask = async (
    message: Buffer,
    xid: Buffer,
  ): Promise<Buffer | undefined> => {
    const key = keyOf(xid.toString("hex"), option(message, 53)?.[0] === 1);
    // As patient as a computer; dnsmasq looks first whether somebody has an address already.
    for (let tries = 0; tries < 20; tries++) {
      const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
      waiting.set(key, resolve);
      socket.send(message, 67, "255.255.255.255");
      const answer = await Promise.race([promise, sleep(4000)]);
      waiting.delete(key);
      if (answer) return answer;
    }
    return undefined;
  };
  const answered = await times(count, 50, async (index) => {
    const hardware = Buffer.from([2, 0, 0, 0, index >> 8, index & 255]);
    const ends = performance.now() + patience;
    // An address may be offered to many at once, of whom all but one are refused, and begin anew as any computer does.
    while (performance.now() < ends) {
      const xid = randomBytes(4);
      const offer = await ask(question(1, xid, hardware), xid);
      const from = offer && option(offer, 54);
      if (!offer || !from) return false;
      const answer = await ask(
        question(3, xid, hardware, {
          address: offer.subarray(16, 20),
          server: from,
        }),
        xid,
      );
      // 5: ACK
      if (answer && option(answer, 53)?.[0] === 5) return true;
    }
    return false;
  });
  socket.close();
  return answered;
}

/** A datagram there and back from each of many ports and addresses. */
async function flows(): Promise<number> {
  const ports = Math.ceil(count / own.length);
  const to = port.split(",").map(Number);
  return await times(count, 500, async (index) => {
    const socket: Socket = createSocket("udp4");
    try {
      socket.bind(2000 + (index % ports), own[Math.floor(index / ports)]);
      await once(socket, "listening");
      const answer = once(socket, "message");
      // What a busy box lost is sent again.
      for (let tries = 0; tries < 10; tries++) {
        socket.send("x", to[index % to.length], server);
        if (await Promise.race([answer, sleep(2000)])) return true;
      }
      return false;
    } catch {
      return false;
    } finally {
      socket.close();
    }
  });
}

/** Names for so many seconds. @returns answers */
async function names(): Promise<number> {
  const socket = createSocket("udp4");
  socket.connect(53, server);
  await once(socket, "connect");
  const ends = performance.now() + count * 1000;
  const waiting = new Map<number, () => void>();
  socket.on("message", (message) => waiting.get(message.readUInt16BE())?.());
  let id = 0;
  let answered = 0;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      while (performance.now() < ends) {
        const own = id++ & 0xffff;
        const { promise, resolve } = Promise.withResolvers<true>();
        waiting.set(own, () => resolve(true));
        const head = Buffer.from([own >> 8, own & 255, 1, 0, 0, 1]);
        const labels = ["coppice", "home", "arpa"].map((label) =>
          Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]),
        );
        socket.send(
          Buffer.concat([
            head,
            Buffer.alloc(6),
            ...labels,
            Buffer.from([0, 0, 1, 0, 1]),
          ]),
        );
        if (await Promise.race([promise, sleep(2000)])) answered++;
        waiting.delete(own);
      }
    }),
  );
  socket.close();
  return answered;
}

console.log(
  kind === "leases"
    ? await leases()
    : kind === "flows"
      ? await flows()
      : await names(),
);
