import type { Logger } from "pino";
import type { Static } from "typebox";
import { CborError, parseCbor } from "../shared/cbor.ts";
import { coseSignature, signCose } from "../shared/cose.ts";
import { BadRequestError } from "../shared/errors.ts";
import { principalOf } from "../shared/principal.ts";
import { readCertificate } from "./attest/device-certificate.ts";
import type { AcceptancePolicy } from "./attest/policy.ts";
import type { Report } from "./attest/report.ts";
import type { Verifier } from "./attest/verifier.ts";
import type { BootSources } from "./boot-sources.ts";
import type {
  IdentityState,
  OpenQuestion,
  QuoteFiles,
  QuoteQuestion,
  ReEnrolmentQuestion,
  SealQuestion,
  TimedReport,
  TrustState,
} from "./client.ts";
import { unwrapSecret } from "./encryption.ts";
import { NodeCap, NodeContract } from "./peer-state.ts";
import { Prover } from "./prover.ts";
import { encodeQuote } from "./quote-files.ts";
import { openSecret, sealSecret } from "./secret.ts";
import { nameOf, readPublic } from "./tpm/public-area.ts";
import type { Tpm } from "./tpm/tpm.ts";
import { algorithm } from "./tpm/wire.ts";
import { type ShippedAnchors, TrustStore } from "./trust-store.ts";
import { Vault } from "./vault.ts";

/** Where a node's identity is, and what it is told. */
export interface NodeIdentityOptions {
  tpm: Tpm;
  /** Folder of the record and of the owner's trust. */
  folder: string;
  boot: BootSources;
  shipped: ShippedAnchors;
  /** Seconds since 1970; the clock, unless a test says otherwise. */
  now?: () => number;
}

const renewalPeriod = 3_600_000;

/** This node's identity: keys, proofs to others, judgement of others. */
export class NodeIdentity implements AsyncDisposable {
  #tpm: Tpm;
  #vault: Vault;
  #prover: Prover;
  #trust: TrustStore;
  #boot: BootSources;
  #verifier: Promise<Verifier> | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #resources = new AsyncDisposableStack();

  private constructor(
    tpm: Tpm,
    vault: Vault,
    trust: TrustStore,
    boot: BootSources,
  ) {
    this.#tpm = tpm;
    this.#vault = vault;
    this.#trust = trust;
    this.#boot = boot;
    this.#prover = new Prover(tpm, vault, boot);
  }

  /** Opens the identity, or makes it at the first start. @throws TpmError */
  static async open({
    tpm,
    folder,
    boot,
    shipped,
    now = () => Math.floor(Date.now() / 1000),
  }: NodeIdentityOptions): Promise<NodeIdentity> {
    const vault = await Vault.open({ tpm, folder, boot, now });
    return new NodeIdentity(tpm, vault, new TrustStore(folder, shipped), boot);
  }

  /** Renews the device certificate before it ends, until the identity is closed. */
  keepRenewed(log: Logger): void {
    this.#renewal = setInterval(() => {
      this.#vault
        .renewWhenDue()
        .catch((error: unknown) =>
          log.error(
            { err: error },
            "the device certificate could not be renewed; the next hour tries again",
          ),
        );
    }, renewalPeriod);
    this.#renewal.unref();
  }

  /** What this node is. */
  async state(): Promise<IdentityState> {
    const { record, endorsement, loss } = this.#vault;
    const certificate = readCertificate(
      Buffer.from(record.certificate, "base64"),
    );
    const area = readPublic(endorsement.publicArea);
    const kind = (name: keyof typeof record.keys): string =>
      kindOf(Buffer.from(record.keys[name].publicArea, "base64"));
    return {
      state: loss?.kind ?? "whole",
      message: loss?.message ?? "",
      node: principalOf(certificate.node).toString("hex"),
      keys: {
        node: kind("node"),
        attestation: kind("attestation"),
        encryption: kind("encryption"),
      },
      peerId: record.peer.peerId,
      peer: record.peer.kind,
      peerBound: record.peer.image,
      certificate: {
        serial: Buffer.from(certificate.serial).toString("hex"),
        issued: certificate.issued * 1000,
        expires: certificate.expires * 1000,
        boot: certificate.boot,
      },
      attestationName: nameOf(
        readPublic(Buffer.from(record.keys.attestation.publicArea, "base64")),
      ).toString("hex"),
      endorsement: {
        kind: kindOf(endorsement.publicArea),
        name: nameOf(area).subarray(2).toString("hex"),
        ...(await this.#maker()),
      },
      links: record.links.length,
      revocations: record.revocations.length,
      owner: record.owner,
      signedPolicy: (await this.#boot.policies()) !== undefined,
      created: record.created,
    };
  }

  /** Who made the TPM, and who says so. */
  async #maker(): Promise<
    Pick<IdentityState["endorsement"], "maker" | "trust">
  > {
    const { certificate, chain, publicArea } = this.#vault.endorsement;
    const { key } = readPublic(publicArea);
    if (!certificate || !key)
      return {
        maker: null,
        trust: "This TPM has no certificate: others trust it on first use.",
      };
    const { describeCertificate, validateEndorsement } = await import(
      "./attest/ek-certificate.ts"
    );
    const { roots } = await this.#trust.read();
    try {
      const maker = validateEndorsement(
        certificate,
        key,
        chain,
        roots,
        Date.now(),
      );
      return { maker, trust: "A maker that this box trusts vouches for it." };
    } catch (error) {
      const maker = (() => {
        try {
          return describeCertificate(certificate);
        } catch {
          return null;
        }
      })();
      return { maker, trust: (error as Error).message };
    }
  }

  /** Attests this node to itself, by the same exchange as between two. @throws IdentityLostError, TpmError */
  async attest(): Promise<TimedReport> {
    const verifier = await this.#loadVerifier();
    const challenge = verifier.challenge(this.#prover.introduction());
    return await this.#judge(async () => await this.#prover.answer(challenge));
  }

  /** What this box accepts. */
  async trust(): Promise<TrustState> {
    return {
      policy: await this.#trust.policy(),
      anchors: await this.#trust.anchors(),
    };
  }

  async setPolicy(policy: AcceptancePolicy): Promise<TrustState> {
    await this.#trust.setPolicy(policy);
    return await this.trust();
  }

  /** @throws BadRequestError where it is no root certificate or public key */
  async addAnchor(kind: "root" | "signer", pem: string): Promise<TrustState> {
    await this.#trust.add(kind, pem);
    return await this.trust();
  }

  /** @throws NotFoundError */
  async removeAnchor(kind: "root" | "signer", id: string): Promise<TrustState> {
    await this.#trust.remove(kind, id);
    return await this.trust();
  }

  /** A quote's files. @throws IdentityLostError, TpmError */
  async quote({
    nonce,
    pcrs,
  }: QuoteQuestion): Promise<Static<typeof QuoteFiles>> {
    return encodeQuote(
      await this.#prover.quoteFolder(Buffer.from(nonce, "hex"), pcrs),
    );
  }

  /** One step of attestation between boxes, or of a credential: bytes in, bytes out, in base64. @throws CborError, WireError, IdentityLostError, TpmError */
  async exchange(
    step: "introduce" | "challenge" | "answer" | "activate",
    bytes: string,
  ): Promise<string> {
    const { readChallenge, readIntroduction, writeMessage } = await import(
      "./attest/evidence.ts"
    );
    const question = Buffer.from(bytes, "base64");
    const answer = async (): Promise<Buffer> => {
      switch (step) {
        case "introduce":
          return writeMessage(this.#prover.introduction());
        case "challenge":
          return writeMessage(
            (await this.#loadVerifier()).challenge(readIntroduction(question)),
          );
        case "answer":
          return writeMessage(
            await this.#prover.answer(readChallenge(question)),
          );
        case "activate": {
          const { readCredentialFile } = await import("./attest/credential.ts");
          return await this.#prover.activate(readCredentialFile(question));
        }
      }
    };
    return (await answer()).toString("base64");
  }

  /** Judges another node's evidence. @throws CborError, ChallengeError */
  async examine(bytes: string): Promise<TimedReport> {
    const { readEvidence } = await import("./attest/evidence.ts");
    return await this.#judge(async () =>
      readEvidence(Buffer.from(bytes, "base64")),
    );
  }

  /** Seals at most 128 bytes. @throws BadRequestError, ConflictError, TpmError */
  async seal({ bytes, image, password }: SealQuestion): Promise<string> {
    const sealed = await sealSecret(
      this.#tpm,
      Buffer.from(bytes, "base64"),
      { image, password },
      await this.#boot.policies(),
    );
    return sealed.toString("base64");
  }

  /** Opens what was sealed. @throws WrongImageError, WrongPasswordError, NotThisTpmError, BadRequestError, CborError */
  async unseal({ bytes, password }: OpenQuestion): Promise<string> {
    const secret = await openSecret(
      this.#tpm,
      Buffer.from(bytes, "base64"),
      password,
      await this.#boot.policies(),
    );
    return secret.toString("base64");
  }

  /** Changes a key, with a link from the old one. @throws IdentityLostError, TpmError */
  async rotate(key: "attestation" | "node"): Promise<IdentityState> {
    await this.#vault.rotate(key);
    return await this.state();
  }

  /** Takes the device certificate back and makes a new libp2p key. @throws IdentityLostError, TpmError */
  async revoke(peer: "sealed" | "tpm"): Promise<IdentityState> {
    await this.#vault.revoke(peer);
    return await this.state();
  }

  /** What the owner must sign after the TPM was lost. @throws ConflictError */
  async beginReEnrolment(): Promise<ReEnrolmentQuestion> {
    const { from, to, endorsement, at } = await this.#vault.beginReEnrolment();
    const text = (part: Buffer): string => part.toString("base64");
    return {
      from: text(from),
      to: text(to),
      endorsement: text(endorsement),
      at,
    };
  }

  /** Takes a new identity into use. @throws SignatureError, ConflictError */
  async enrolAgain(bytes: string): Promise<IdentityState> {
    await this.#vault.enrolAgain(Buffer.from(bytes, "base64"));
    return await this.state();
  }

  /** @throws ConflictError where the box has another owner */
  async setOwner(owner: string): Promise<void> {
    await this.#vault.setOwner(owner);
  }

  /** What peers are told: libp2p key, device certificate, links and revocations. @throws IdentityLostError */
  peer() {
    const { peer, certificate, links, revocations } = this.#vault.record;
    return {
      publicKey: peer.publicKey,
      kind: peer.kind,
      certificate,
      node: this.#vault.node.spki.toString("base64"),
      links,
      revocations,
    };
  }

  /**
   * Signs a cap that this node issues, with the node key: a COSE_Sign1.
   * @throws BadRequestError for anything else, IdentityLostError, TpmError
   */
  async signCap(payload: Uint8Array): Promise<Buffer> {
    const { node } = this.#vault;
    let issuer: Uint8Array | undefined;
    try {
      ({ issuer } = parseCbor(NodeCap, payload, "a cap"));
    } catch (error) {
      if (!(error instanceof CborError)) throw error;
    }
    if (!issuer || !node.kid.equals(issuer))
      throw new BadRequestError(
        "The node key signs caps that this node issues, and nothing else here.",
        "not-a-cap",
      );
    return await signCose(payload, node);
  }

  /**
   * Signs a contract, or its ending, in which this node is one of the two, with the node key: one COSE_Signature.
   * @throws BadRequestError for anything else, IdentityLostError, TpmError
   */
  async signContract(payload: Uint8Array): Promise<Buffer> {
    const { node } = this.#vault;
    let parties: Uint8Array[] = [];
    try {
      const { provider, consumer } = parseCbor(
        NodeContract,
        payload,
        "a contract",
      );
      parties = [provider, consumer];
    } catch (error) {
      if (!(error instanceof CborError)) throw error;
    }
    if (!parties.some((one) => node.kid.equals(one)))
      throw new BadRequestError(
        "The node key signs contracts of this node, and nothing else here.",
        "not-a-contract",
      );
    return await coseSignature(payload, node);
  }

  /** Signs with the libp2p key. @throws IdentityLostError, WrongImageError, TpmError */
  async signAsPeer(data: Uint8Array): Promise<Buffer> {
    return await this.#vault.signAsPeer(data);
  }

  /** Unwraps what was wrapped for this node's encryption key. @throws IdentityLostError, WireError, TpmError */
  async unwrap(wrapped: Uint8Array): Promise<Buffer> {
    return await unwrapSecret(
      this.#tpm,
      this.#vault.key("encryption"),
      wrapped,
    );
  }

  /** Closes `resource` with the identity. */
  closeWith(resource: AsyncDisposable): void {
    this.#resources.use(resource);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewal);
    await this.#resources.disposeAsync();
  }

  /** Verification needs many modules; a start that judges nobody does without. */
  async #loadVerifier(): Promise<Verifier> {
    this.#verifier ??= import("./attest/verifier.ts").then(
      ({ Verifier: Loaded }) => new Loaded(),
    );
    return await this.#verifier;
  }

  async #judge(
    evidence: () => Promise<Parameters<Verifier["examine"]>[0]>,
  ): Promise<TimedReport> {
    const verifier = await this.#loadVerifier();
    const given = await evidence();
    const trust = await this.#trust.read();
    const report: Report = await this.#trust.withKnown((known) =>
      verifier.examine(given, trust, known),
    );
    return { ...report, time: Date.now() };
  }
}

function kindOf(publicArea: Buffer): string {
  return readPublic(publicArea).type === algorithm.rsa
    ? "RSA 2048"
    : "ECC P-256";
}
