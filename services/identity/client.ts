import { type Static, Type } from "typebox";
import { ServiceClient } from "../shared/client.ts";
import { socketPath } from "../shared/service.ts";
import { AcceptancePolicy } from "./attest/policy.ts";
import { Report } from "./attest/report.ts";
import type { NodeIdentity } from "./node-identity.ts";
import { Blob, PeerState, TimedReport } from "./peer-state.ts";

/** What the TPM says of itself. */
export const TpmState = Type.Object({
  present: Type.Boolean(),
  manufacturer: Type.String(),
  vendor: Type.String(),
  firmware: Type.String(),
  specification: Type.String(),
  lockout: Type.Object(
    {
      locked: Type.Boolean(),
      failures: Type.Integer({ description: "wrong passwords that count" }),
      maximum: Type.Integer({ description: "so many lock it" }),
      recovery: Type.Integer({ description: "seconds until one is forgotten" }),
    },
    { description: "dictionary attack protection; this box never adds to it" },
  ),
});
export type TpmState = Static<typeof TpmState>;

const Hex = Type.String({ pattern: "^([0-9a-f]{2})*$" });
const Base64 = Type.String({ pattern: "^[A-Za-z0-9+/]*={0,2}$" });
const Time = Type.Integer({ description: "milliseconds since 1970" });

/** A key that the owner or the image trusts. */
export const Anchor = Type.Object({
  kind: Type.Union([Type.Literal("root"), Type.Literal("signer")]),
  id: Hex,
  name: Type.String(),
  added: Type.Boolean(),
});

/** What this node is. */
export const IdentityState = Type.Object({
  state: Type.Union([
    Type.Literal("whole"),
    Type.Literal("cleared"),
    Type.Literal("replaced"),
  ]),
  message: Type.String({
    description: "in plain words, where it is not whole",
  }),
  node: Type.String({ description: "principal: SHA-256 of the node key, hex" }),
  keys: Type.Object(
    {
      node: Type.String(),
      attestation: Type.String(),
      encryption: Type.String(),
    },
    { description: "kind of each key" },
  ),
  peerId: Type.String(),
  peer: Type.Union([Type.Literal("sealed"), Type.Literal("tpm")], {
    description: "where the libp2p key is",
  }),
  peerBound: Type.Boolean({
    description: "whether it opens in signed images alone",
  }),
  certificate: Type.Object({
    serial: Hex,
    issued: Time,
    expires: Time,
    boot: Type.Integer(),
  }),
  attestationName: Type.String({
    pattern: "^[0-9a-f]{68}$",
    description:
      "TPM name of the attestation key, hex: credentials are made for it",
  }),
  endorsement: Type.Object({
    kind: Type.String(),
    name: Hex,
    maker: Type.Union([
      Type.Object({
        manufacturer: Type.String(),
        model: Type.String(),
        version: Type.String(),
        issuer: Type.String(),
        expires: Time,
      }),
      Type.Null(),
    ]),
    trust: Type.String({
      description: "whether a trusted maker vouches for it, in words",
    }),
  }),
  links: Type.Integer({ description: "key changes so far" }),
  revocations: Type.Integer(),
  owner: Type.Union([Hex, Type.Null()]),
  signedPolicy: Type.Boolean({
    description: "whether the running image has signed PCR policies",
  }),
  created: Time,
});
export type IdentityState = Static<typeof IdentityState>;

/** Policy and trusted keys. */
export const TrustState = Type.Object({
  policy: AcceptancePolicy,
  anchors: Type.Array(Anchor),
});
export type TrustState = Static<typeof TrustState>;

/** A quote's files, in base64. */
export const QuoteFiles = Type.Object({
  attest: Base64,
  signature: Base64,
  values: Type.Array(Type.Tuple([Type.Integer(), Base64])),
  attestation: Base64,
  endorsement: Base64,
  certificate: Type.Union([Base64, Type.Null()]),
  eventLog: Base64,
  measureLog: Base64,
  commandLine: Type.String(),
  reference: Type.Union([Base64, Type.Null()]),
});

/** What a quote is asked for. */
export const QuoteQuestion = Type.Object({
  nonce: Type.String({ pattern: "^([0-9a-f]{2}){1,32}$" }),
  pcrs: Type.Array(Type.Integer({ minimum: 0, maximum: 23 }), {
    minItems: 1,
    maxItems: 24,
  }),
});
export type QuoteQuestion = Static<typeof QuoteQuestion>;
/** What is to be sealed, and how it is bound. */
export const SealQuestion = Type.Object({
  bytes: Type.String({ pattern: "^[A-Za-z0-9+/]*={0,2}$", maxLength: 1024 }),
  image: Type.Boolean(),
  password: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
});
export type SealQuestion = Static<typeof SealQuestion>;
/** What is to be opened. */
export const OpenQuestion = Type.Object({
  bytes: Type.String({ pattern: "^[A-Za-z0-9+/]*={0,2}$", maxLength: 8192 }),
  password: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
});
export type OpenQuestion = Static<typeof OpenQuestion>;

/** What the owner signs to put a new TPM in an old one's place. */
export const ReEnrolmentQuestion = Type.Object({
  from: Base64,
  to: Base64,
  endorsement: Base64,
  at: Type.Integer(),
});
export type ReEnrolmentQuestion = Static<typeof ReEnrolmentQuestion>;

export { type ReEnrolment, signReEnrolment } from "./attest/key-link.ts";
export { AcceptancePolicy, Blob, PeerState, Report, TimedReport };

/** Where an identity without the service is. */
export interface HereOptions {
  /** How tpm2-tss reaches the TPM, such as `swtpm:port=2321`. */
  tcti: string;
  /** Folder of its record. */
  folder: string;
}

/** Opens an identity in this process, on a machine where the service does not run. @throws TpmError */
export async function openIdentityHere(
  options: HereOptions,
): Promise<NodeIdentity> {
  const { openHere } = await import("./here.ts");
  return await openHere(options);
}

/** What a check of files needs no TPM for: loaded where it is asked for. */
export async function loadVerification() {
  const [
    folder,
    files,
    acceptance,
    device,
    policy,
    credential,
    certificate,
    areas,
    templates,
  ] = await Promise.all([
    import("./attest/quote-folder.ts"),
    import("./quote-files.ts"),
    import("./attest/acceptance.ts"),
    import("./attest/device-certificate.ts"),
    import("./attest/policy.ts"),
    import("./attest/credential.ts"),
    import("./attest/ek-certificate.ts"),
    import("./tpm/public-area.ts"),
    import("./tpm/templates.ts"),
  ]);
  return {
    ...folder,
    ...files,
    ...acceptance,
    ...device,
    ...policy,
    ...credential,
    ...certificate,
    ...areas,
    ...templates,
  };
}

/** The least security version of an image that this box takes. */
export const SecurityFloor = Type.Object({
  securityVersion: Type.Integer({ minimum: 0, maximum: 64 }),
});

/** Calls the identity service. */
export class IdentityClient implements AsyncDisposable {
  #client = new ServiceClient("identity", socketPath("identity"));

  /** The TPM's maker and state. */
  async tpm(signal?: AbortSignal): Promise<TpmState> {
    return await this.#client.call(TpmState, "GET", "/tpm", { signal });
  }

  /** The least security version of an image that this box takes. @throws TpmError */
  async securityFloor(signal?: AbortSignal): Promise<number> {
    return (
      await this.#client.call(SecurityFloor, "GET", "/security-floor", {
        signal,
      })
    ).securityVersion;
  }

  /** Raises it for good. @throws TpmError */
  async raiseSecurityFloor(
    securityVersion: number,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#client.call(SecurityFloor, "PUT", "/security-floor", {
      body: { securityVersion },
      signal,
    });
  }

  /** What this node is. */
  async state(signal?: AbortSignal): Promise<IdentityState> {
    return await this.#client.call(IdentityState, "GET", "/identity", {
      signal,
    });
  }

  /** Attests this node to itself, by the same exchange as between two. @throws CoppiceError as IdentityLostError */
  async attest(signal?: AbortSignal): Promise<TimedReport> {
    return await this.#client.call(TimedReport, "POST", "/attest", {
      body: {},
      signal,
    });
  }

  /** Policy and trusted keys. */
  async trust(signal?: AbortSignal): Promise<TrustState> {
    return await this.#client.call(TrustState, "GET", "/trust", { signal });
  }

  async setPolicy(
    policy: AcceptancePolicy,
    signal?: AbortSignal,
  ): Promise<TrustState> {
    return await this.#client.call(TrustState, "PUT", "/trust/policy", {
      body: policy,
      signal,
    });
  }

  /** Trusts a maker's root or a signer. @throws CoppiceError 400 where it is none */
  async addAnchor(
    kind: "root" | "signer",
    pem: string,
    signal?: AbortSignal,
  ): Promise<TrustState> {
    return await this.#client.call(TrustState, "POST", `/trust/${kind}`, {
      body: { pem },
      signal,
    });
  }

  async removeAnchor(
    kind: "root" | "signer",
    id: string,
    signal?: AbortSignal,
  ): Promise<TrustState> {
    return await this.#client.call(
      TrustState,
      "DELETE",
      `/trust/${kind}/${id}`,
      { signal },
    );
  }

  /** A quote's files. */
  async quote(
    question: QuoteQuestion,
    signal?: AbortSignal,
  ): Promise<Static<typeof QuoteFiles>> {
    return await this.#client.call(QuoteFiles, "POST", "/quote", {
      body: question,
      signal,
    });
  }

  /** What this node shows its peers: libp2p key, device certificate, links and revocations. */
  async certificate(signal?: AbortSignal): Promise<PeerState> {
    return await this.#client.call(PeerState, "GET", "/certificate", {
      signal,
    });
  }

  /** One step of attestation between boxes, or of a credential: bytes in, bytes out. */
  async exchange(
    step: "introduce" | "challenge" | "answer" | "activate",
    bytes: string,
    signal?: AbortSignal,
  ): Promise<string> {
    return (
      await this.#client.call(Blob, "POST", `/exchange/${step}`, {
        body: { bytes },
        signal,
      })
    ).bytes;
  }

  /** Judges another node's evidence. */
  async examine(bytes: string, signal?: AbortSignal): Promise<TimedReport> {
    return await this.#client.call(TimedReport, "POST", "/exchange/examine", {
      body: { bytes },
      signal,
    });
  }

  /** Seals at most 128 bytes. */
  async seal(question: SealQuestion, signal?: AbortSignal): Promise<string> {
    return (
      await this.#client.call(Blob, "POST", "/seal", { body: question, signal })
    ).bytes;
  }

  /** Opens what was sealed. */
  async unseal(question: OpenQuestion, signal?: AbortSignal): Promise<string> {
    return (
      await this.#client.call(Blob, "POST", "/unseal", {
        body: question,
        signal,
      })
    ).bytes;
  }

  /** Changes a key, with a link from the old one. */
  async rotate(
    key: "attestation" | "node",
    signal?: AbortSignal,
  ): Promise<IdentityState> {
    return await this.#client.call(IdentityState, "POST", "/rotate", {
      body: { key },
      signal,
    });
  }

  /** Takes the device certificate back and makes a new libp2p key, sealed or in the TPM. */
  async revoke(
    peer: "sealed" | "tpm",
    signal?: AbortSignal,
  ): Promise<IdentityState> {
    return await this.#client.call(IdentityState, "POST", "/revoke", {
      body: { peer },
      signal,
    });
  }

  /** What the owner must sign after the TPM was lost. */
  async beginReEnrolment(signal?: AbortSignal): Promise<ReEnrolmentQuestion> {
    return await this.#client.call(
      ReEnrolmentQuestion,
      "POST",
      "/re-enrolment",
      { body: {}, signal },
    );
  }

  /** Takes a new identity into use. @param bytes what the owner signed, base64 */
  async enrolAgain(
    bytes: string,
    signal?: AbortSignal,
  ): Promise<IdentityState> {
    return await this.#client.call(IdentityState, "PUT", "/re-enrolment", {
      body: { bytes },
      signal,
    });
  }

  /** Says whose box this is. @param owner principal of the root key, hex */
  async setOwner(owner: string, signal?: AbortSignal): Promise<void> {
    const answer = await this.#client.raw("PUT", "/owner", {
      body: { owner },
      signal,
    });
    await answer.body.dump();
  }

  /** Resolves where `code` is the setup code. @throws CoppiceError 403, 409, 429 as SetupCode.verify. */
  async verifySetupCode(code: string, signal?: AbortSignal): Promise<void> {
    const answer = await this.#client.raw("POST", "/setup-code/verify", {
      body: { code },
      signal,
    });
    await answer.body.dump();
  }

  /** Forgets the setup code: the box has an owner. */
  async retireSetupCode(signal?: AbortSignal): Promise<void> {
    const answer = await this.#client.raw("POST", "/setup-code/retire", {
      body: {},
      signal,
    });
    await answer.body.dump();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}
