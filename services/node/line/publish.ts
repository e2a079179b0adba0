import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { MqttClient } from "mqtt";
import { BadRequestError } from "../../shared/errors.ts";
import { isAtHome } from "../../shared/home-addresses.ts";
import { leastTls } from "../../shared/server.ts";
import type { Broker, Publication } from "./api.ts";
import { DeliveryError } from "./deliver.ts";

/** Milliseconds that a broker may take for all of it. */
const longest = 20_000;

/** Gives messages to a broker, and waits until it has them (MQTT 3.1.1, at least once). @throws DeliveryError, BadRequestError: unsafe where a password would leave the home without encryption */
export async function publish(
  { broker, messages }: Publication,
  signal: AbortSignal,
): Promise<void> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(longest)]);
  const { host, user, password } = broker;
  let client: MqttClient | undefined;
  try {
    // It is large: loaded where there is a broker.
    const mqtt = await import("mqtt");
    const socket = await open(broker, until);
    client = new mqtt.MqttClient(() => socket, {
      protocolVersion: 4,
      clientId: `coppice-${randomBytes(8).toString("hex")}`,
      reconnectPeriod: 0,
      connectTimeout: longest,
      ...(user === null ? {} : { username: user }),
      ...(password === null ? {} : { password }),
    });
    const { promise: greeted, resolve } = Promise.withResolvers<void>();
    const { promise: failed, reject } = Promise.withResolvers<never>();
    client.once("connect", () => resolve());
    const hungUp = (): void => reject(new Error("it hung up"));
    client.on("error", reject);
    client.on("close", hungUp);
    until.addEventListener("abort", () => reject(until.reason));
    await Promise.race([greeted, failed]);
    for (const { topic, text, kept } of messages)
      await Promise.race([
        client.publishAsync(topic, text, { qos: 1, retain: kept }),
        failed,
      ]);
    client.off("close", hungUp);
    await Promise.race([client.endAsync(), failed]);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BadRequestError) throw error;
    throw new DeliveryError(`${host} ${wordsFor(error)}`, error);
  } finally {
    client?.end(true);
  }
}

/** A way to a broker: with encryption, or to an address at home, or without a password. */
async function open(broker: Broker, signal: AbortSignal): Promise<Socket> {
  const { host, port, tls, password } = broker;
  const plain = connectTcp({ host, port, signal });
  // Whoever stops waiting hears no more of it, and an error that nobody hears ends the process.
  plain.on("error", () => {});
  await once(plain, "connect", { signal });
  if (tls) {
    const secure = connectTls({
      ...{ socket: plain, host, minVersion: leastTls },
      // An address is no name that could be asked for (RFC 6066).
      ...(isIP(host) ? {} : { servername: host }),
    });
    secure.on("error", () => {});
    await once(secure, "secureConnect", { signal });
    return secure;
  }
  if (password !== null && !isAtHome(plain.remoteAddress ?? "")) {
    plain.destroy();
    throw new BadRequestError(
      "Without encryption anybody on the way reads the password. Choose encryption, or a broker at home.",
      "unsafe",
    );
  }
  return plain;
}

function wordsFor(error: unknown): string {
  const { code, name, message } = error as {
    code?: string | number;
    name: string;
    message: string;
  };
  // Return codes of CONNACK (MQTT 3.1.1, 3.2.2.3).
  if (code === 4 || code === 5)
    return "does not take this user and password, or lets it say nothing.";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return "is not found. Check its name.";
  if (name === "TimeoutError" || name === "AbortError" || code === "ETIMEDOUT")
    return "does not answer. Check its name, port and encryption.";
  return `cannot be reached, or shows a certificate that is not trusted (${message.slice(0, 200)}). Check its name, port and encryption.`;
}
