/** The line's past, of this machine's own loopback. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import { LineHistory } from "../../../services/host/network/line-history.ts";
import { temporaryFolder } from "../../folder.ts";

/** Sends a megabyte over the loopback. */
async function send(): Promise<void> {
  const server = createServer((socket) => socket.resume());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  socket.end(Buffer.alloc(2 ** 20));
  await once(socket, "close");
  server.close();
}

test("what goes over the line is taken down, and is there after a restart", async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "line.json");
  let uplink = "lo";
  {
    await using line = await LineHistory.open(file, () => uplink);
    await line.sample();
    await send();
    await line.sample();
    uplink = "nothing0";
    await line.sample();
    uplink = "lo";
    await line.sample();
    t.is(line.minutes.length, 4);
    const [first, second, third, fourth] = line.minutes;
    t.is(first?.received, 0, "nothing is known of before");
    t.true((second?.received ?? 0) > 2 ** 20);
    t.true((second?.sent ?? 0) > 2 ** 20);
    t.like(third, { up: false, received: 0, sent: 0 });
    t.is(fourth?.received, 0, "another interface counts by itself");
  }
  {
    await using line = await LineHistory.open(file, () => uplink);
    t.is(line.minutes.length, 4);
  }
  await writeFile(
    file,
    JSON.stringify(
      Array.from({ length: 1440 }, (_, at) => ({
        ...{ at, up: true, received: 1, sent: 1 },
      })),
    ),
  );
  {
    await using line = await LineHistory.open(file, () => uplink);
    await line.sample();
    t.is(line.minutes.length, 1440, "a day, and no more");
    t.is(line.minutes[0]?.at, 1);
  }
  await writeFile(file, "{");
  await using line = await LineHistory.open(file, () => uplink);
  t.deepEqual(line.minutes, []);
});
