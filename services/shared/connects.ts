import { once } from "node:events";
import { connect, type NetConnectOpts } from "node:net";

/** Whether somebody listens there: a socket that a killed process left is there, and refuses. */
export async function connects(to: NetConnectOpts): Promise<boolean> {
  const socket = connect(to);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
