/** Invitations: an address and a secret for one friend, as words for the telephone or as text for a QR code. */
import {
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { isIPv4, isIPv6, SocketAddress } from "node:net";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { Type } from "typebox";
import { Bytes, CborError, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { InvitationError } from "./errors.ts";

const secretBytes = 9;
const bitsPerWord = 11;
const wordsFor4 = 12;
const wordsFor6 = 21;
const scheme = "coppice-invite:";

/** What whoever was invited needs. */
export interface Invitation {
  /** 9 bytes, for one use. */
  secret: Buffer;
  /** Where the inviting box is. */
  addresses: string[];
}

const Text = Type.Tuple([
  Type.Literal(1),
  Bytes(secretBytes),
  Type.Array(Type.String({ maxLength: 256 }), { minItems: 1, maxItems: 16 }),
]);

/** Draws an invitation's secret: 72 bits, since whoever stands in between could try offline for as long as it is good. */
export function drawSecret(): Buffer {
  return randomBytes(secretBytes);
}

/** Names an invitation without telling its secret. @returns 8 bytes */
export function invitationId(secret: Uint8Array): Buffer {
  return createHash("sha256")
    .update("coppice invitation")
    .update(secret)
    .digest()
    .subarray(0, 8);
}

/**
 * Proves knowledge of the secret on the connection of these two: whoever stands in between has another peer id.
 * @param role who proves. @param joiner libp2p public key of whoever was invited, protobuf. @param inviter the same of the other.
 */
export function proveInvitation(
  secret: Uint8Array,
  role: "joiner" | "inviter",
  joiner: Uint8Array,
  inviter: Uint8Array,
): Buffer {
  const hash = (key: Uint8Array): Buffer =>
    createHash("sha256").update(key).digest();
  return createHmac("sha256", secret)
    .update(`coppice join 1 ${role}`)
    .update(hash(joiner))
    .update(hash(inviter))
    .digest();
}

/** Whether a proof is the expected one, in constant time. */
export function isProof(proof: Uint8Array, expected: Buffer): boolean {
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}

/** The text for a QR code, or to be sent. */
export function invitationText({ secret, addresses }: Invitation): string {
  return scheme + encodeCbor([1, secret, addresses]).toString("base64url");
}

/**
 * The words for the telephone: 12 for an IPv4 address, 21 for an IPv6 one; `undefined` where no address is of either kind.
 * A bit for the kind, the address, the port, the secret, 11 bits to find a wrong word.
 */
export function invitationWords({
  secret,
  addresses,
}: Invitation): string | undefined {
  const found = addresses
    .map(hostOf)
    .filter((one) => one !== undefined)
    .sort((a, b) => Number(isIPv6(a.host)) - Number(isIPv6(b.host)))[0];
  if (!found) return undefined;
  const { host, port } = found;
  const six = isIPv6(host);
  const body = Buffer.concat([
    addressBytes(host),
    Buffer.from([port >> 8, port & 255]),
    secret,
  ]);
  const words = six ? wordsFor6 : wordsFor4;
  const payload = (six ? 1n : 0n) << BigInt(body.length * 8);
  const value = payload | BigInt(`0x${body.toString("hex")}`);
  let bits = (value << BigInt(bitsPerWord)) | BigInt(checksum(value));
  const list: string[] = [];
  for (let index = 0; index < words; index++) {
    list.unshift(wordlist[Number(bits & 2047n)] as string);
    bits >>= BigInt(bitsPerWord);
  }
  return list.join(" ");
}

/** Reads an invitation, as words or as text. @throws InvitationError */
export function readInvitation(typed: string): Invitation {
  const text = typed.trim();
  return text.toLowerCase().startsWith(scheme)
    ? readText(text.slice(scheme.length))
    : readWords(text);
}

function readText(base64: string): Invitation {
  try {
    const [, secret, addresses] = parseCbor(
      Text,
      Buffer.from(base64, "base64url"),
      "an invitation",
    );
    return {
      secret: Buffer.from(secret),
      addresses: addresses.map((one) => readAddress(one).toString()),
    };
  } catch (error) {
    if (error instanceof CborError || error instanceof InvitationError)
      throw new InvitationError(
        "This invitation was damaged on the way. Copy it again, whole.",
      );
    throw error;
  }
}

function readWords(text: string): Invitation {
  const words = text.toLowerCase().split(/[\s,]+/);
  const unknown = words.find((word) => !wordlist.includes(word));
  if (unknown !== undefined)
    throw new InvitationError(
      `"${unknown.slice(0, 40)}" is no word of an invitation. Ask your friend to read it again.`,
      "unknown-word",
    );
  if (words.length !== wordsFor4 && words.length !== wordsFor6)
    throw new InvitationError(
      `An invitation has ${wordsFor4} or ${wordsFor6} words; these are ${words.length}.`,
    );
  let bits = 0n;
  for (const word of words)
    bits = (bits << BigInt(bitsPerWord)) | BigInt(wordlist.indexOf(word));
  const six = words.length === wordsFor6;
  const value = bits >> BigInt(bitsPerWord);
  const length = (six ? 16 : 4) + 2 + secretBytes;
  const kind = value >> BigInt(length * 8);
  if (Number(bits & 2047n) !== checksum(value) || kind !== (six ? 1n : 0n))
    throw new InvitationError(
      "One of the words is not right, or two are in the wrong order. Ask your friend to read them again.",
      "wrong-word",
    );
  const hex = (value & ((1n << BigInt(length * 8)) - 1n)).toString(16);
  const body = Buffer.from(hex.padStart(length * 2, "0"), "hex");
  const host = addressText(body.subarray(0, six ? 16 : 4));
  const port = body.readUInt16BE(six ? 16 : 4);
  return {
    secret: body.subarray(-secretBytes),
    addresses: [`/ip${six ? 6 : 4}/${host}/tcp/${port}`],
  };
}

/** An address as libp2p writes it, or `host:port`. @throws InvitationError */
export function readAddress(text: string): Multiaddr {
  try {
    if (text.startsWith("/")) return multiaddr(text);
    const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text.trim());
    if (!match) throw new TypeError("no host and port");
    const [, host = "", port = ""] = match;
    const kind = isIPv4(host) ? "ip4" : isIPv6(host) ? "ip6" : "dns";
    return multiaddr(`/${kind}/${host}/tcp/${port}`);
  } catch {
    throw new InvitationError(
      "This is no address of a box. It looks like 203.0.113.7:4471, or /ip4/203.0.113.7/tcp/4471.",
      "bad-address",
    );
  }
}

function hostOf(address: string): { host: string; port: number } | undefined {
  const match = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)(\/p2p\/[^/]+)?$/.exec(address);
  return match
    ? { host: match[1] as string, port: Number(match[2]) }
    : undefined;
}

/** 11 bits of a SHA-256. */
function checksum(value: bigint): number {
  const digest = createHash("sha256")
    .update(`coppice invitation words ${value}`)
    .digest();
  return digest.readUInt16BE() & 2047;
}

function addressBytes(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from(host.split(".").map(Number));
  const { address } = new SocketAddress({ address: host, family: "ipv6" });
  const [head = "", tail] = address.split("::");
  const groups = (text: string): number[] =>
    text === ""
      ? []
      : text.split(":").map((group) => Number.parseInt(group, 16));
  const left = groups(head);
  const right = groups(tail ?? "");
  const middle = new Array<number>(8 - left.length - right.length).fill(0);
  const bytes = Buffer.alloc(16);
  [...left, ...middle, ...right].forEach((group, index) => {
    bytes.writeUInt16BE(group, index * 2);
  });
  return bytes;
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    bytes.readUInt16BE(index * 2).toString(16),
  );
  return new SocketAddress({ address: groups.join(":"), family: "ipv6" })
    .address;
}
