import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { inside } from "../../test/namespaces.ts";
import { until } from "../../test/network/until.ts";
import {
  befriend,
  type Home,
  type HomeOptions,
  Village,
} from "../../test/network/village.ts";
import { run } from "../process.ts";
import { printFigure } from "./figure.ts";
import { scratch } from "./measure.ts";

const mebibyte = 2 ** 20;
const friends = 6;
const stream = join(import.meta.dirname, "tls-stream.ts");
const tlsPort = 4999;
const idleSeconds = 60;

/** Friends' boxes beside a plain TLS stream, the link, and silence. Needs root (network namespaces). */
export async function benchPeer(): Promise<void> {
  {
    await using village = await Village.create();
    const [ada, others] = await gather(village);
    const plain = await plainTls(village, ada, 1024 * mebibyte);
    const rate = await upload(ada, 512 * mebibyte);
    printFigure({
      name: `upload to ${friends} friends, fragment bytes`,
      value: rate / mebibyte,
      unit: "MiB/s",
      versus: `one node:tls stream (TLS 1.3, ChaCha20-Poly1305) in the same namespaces, ${Math.round(plain / mebibyte)} MiB/s`,
      ratio: rate / plain,
      bar: ">= 0.6",
    });
    const before = await traffic(ada);
    await sleep(idleSeconds * 1000);
    const idle = ((await traffic(ada)) - before) / idleSeconds / others.length;
    printFigure({
      name: "idle traffic for each friend, both directions",
      value: idle,
      unit: "B/s",
      versus: "1 kB/s",
      ratio: idle / 1000,
      bar: "<= 1",
    });
  }
  {
    await using village = await Village.create();
    const link = 12_500_000;
    const [ada] = await gather(village, {
      rate: 100,
      line: { delay: 20, loss: 0 },
    });
    const rate = await upload(ada, 256 * mebibyte);
    printFigure({
      name: "upload over a 100 Mbit/s line, fragment bytes",
      value: rate / mebibyte,
      unit: "MiB/s",
      versus:
        "the line (100 Mbit/s by tbf, 40 ms there and back by wirefilter)",
      ratio: rate / link,
      bar: ">= 0.9",
    });
  }
}

/** A home and its friends. */
async function gather(
  village: Village,
  options: HomeOptions = {},
): Promise<[Home, Home[]]> {
  const ada = await village.home("ada", options);
  const others: Home[] = [];
  for (let number = 0; number < friends; number++) {
    const friend = await village.home(`friend${number}`);
    await befriend(ada, friend, 20e9);
    others.push(friend);
  }
  return [ada, others];
}

/** Bytes of fragments a second, from the first that is sent to the last that is signed for. */
async function upload(ada: Home, size: number): Promise<number> {
  const sentBefore = (await ada.state()).line.sent;
  await ada.tree.write(
    { parent: "/", name: "large", layout: "sequential" },
    Readable.from(chunks(size)),
    size,
  );
  await until("something is sent", async () => {
    return (await ada.state()).line.sent > sentBefore + mebibyte;
  });
  const started = performance.now();
  await until(
    "all is sent",
    async () => {
      const { progress, protection } = await ada.state();
      return progress.current && protection.every((one) => one.waiting === 0);
    },
    1200,
  );
  const sent = (await ada.state()).line.sent - sentBefore - mebibyte;
  return sent / ((performance.now() - started) / 1000);
}

function* chunks(size: number): Generator<Buffer> {
  const chunk = randomBytes(mebibyte);
  for (let at = 0; at < size; at += chunk.length)
    yield chunk.subarray(0, Math.min(chunk.length, size - at));
}

/** Bytes that went over a home's line, both ways. */
async function traffic({ namespace }: Home): Promise<number> {
  const text = await inside(
    namespace,
    "sh",
    "-c",
    "cat /sys/class/net/wan0/statistics/rx_bytes /sys/class/net/wan0/statistics/tx_bytes",
  );
  return text
    .trim()
    .split("\n")
    .reduce((sum, line) => sum + Number(line), 0);
}

/** Bytes a second of a plain stream between two places of the village. */
async function plainTls(
  village: Village,
  ada: Home,
  size: number,
): Promise<number> {
  await using folder = await scratch();
  const [key, cert] = [join(folder.path, "key"), join(folder.path, "cert")];
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...["-nodes", "-subj", "/CN=bench", "-keyout", key, "-out", cert],
  ]);
  const { namespace, address } = await village.place("plain");
  const server = spawn(
    "ip",
    [
      ...["netns", "exec", namespace, process.execPath],
      ...["--disable-warning=ExperimentalWarning", stream],
      ...["serve", String(tlsPort), key, cert],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(server.stdout, "data");
  try {
    const seconds = await inside(
      ada.namespace,
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      stream,
      ...["send", address, String(tlsPort), String(size)],
    );
    return size / Number(seconds);
  } finally {
    server.kill("SIGKILL");
  }
}
