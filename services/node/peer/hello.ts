/** The first words on each stream: who speaks, proved by the device certificate, and whose box it is, by the owner's word. */
import { publicKeyToProtobuf } from "@libp2p/crypto/keys";
import type { Connection } from "@libp2p/interface";
import { type Static, Type } from "typebox";
import { loadVerification } from "../../identity/client.ts";
import type { PeerState } from "../../identity/peer-client.ts";
import { Bytes, CborError, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { CoppiceError } from "../../shared/errors.ts";
import { ClockError, StrangerError } from "./errors.ts";
import type { Frames } from "./frames.ts";
import { openStatement } from "./statement.ts";

/** Bytes of a hello at most: nobody is known yet. */
export const largestHello = 64 * 1024;
const patience = 20_000;
const day = 86_400_000;

const Hello = Type.Object(
  {
    type: Type.Literal("coppice hello 1"),
    certificate: Bytes(1, 4096),
    links: Type.Array(Bytes(1, 4096), { maxItems: 64 }),
    revocations: Type.Array(Bytes(1, 4096), { maxItems: 64 }),
    statement: Bytes(1, 2048),
    name: Type.String({ minLength: 1, maxLength: 64 }),
    addresses: Type.Array(Type.String({ maxLength: 256 }), { maxItems: 32 }),
    /** Milliseconds since 1970. */
    time: Type.Integer({ minimum: 0, maximum: 2 ** 48 }),
    /** Which invitation brings somebody here, and the proof of its secret. */
    invitation: Type.Optional(Bytes(8)),
    proof: Type.Optional(Bytes(32)),
  },
  { additionalProperties: false },
);
export type Hello = Static<typeof Hello>;

const Refusal = Type.Object(
  {
    type: Type.Literal("coppice refusal 1"),
    reason: Type.String({ maxLength: 500 }),
  },
  { additionalProperties: false },
);

/** What this box says of itself. */
export interface Self {
  state: PeerState;
  statement: Buffer;
  name: string;
  addresses: readonly string[];
}

/** Somebody whose hello was checked: the connection is that box's, and the box that owner's. */
export interface Visitor {
  hello: Hello;
  owner: Buffer;
  node: Buffer;
  /** SubjectPublicKeyInfo of the node key. */
  key: Buffer;
  stated: number;
  /** libp2p public key, protobuf. */
  peerKey: Buffer;
  peer: string;
}

/** Says who this is. */
export async function sayHello(
  frames: Frames,
  { state, statement, name, addresses }: Self,
  invitation: { invitation?: Buffer; proof?: Buffer },
  signal: AbortSignal,
): Promise<void> {
  const bytes = (base64: string): Buffer => Buffer.from(base64, "base64");
  const hello: Hello = {
    type: "coppice hello 1",
    certificate: bytes(state.certificate),
    links: state.links.map(bytes).slice(-64),
    revocations: state.revocations.map(bytes).slice(-64),
    statement,
    name: name.slice(0, 64) || "box",
    addresses: addresses.slice(0, 32),
    time: Date.now(),
    ...invitation,
  };
  await frames.send(encodeCbor(hello), signal);
}

/** Says why nothing comes of it. */
export async function refuse(
  frames: Frames,
  error: CoppiceError,
  signal: AbortSignal,
): Promise<void> {
  await frames.send(
    encodeCbor({
      type: "coppice refusal 1",
      reason: error.message.slice(0, 500),
    }),
    signal,
  );
}

/** Hears who the other one is. @throws StrangerError, LateError, WireProtocolError */
export async function hearHello(
  frames: Frames,
  connection: Connection,
): Promise<Visitor> {
  const bytes = await frames.nextWithin(patience);
  const hello = readHello(bytes);
  const { remotePeer } = connection;
  if (!remotePeer.publicKey)
    throw new StrangerError("The connection does not tell the peer's key.");
  const peerKey = Buffer.from(publicKeyToProtobuf(remotePeer.publicKey));
  const { owner, node, at } = opened(hello);
  const { verifyDeviceCertificate } = await loadVerification();
  const { accepted, checks, certificate } = verifyDeviceCertificate(
    hello.certificate,
    {
      peer: peerKey,
      node,
      revocations: hello.revocations,
      links: hello.links,
      now: Math.floor(Date.now() / 1000),
    },
  );
  if (!accepted || !certificate) {
    const failed = checks.find(({ result }) => result === "failed");
    const drift = Math.abs(Date.now() - hello.time);
    if (drift > day) throw new ClockError(Math.round(drift / day));
    throw new StrangerError(
      `The device certificate is not accepted: ${failed?.name}: ${failed?.evidence}.`,
    );
  }
  return {
    hello,
    owner,
    node,
    key: Buffer.from(certificate.node),
    stated: at,
    peerKey,
    peer: remotePeer.toString(),
  };
}

function readHello(bytes: Buffer): Hello {
  try {
    return parseCbor(Hello, bytes, "a hello");
  } catch (error) {
    let reason: string | undefined;
    try {
      ({ reason } = parseCbor(Refusal, bytes, "a refusal"));
    } catch (other) {
      if (!(other instanceof CborError)) throw other;
    }
    if (reason !== undefined) throw new StrangerError(reason);
    throw error;
  }
}

function opened(hello: Hello): ReturnType<typeof openStatement> {
  try {
    return openStatement(hello.statement);
  } catch (error) {
    if (error instanceof CoppiceError)
      throw new StrangerError(
        "The owner's word for this box is not signed as it must be.",
      );
    throw error;
  }
}
