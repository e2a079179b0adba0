/** A plain TLS 1.3 stream (ChaCha20-Poly1305): `serve PORT KEY CERT` counts what comes; `send HOST PORT BYTES` sends, and prints seconds. */
import { readFile } from "node:fs/promises";
import { connect, createServer } from "node:tls";

const [act = "", ...args] = process.argv.slice(2);
const suite = {
  minVersion: "TLSv1.3",
  ciphers: "TLS_CHACHA20_POLY1305_SHA256",
} as const;
if (act === "serve") {
  const [port, key = "", cert = ""] = args;
  createServer(
    { ...suite, key: await readFile(key), cert: await readFile(cert) },
    (socket) => {
      let left = -1;
      socket.on("data", (bytes: Buffer) => {
        if (left < 0) {
          left = Number(bytes.readBigUInt64BE());
          left -= bytes.length - 8;
        } else left -= bytes.length;
        if (left === 0) socket.end("done");
      });
      socket.on("error", () => {});
    },
  ).listen(Number(port), () => console.log("listening"));
} else {
  const [host = "", port, bytes] = args;
  const total = Number(bytes);
  const socket = connect({
    ...suite,
    host,
    port: Number(port),
    rejectUnauthorized: false,
  });
  socket.once("secureConnect", async () => {
    const started = performance.now();
    const head = Buffer.alloc(8);
    head.writeBigUInt64BE(BigInt(total));
    socket.write(head);
    const chunk = Buffer.alloc(128 * 1024, 7);
    for (let sent = 0; sent < total; sent += chunk.length) {
      const piece = chunk.subarray(0, Math.min(chunk.length, total - sent));
      if (!socket.write(piece))
        await new Promise((resolve) => socket.once("drain", resolve));
    }
    socket.once("data", () => {
      console.log((performance.now() - started) / 1000);
      process.exit();
    });
  });
}
