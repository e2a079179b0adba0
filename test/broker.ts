import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { killWithParent } from "../scripts/board.ts";
import { freePort } from "../scripts/local-services.ts";
import { run } from "../scripts/process.ts";
import { connects } from "../services/shared/connects.ts";
import { selfSigned } from "./certificate.ts";
import { temporaryFolder } from "./folder.ts";
import { until } from "./network/until.ts";

/** A message as whoever listens hears it. */
export interface Heard {
  topic: string;
  payload: string;
  /** Whether it was there before he came. */
  retain: number;
}

/** Mosquitto, as Home Assistant brings it: user `ada` may say and hear everything, nobody else anything. */
export interface BrokerStand extends AsyncDisposable {
  port: number;
  /** Where it speaks TLS, with a certificate for localhost. */
  tlsPort: number;
  /** File in PEM: whom to trust. */
  certificate: string;
  password: string;
  /** Begins to listen to everything. @returns all that is heard from now on */
  listen(): Promise<Heard[]>;
}

/** Starts one; it ends with this process. */
export async function startBroker(): Promise<BrokerStand> {
  const folder = await temporaryFolder();
  const children: ReturnType<typeof spawn>[] = [];
  const start = (command: string, args: readonly string[]) => {
    const child = spawn("setpriv", [...killWithParent, command, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    return child;
  };
  const { key, certificate } = await selfSigned(folder.path, "DNS:localhost");
  const password = "a broker's password";
  const passwords = join(folder.path, "passwords");
  await run("mosquitto_passwd", ["-b", "-c", passwords, "ada", password]);
  const port = await freePort();
  const tlsPort = await freePort();
  const configuration = join(folder.path, "mosquitto.conf");
  await writeFile(
    configuration,
    [
      "user root",
      "allow_anonymous false",
      `password_file ${passwords}`,
      `listener ${port} 127.0.0.1`,
      `listener ${tlsPort} 127.0.0.1`,
      `certfile ${certificate}`,
      `keyfile ${key}`,
      "",
    ].join("\n"),
  );
  start("mosquitto", ["-c", configuration]);
  await until(
    "the broker listens",
    async () => await connects({ port, host: "127.0.0.1" }),
  );
  return {
    ...{ port, tlsPort, certificate, password },
    async listen() {
      const heard: Heard[] = [];
      const { stdout } = start("mosquitto_sub", [
        ...["-h", "127.0.0.1", "-p", String(port), "-u", "ada"],
        ...["-P", password, "-t", "#", "-q", "1", "-F", "%j"],
      ]);
      if (stdout)
        createInterface({ input: stdout }).on("line", (line) => {
          const message = JSON.parse(line);
          heard.push({ ...message, payload: message.payload ?? "" });
        });
      // What is sent before it is heard would be missed.
      await until("it is listened to", async () => {
        await run("mosquitto_pub", [
          ...["-h", "127.0.0.1", "-p", String(port), "-u", "ada"],
          ...["-P", password, "-t", "test", "-m", "1"],
        ]);
        return heard.some(({ topic }) => topic === "test");
      });
      return heard;
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) {
        child.kill();
        if (child.exitCode === null && child.signalCode === null)
          await once(child, "exit");
      }
      await folder[Symbol.asyncDispose]();
    },
  };
}
