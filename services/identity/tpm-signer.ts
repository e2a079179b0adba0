import { createHash, type KeyObject } from "node:crypto";
import type { CoseSigner } from "../shared/cose.ts";
import { principalOf } from "../shared/principal.ts";
import { readSignature } from "./attest/quote.ts";
import { readPublic, spkiOf } from "./tpm/public-area.ts";
import type { Tpm, TpmObject } from "./tpm/tpm.ts";

/** Signs with a key that never leaves the TPM: RSASSA or ECDSA (r and s) with SHA-256. */
export class TpmSigner implements CoseSigner {
  readonly kid: Buffer;
  readonly spki: Buffer;
  readonly publicKey: KeyObject;
  #tpm: Tpm;
  #key: TpmObject;

  /** @throws WireError where the object is no signing key */
  constructor(tpm: Tpm, key: TpmObject) {
    const area = readPublic(key.publicArea);
    this.spki = spkiOf(area);
    this.publicKey = area.key as KeyObject;
    this.kid = principalOf(this.spki);
    this.#tpm = tpm;
    this.#key = key;
  }

  /** @throws TpmError */
  async sign(data: Uint8Array): Promise<Buffer> {
    const digest = createHash("sha256").update(data).digest();
    return readSignature(await this.#tpm.sign(this.#key, digest)).bytes;
  }
}
