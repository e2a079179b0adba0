import type {
  Ed25519PrivateKey,
  PrivateKey,
  RSAPrivateKey,
} from "@libp2p/interface";
import { ServiceClient } from "../shared/client.ts";
import { CoppiceError } from "../shared/errors.ts";
import { socketPath } from "../shared/service.ts";
import { Blob, PeerState, SignQuestion, TimedReport } from "./peer-state.ts";

export type { PeerState };

/** The private key is in the TPM, or in the identity service: nobody gets its bytes. */
export class KeyNotExportableError extends CoppiceError {
  override name = "KeyNotExportableError";
  constructor() {
    super(
      409,
      "not-exportable",
      "This node's libp2p key does not leave the identity service. Ask it to sign instead.",
    );
  }
}

/** Calls the identity service in this node's name: for the storage node alone. */
export class PeerIdentityClient implements AsyncDisposable {
  #client: ServiceClient;

  /** @param socket path of the service's peer socket. */
  constructor(socket = socketPath("identity-peer")) {
    this.#client = new ServiceClient("identity", socket);
  }

  /** What this node shows its peers. */
  async state(signal?: AbortSignal): Promise<PeerState> {
    return await this.#client.call(PeerState, "GET", "/peer", { signal });
  }

  /** Unwraps what was wrapped for this node's encryption key. @throws CoppiceError 422 where it is for another */
  async unwrap(wrapped: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
    return await this.#ask("/unwrap", wrapped, signal);
  }

  /** Has the node key sign a cap that this node issues. @returns a COSE_Sign1. @throws CoppiceError 400 for anything else */
  async signCap(payload: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
    return await this.#ask("/peer/cap", payload, signal);
  }

  /** Has the node key sign a contract of this node. @returns a COSE_Signature. @throws CoppiceError 400 for anything else */
  async signContract(
    payload: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    return await this.#ask("/peer/contract", payload, signal);
  }

  /** One step of attestation between boxes: bytes in, bytes out. @throws CoppiceError where a step does not fit */
  async exchange(
    step: "introduce" | "challenge" | "answer",
    bytes: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    const answer = await this.#client.call(Blob, "POST", `/exchange/${step}`, {
      body: { bytes: Buffer.from(bytes).toString("base64") },
      signal,
    });
    return Buffer.from(answer.bytes, "base64");
  }

  /** Judges another node's evidence. @throws CoppiceError 409 where it answers no challenge */
  async examine(
    evidence: Uint8Array,
    signal?: AbortSignal,
  ): Promise<TimedReport> {
    return await this.#client.call(TimedReport, "POST", "/exchange/examine", {
      body: { bytes: Buffer.from(evidence).toString("base64") },
      signal,
    });
  }

  /** The libp2p private key: its `sign` is made by the identity service (Ed25519) or inside the TPM (RSA); it has no `raw`. */
  async privateKey(signal?: AbortSignal): Promise<PrivateKey> {
    const { publicKeyFromProtobuf } = await import("@libp2p/crypto/keys");
    const publicKey = publicKeyFromProtobuf(
      Buffer.from((await this.state(signal)).publicKey, "base64"),
    );
    const sign = async (
      data: Uint8Array | { subarray(): Uint8Array },
      options?: { signal?: AbortSignal },
    ): Promise<Uint8Array> =>
      await this.#ask("/peer/sign", data.subarray(), options?.signal);
    const key = {
      type: publicKey.type,
      publicKey,
      get raw(): Uint8Array {
        throw new KeyNotExportableError();
      },
      get jwk(): never {
        throw new KeyNotExportableError();
      },
      equals: (other: unknown): boolean =>
        other === key ||
        (typeof other === "object" &&
          other !== null &&
          "publicKey" in other &&
          publicKey.equals(other.publicKey as never)),
      sign,
    };
    return key as unknown as RSAPrivateKey | Ed25519PrivateKey;
  }

  async #ask(
    path: string,
    bytes: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    const answer = await this.#client.call(SignQuestion, "POST", path, {
      body: { bytes: Buffer.from(bytes).toString("base64") },
      signal,
    });
    return Buffer.from(answer.bytes, "base64");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}
