/** Carries connections from a socket in the file system to a place on this computer's network: `node relay.ts SOCKET HOST PORT`. */
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream/promises";

const [, , socket = "", host = "", port = ""] = process.argv;
createServer((near) => {
  const far = connect(Number(port), host);
  pipeline(near, far, near).catch(() => {
    near.destroy();
    far.destroy();
  });
}).listen(socket, () => console.log("listening"));
