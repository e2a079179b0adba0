import { type Static, Type } from "typebox";
import { Bytes } from "../shared/cbor.ts";
import { Report } from "./attest/report.ts";

const Base64 = Type.String({
  pattern: "^[A-Za-z0-9+/]*={0,2}$",
  maxLength: 256 * 1024,
});

/** What this node shows its peers: libp2p key (protobuf), device certificate, node key (SubjectPublicKeyInfo), links and revocations (COSE), all in base64. */
export const PeerState = Type.Object({
  publicKey: Base64,
  kind: Type.Union([Type.Literal("sealed"), Type.Literal("tpm")]),
  certificate: Base64,
  node: Base64,
  links: Type.Array(Base64),
  revocations: Type.Array(Base64),
});
export type PeerState = Static<typeof PeerState>;
/** What must be in a cap for the node key to sign it: that this node issues it. */
export const NodeCap = Type.Object({
  type: Type.Literal("coppice cap 1"),
  issuer: Bytes(32),
});
/** What must be in a contract for the node key to sign it: that this node is one of its two. */
export const NodeContract = Type.Object({
  type: Type.Union([
    Type.Literal("coppice contract 1"),
    Type.Literal("coppice contract ending 1"),
  ]),
  provider: Bytes(32),
  consumer: Bytes(32),
});
/** A verification with the time it was made. */
export const TimedReport = Type.Intersect([
  Report,
  Type.Object({
    time: Type.Integer({ description: "milliseconds since 1970" }),
  }),
]);
export type TimedReport = Static<typeof TimedReport>;

/** Bytes in an answer or a question. */
export const Blob = Type.Object({
  bytes: Type.String({
    pattern: "^[A-Za-z0-9+/]*={0,2}$",
    maxLength: 4 * 2 ** 20,
  }),
});
/** Bytes to sign or to unwrap, and the answer. */
export const SignQuestion = Type.Object({ bytes: Base64 });
