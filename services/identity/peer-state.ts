import { type Static, Type } from "typebox";

const Base64 = Type.String({
  pattern: "^[A-Za-z0-9+/]*={0,2}$",
  maxLength: 256 * 1024,
});

/** What this node shows its peers: libp2p key (protobuf), device certificate, links and revocations (COSE), all in base64. */
export const PeerState = Type.Object({
  publicKey: Base64,
  kind: Type.Union([Type.Literal("sealed"), Type.Literal("tpm")]),
  certificate: Base64,
  links: Type.Array(Base64),
  revocations: Type.Array(Base64),
});
export type PeerState = Static<typeof PeerState>;
/** Bytes to sign or to unwrap, and the answer. */
export const SignQuestion = Type.Object({ bytes: Base64 });
