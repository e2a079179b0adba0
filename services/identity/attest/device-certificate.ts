/** The device certificate: the node key vouches for the libp2p key for 30 days. COSE_Sign1 over CBOR. */
import {
  createHash,
  createPublicKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import {
  type CoseSigner,
  openCose,
  readCosePayload,
  signCose,
} from "../../shared/cose.ts";
import { principalOf } from "../../shared/principal.ts";
import { type Check, Checks, short } from "./check.ts";
import { followLinks } from "./key-link.ts";

const Seconds = Type.Integer({ minimum: 0, maximum: 2 ** 40 });

/** What a device certificate says. */
export const DeviceCertificate = Type.Object(
  {
    type: Type.Literal("coppice device certificate 1"),
    serial: Bytes(16),
    /** The libp2p public key, as libp2p's protobuf. */
    peer: Bytes(1, 1024),
    /** SubjectPublicKeyInfo of the node key. */
    node: Bytes(1, 1024),
    /** The TPM's reset counter. */
    boot: Type.Integer({ minimum: 0 }),
    /** SHA-256 of the TPMS_ATTEST of a quote made at issue. */
    quote: Bytes(32),
    /** Seconds since 1970. */
    issued: Seconds,
    expires: Seconds,
  },
  { additionalProperties: false },
);
export type DeviceCertificate = Static<typeof DeviceCertificate>;

const Revocation = Type.Object(
  {
    type: Type.Literal("coppice revocation 1"),
    serial: Bytes(16),
    at: Seconds,
  },
  { additionalProperties: false },
);

/** How long a certificate is good, and how long before its end it is renewed, in seconds. */
export const certificateLifetime = 30 * 86_400;
export const renewBefore = 10 * 86_400;
/** Clocks of two boxes may differ by this much, in seconds. */
const clockTolerance = 300;

/** Issues a certificate. @param now seconds since 1970. */
export async function issueCertificate(
  signer: CoseSigner,
  {
    peer,
    boot,
    quote,
    now,
  }: { peer: Uint8Array; boot: number; quote: Uint8Array; now: number },
): Promise<Buffer> {
  const certificate: DeviceCertificate = {
    type: "coppice device certificate 1",
    serial: randomBytes(16),
    peer,
    node: signer.publicKey.export({ format: "der", type: "spki" }),
    boot,
    quote: createHash("sha256").update(quote).digest(),
    issued: now,
    expires: now + certificateLifetime,
  };
  return await signCose(encodeCbor(certificate), signer);
}

/** What a certificate says, unchecked. @throws SignatureError, CborError */
export function readCertificate(bytes: Uint8Array): DeviceCertificate {
  return parseCbor(
    DeviceCertificate,
    readCosePayload(bytes),
    "a device certificate",
  );
}

/** Takes a certificate back for good. @param now seconds since 1970. */
export async function revokeCertificate(
  signer: CoseSigner,
  serial: Uint8Array,
  now: number,
): Promise<Buffer> {
  return await signCose(
    encodeCbor({ type: "coppice revocation 1", serial, at: now }),
    signer,
  );
}

/** What a peer knows when it checks a certificate. */
export interface CertificateContext {
  /** The libp2p public key (protobuf) that the connection was made with. */
  peer: Uint8Array;
  /** The principal that is expected, where one is. */
  node?: Uint8Array | undefined;
  /** Revocations that the peer holds. */
  revocations: readonly Uint8Array[];
  /** Links from older node keys to newer ones. */
  links: readonly Uint8Array[];
  /** Seconds since 1970. */
  now: number;
}

/** Checks a device certificate, each thing by name. */
export function verifyDeviceCertificate(
  bytes: Uint8Array,
  { peer, node, revocations, links, now }: CertificateContext,
): {
  accepted: boolean;
  checks: Check[];
  certificate: DeviceCertificate | null;
} {
  const checks = new Checks();
  const opened = checks.attempt("certificate", () => {
    const certificate = readCertificate(bytes);
    return {
      certificate,
      key: createPublicKey({
        key: Buffer.from(certificate.node),
        format: "der",
        type: "spki",
      }),
    };
  });
  if (!opened)
    return { accepted: false, checks: checks.all, certificate: null };
  const { certificate, key } = opened;
  const principal = principalOf(certificate.node);
  const signed = checks.attempt("signature", () =>
    openCose(bytes, principal, key),
  );
  if (signed) checks.expect("signature", true, `by node ${short(principal)}`);
  const samePeer = Buffer.from(certificate.peer).equals(peer);
  checks.expect(
    "libp2p key",
    samePeer,
    samePeer
      ? "the one of this connection"
      : "the certificate is for another libp2p key",
  );
  if (node) checkNode(checks, principal, node, links);
  else checks.note("node", `${short(principal)}; none was expected`);
  const life = certificate.expires - certificate.issued;
  checks.expect(
    "lifetime",
    life > 0 && life <= certificateLifetime,
    `${Math.round(life / 86_400)} days; at most 30`,
  );
  const day = (seconds: number): string =>
    new Date(seconds * 1000).toISOString().slice(0, 16);
  const valid =
    now >= certificate.issued - clockTolerance && now < certificate.expires;
  checks.expect(
    "validity",
    valid,
    `from ${day(certificate.issued)} to ${day(certificate.expires)}, now ${day(now)}`,
  );
  const revoked = revocations.some((revocation) =>
    revokes(revocation, certificate.serial, principal, key),
  );
  checks.expect(
    "revocation",
    !revoked,
    revoked
      ? "the node took this certificate back"
      : `not in ${revocations.length} revocations`,
  );
  return { accepted: checks.accepted, checks: checks.all, certificate };
}

function checkNode(
  checks: Checks,
  principal: Buffer,
  expected: Uint8Array,
  links: readonly Uint8Array[],
): void {
  if (principal.equals(expected)) {
    checks.expect("node", true, `${short(principal)}, as expected`);
    return;
  }
  const reached = followLinks(Buffer.from(expected), links);
  const linked = reached.equals(principal);
  checks.expect(
    "node",
    linked,
    linked
      ? `${short(principal)}, which ${short(expected)} handed over to`
      : `${short(principal)}, expected ${short(expected)}`,
  );
}

/** Whether a revocation by this node's key takes this serial back; one that is malformed or by others does not. */
function revokes(
  bytes: Uint8Array,
  serial: Uint8Array,
  principal: Uint8Array,
  key: KeyObject,
): boolean {
  try {
    const revocation = parseCbor(
      Revocation,
      openCose(bytes, principal, key),
      "a revocation",
    );
    return Buffer.from(revocation.serial).equals(serial);
  } catch {
    return false;
  }
}
