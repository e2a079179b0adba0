import { spawn } from "node-pty";
import type { WebSocket } from "ws";

/** The shell of the owner: outside this service's sandbox, in a unit of its own that ends with the connection. */
const shell = [
  "systemd-run",
  [
    "--quiet",
    "--collect",
    "--pty",
    "--service-type=exec",
    "--setenv=TERM=xterm-256color",
    "--setenv=HOME=/root",
    "--setenv=LANG=C.UTF-8",
    "--working-directory=/",
    "--description=Owner's terminal",
    "/bin/bash",
    "--login",
  ],
] as const;
const resizeMark = "\u0001";

/** Connects a WebSocket to a shell: text is input, `\u0001<columns>x<rows>` sets the size, what comes back is output. */
export function serveTerminal(
  socket: WebSocket,
  command: readonly [string, readonly string[]] = shell,
): void {
  const terminal = spawn(command[0], [...command[1]], {
    name: "xterm-256color",
    cols: 80,
    rows: 24,
    cwd: "/",
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      TERM: "xterm-256color",
      LANG: "C.UTF-8",
    },
  });
  terminal.onData((data) => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(data);
    // A browser that cannot keep up must not fill our memory.
    if (socket.bufferedAmount > 2 ** 20) {
      terminal.pause();
      const timer = setInterval(() => {
        if (socket.bufferedAmount > 2 ** 16) return;
        clearInterval(timer);
        terminal.resume();
      }, 50);
    }
  });
  terminal.onExit(() => socket.close(1000, "the shell ended"));
  socket.on("message", (data) => {
    const text = String(data);
    const size = text.startsWith(resizeMark)
      ? /^(\d{1,4})x(\d{1,4})$/.exec(text.slice(1))
      : null;
    if (size)
      terminal.resize(
        Math.max(1, Number(size[1])),
        Math.max(1, Number(size[2])),
      );
    else terminal.write(text);
  });
  socket.on("close", () => terminal.kill());
  socket.on("error", () => terminal.kill());
}
