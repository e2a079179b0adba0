/** Publishes to a broker of its own at the address that it is told, and prints whether that heard a byte, and what was answered. */
import { once } from "node:events";
import { createServer } from "node:net";
import { publish } from "../../../services/node/line/publish.ts";

const [, , host = "", password] = process.argv;
let heard = false;
const server = createServer((socket) => {
  socket.on("data", () => {
    heard = true;
    socket.destroy();
  });
  socket.on("error", () => {});
}).listen(1883, host);
await once(server, "listening");
const answer = await publish(
  {
    broker: {
      ...{ host, port: 1883, tls: false },
      ...{ user: "ada", password: password ?? null },
    },
    messages: [{ topic: "here", text: "1", kept: false }],
  },
  new AbortController().signal,
).catch((error) => error);
server.close();
console.log(JSON.stringify({ heard, type: answer.type }));
