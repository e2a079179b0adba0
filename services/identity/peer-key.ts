/** The libp2p key: Ed25519 sealed by the TPM, or RSA that never leaves it. */
import {
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { ed25519FromSeed, ed25519Raw } from "../shared/ed25519.ts";
import { type IdentityRecord, loadObject, storeObject } from "./record.ts";
import type { SignedPcrPolicies } from "./tpm/policy.ts";
import { signingKey } from "./tpm/templates.ts";
import type { Tpm } from "./tpm/tpm.ts";
import { TpmSigner } from "./tpm-signer.ts";

/** Where the libp2p key is: sealed, and in this process while it runs; or in the TPM, which makes every signature. */
export type PeerKeyKind = IdentityRecord["peer"]["kind"];

/** Makes a libp2p key. The sealed one opens only in systems with the same signed PCR policy, where the running one has it. @throws TpmError */
export async function createPeerKey(
  tpm: Tpm,
  kind: PeerKeyKind,
  policies: SignedPcrPolicies | undefined,
): Promise<IdentityRecord["peer"]> {
  // Loaded here, because a start of the service that finds its keys does without.
  const { publicKeyFromRaw, publicKeyToProtobuf } = await import(
    "@libp2p/crypto/keys"
  );
  const { peerIdFromPublicKey } = await import("@libp2p/peer-id");
  const { object, raw } =
    kind === "tpm" ? await tpmKey(tpm) : await sealedKey(tpm, policies);
  const key = publicKeyFromRaw(raw);
  return {
    kind,
    object: storeObject(object),
    image: kind === "sealed" && policies !== undefined,
    publicKey: Buffer.from(publicKeyToProtobuf(key)).toString("base64"),
    peerId: peerIdFromPublicKey(key).toString(),
  };
}

async function tpmKey(tpm: Tpm) {
  const object = await tpm.createKey(signingKey("rsa2048"));
  return { object, raw: new TpmSigner(tpm, object).spki };
}

async function sealedKey(tpm: Tpm, policies: SignedPcrPolicies | undefined) {
  const seed = randomBytes(32);
  const object = await tpm.seal(seed, policies ? { signedPcrs: policies } : {});
  const raw = ed25519Raw(createPublicKey(ed25519FromSeed(seed)));
  seed.fill(0);
  return { object, raw };
}

/** Signs with the libp2p key. */
export class PeerKey {
  #tpm: Tpm;
  #peer: IdentityRecord["peer"];
  #policies: () => Promise<SignedPcrPolicies | undefined>;
  #opened: KeyObject | undefined;

  /** @param policies reads the running system's signed PCR policies. */
  constructor(
    tpm: Tpm,
    peer: IdentityRecord["peer"],
    policies: () => Promise<SignedPcrPolicies | undefined>,
  ) {
    this.#tpm = tpm;
    this.#peer = peer;
    this.#policies = policies;
  }

  /** A signature as libp2p makes it: Ed25519, or RSASSA-PKCS1-v1_5 with SHA-256. @throws WrongImageError, NotThisTpmError, TpmError */
  async sign(data: Uint8Array): Promise<Buffer> {
    const object = loadObject(this.#peer.object);
    if (this.#peer.kind === "tpm")
      return await new TpmSigner(this.#tpm, object).sign(data);
    if (!this.#opened) {
      const policies = this.#peer.image ? await this.#policies() : undefined;
      const seed = await this.#tpm.unseal(
        object,
        policies ? { signedPcrs: policies } : {},
      );
      this.#opened = ed25519FromSeed(seed);
      seed.fill(0);
    }
    return sign(null, data, this.#opened);
  }
}
