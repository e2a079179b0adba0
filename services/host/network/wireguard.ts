import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { chmod, chown, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { writeDurable } from "../../shared/durable.ts";
import { hasCode } from "../../shared/errors.ts";
import { addressOf, type Vpn } from "./document.ts";

/** A WireGuard key pair, each half 32 bytes in base64 as wg(8) writes them. */
export interface WireGuardKey {
  privateKey: string;
  publicKey: string;
}

/** Where systemd-networkd finds the box's own key. */
export const keyFile = "/var/lib/coppice/wireguard/private-key";
/** Whom systemd-networkd runs as. */
const reader = "systemd-network";

/** Draws a key pair: X25519 (RFC 7748). */
export function drawKey(): WireGuardKey {
  return textOf(generateKeyPairSync("x25519").privateKey);
}

/** The box's own key where it has one. @param file its path */
export async function knownKey(
  file: string,
): Promise<WireGuardKey | undefined> {
  try {
    return keyOf(await readFile(file, "utf8"));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Takes a key as the box's own, which systemd-networkd may read. @param file its path. @param privateKey 32 bytes in base64 */
export async function takeKey(
  file: string,
  privateKey: string,
): Promise<WireGuardKey> {
  const key = keyOf(privateKey);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeDurable(file, `${key.privateKey}\n`);
  const group = await groupOf(reader);
  if (group !== undefined) {
    await chown(file, 0, group);
    await chmod(file, 0o640);
  }
  return key;
}

/** The box's own key, made when it is first asked for; systemd-networkd may read it. @param file its path */
export async function ownKey(file: string): Promise<WireGuardKey> {
  return (await knownKey(file)) ?? (await takeKey(file, drawKey().privateKey));
}

function keyOf(base64: string): WireGuardKey {
  // RFC 8410: what stands before the 32 bytes.
  const head = Buffer.from("302e020100300506032b656e04220420", "hex");
  return textOf(
    createPrivateKey({
      key: Buffer.concat([head, Buffer.from(base64, "base64")]),
      format: "der",
      type: "pkcs8",
    }),
  );
}

function textOf(key: KeyObject): WireGuardKey {
  const base64 = (half: KeyObject, name: "d" | "x"): string =>
    Buffer.from(
      half.export({ format: "jwk" })[name] ?? "",
      "base64url",
    ).toString("base64");
  return {
    privateKey: base64(key, "d"),
    publicKey: base64(createPublicKey(key), "x"),
  };
}

/** A group's number; undefined where this machine has none of this name. */
async function groupOf(name: string): Promise<number | undefined> {
  const groups = await readFile("/etc/group", "utf8");
  const number = new RegExp(`^${name}:[^:]*:(\\d+):`, "m").exec(groups)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** What a phone's WireGuard takes, as a file or behind a QR code (wg-quick(8)). @param phone its own key @param box public key */
export function phoneConfiguration(
  vpn: Vpn,
  address: string,
  phone: WireGuardKey,
  box: string,
): string {
  return [
    "[Interface]",
    `PrivateKey = ${phone.privateKey}`,
    `Address = ${address}/32`,
    `DNS = ${addressOf(vpn)}`,
    "",
    "[Peer]",
    `PublicKey = ${box}`,
    `Endpoint = ${vpn.endpoint}:${vpn.port}`,
    // All goes home, so that a foreign network sees nothing; IPv6 too, which then goes nowhere.
    "AllowedIPs = 0.0.0.0/0, ::/0",
    "PersistentKeepalive = 25",
    "",
  ].join("\n");
}
