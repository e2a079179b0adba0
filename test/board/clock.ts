import type { ExecutionContext } from "ava";
import { until } from "../network/until.ts";
import type { Between } from "./between.ts";
import { step } from "./step.ts";

/** A name that DNSSEC says nothing of where no root servers are. */
const name = "time.example.net";

/** A server of the time (SNTP, RFC 5905), by this machine's clock: it gives back what it was sent last, and twice when it is. */
const program =
  'const socket = require("node:dgram").createSocket("udp4"); socket.on("message", (asked, { port, address }) => { const answer = Buffer.alloc(48); answer.set([0x24, 1, 6, 0xec]); asked.copy(answer, 24, 40, 48); const now = Date.now() / 1000 + 2208988800; for (const place of [16, 32, 40]) { answer.writeUInt32BE(Math.floor(now), place); answer.writeUInt32BE(Math.floor((now % 1) * 2 ** 32), place + 4); } socket.send(answer, port, address); }); socket.bind(123, "0.0.0.0")';

/** Has the clock set by a server whose name cannot be proved: proofs are dated, so that a box whose clock is wrong would have no other. */
export async function expectClock(
  t: ExecutionContext,
  { client, provider }: Between,
): Promise<void> {
  step(t, "a time server by its name, which nobody proves");
  provider.serve({}, process.execPath, "-e", program);
  const { settings } = await client.ok("GET", "/api/clock");
  await client.ok("PUT", "/api/clock", { ...settings, servers: [name] });
  await until("it sets the clock", async () => {
    const { set, server } = await client.ok("GET", "/api/clock");
    return set !== null && server === name;
  });
  await client.ok("PUT", "/api/clock", settings);
}
