import type { Credential } from "./attest/credential.ts";
import type { Challenge, Evidence, Introduction } from "./attest/evidence.ts";
import type { QuoteFolder } from "./attest/quote-folder.ts";
import type { BootRecord, BootSources } from "./boot-sources.ts";
import type { Attestation, Tpm } from "./tpm/tpm.ts";
import { pcrSelection } from "./tpm/wire.ts";
import type { Vault } from "./vault.ts";

const tries = 5;

/** Proves to others what this node is and what it booted. */
export class Prover {
  #tpm: Tpm;
  #vault: Vault;
  #boot: BootSources;

  constructor(tpm: Tpm, vault: Vault, boot: BootSources) {
    this.#tpm = tpm;
    this.#vault = vault;
    this.#boot = boot;
  }

  /** This node's keys. @throws IdentityLostError */
  introduction(): Introduction {
    const { publicArea, certificate, chain } = this.#vault.endorsement;
    return {
      type: "coppice introduction 1",
      endorsement: publicArea,
      certificate,
      chain,
      attestation: this.#vault.key("attestation").publicArea,
      node: this.#vault.key("node").publicArea,
    };
  }

  /** Opens a credential. @throws IdentityLostError, TpmError where it was made for others */
  async activate({ idObject, encryptedSecret }: Credential): Promise<Buffer> {
    return await this.#tpm.activate(
      this.#vault.key("attestation"),
      this.#vault.endorsement.template,
      idObject,
      encryptedSecret,
    );
  }

  /** Answers a verifier's challenge. @throws IdentityLostError, TpmError */
  async answer(challenge: Challenge): Promise<Evidence> {
    const { nonce } = challenge;
    const secret = await this.activate({
      idObject: Buffer.from(challenge.idObject),
      encryptedSecret: Buffer.from(challenge.encryptedSecret),
    });
    const certification = await this.#tpm.certify(
      this.#vault.key("node"),
      this.#vault.key("attestation"),
      nonce,
    );
    const { quote, values, record } = await this.#quote(nonce, challenge.pcrs);
    return {
      type: "coppice evidence 1",
      introduction: this.introduction(),
      nonce,
      secret: Buffer.concat([secret, Buffer.alloc(32)]).subarray(0, 32),
      quote: quote.attest,
      quoteSignature: quote.signature,
      values: [...values],
      certification: certification.attest,
      certificationSignature: certification.signature,
      ...record,
    };
  }

  /** A quote as files for tpm2-tools. @throws IdentityLostError, TpmError */
  async quoteFolder(
    nonce: Uint8Array,
    pcrs: readonly number[],
  ): Promise<QuoteFolder> {
    const { quote, values, record } = await this.#quote(nonce, pcrs);
    const { publicArea, certificate } = this.#vault.endorsement;
    return {
      ...quote,
      values,
      attestation: this.#vault.key("attestation").publicArea,
      endorsement: publicArea,
      certificate,
      ...record,
    };
  }

  /** Quote, values and logs of one moment: what is measured in between begins it anew. */
  async #quote(
    nonce: Uint8Array,
    pcrs: readonly number[],
  ): Promise<{
    quote: Attestation;
    values: Map<number, Buffer>;
    record: BootRecord;
  }> {
    const key = this.#vault.key("attestation");
    for (let attempt = 1; ; attempt++) {
      const before = await this.#tpm.readPcrs(pcrs);
      const quote = await this.#tpm.quote(key, nonce, pcrSelection(pcrs));
      const record = await this.#boot.read();
      const values = await this.#tpm.readPcrs(pcrs);
      const still = [...values].every(([pcr, value]) =>
        before.get(pcr)?.equals(value),
      );
      if (still || attempt === tries) return { quote, values, record };
    }
  }
}
