import {
  CredentialError,
  NotThisTpmError,
  TpmClosedError,
  TpmError,
} from "./errors.ts";
import { Esys, fixedHandle } from "./esys.ts";
import { TpmFacts } from "./facts.ts";
import { type TpmObject, TpmObjects } from "./objects.ts";
import { assertOpening, type Opening, stepsOf } from "./opening.ts";
import { policyDigest } from "./policy.ts";
import { bitsIndex, sealedObject, sensitiveCreate } from "./templates.ts";
import { algorithm, sized, u16, u32, WireReader } from "./wire.ts";

export type { TpmObject } from "./objects.ts";
export type { Opening } from "./opening.ts";

/** What a TPM signed about itself: TPMS_ATTEST and TPMT_SIGNATURE. */
export interface Attestation {
  attest: Buffer;
  signature: Buffer;
}

/** How often something is begun that a change of a PCR ends: a boot has its phases measured while services start. */
const tries = 5;
const nullScheme = u16(algorithm.null);
const noHashCheck = Buffer.concat([u16(0x8024), u32(0x40000007), sized()]);
const noOutsideInfo = sized();

/** The TPM's operations. All sessions are salted to a key that was checked, authorise by HMAC and encrypt parameters. */
export class Tpm implements AsyncDisposable {
  /** What it tells without a key. */
  readonly facts: TpmFacts;
  #esys: Esys;
  #objects: TpmObjects;

  private constructor(esys: Esys, facts: TpmFacts, objects: TpmObjects) {
    this.#esys = esys;
    this.facts = facts;
    this.#objects = objects;
  }

  /**
   * Opens a TPM.
   * @param tcti how to reach it, such as `device:/dev/tpmrm0` or `swtpm:port=2321` (tpm2-tss's TCTI loader).
   * @throws TpmError where it does not answer.
   */
  static async open(tcti: string): Promise<Tpm> {
    const esys = await Esys.open(tcti);
    const facts = new TpmFacts(esys);
    const [kind = "rsa2048"] = await facts.keyKinds();
    return new Tpm(esys, facts, new TpmObjects(esys, kind));
  }

  /** Pins the endorsement key that sessions are salted to; until then it is taken as the TPM gives it. @param name its TPM name */
  trustEndorsementKey(template: Buffer, name: Buffer): void {
    this.#objects.trustEndorsementKey(template, name);
  }

  /** TPM2B_PUBLIC of an endorsement key. @param template of the key; the standard one by `endorsementKey`. @throws TpmError */
  async endorsementPublic(template: Buffer): Promise<Buffer> {
    return await this.#esys.exclusively(async () => {
      const { handle, publicArea } = await this.#objects.primary(
        fixedHandle.endorsement,
        template,
      );
      await this.#esys.flush(handle);
      return publicArea;
    });
  }

  /** Makes a key under the storage parent. @throws TpmError */
  async createKey(template: Buffer): Promise<TpmObject> {
    return await this.#create(
      "make a key",
      template,
      sensitiveCreate(Buffer.alloc(0)),
    );
  }

  /** Seals up to 128 bytes. @throws TpmError */
  async seal(secret: Uint8Array, opening: Opening = {}): Promise<TpmObject> {
    const steps = stepsOf(opening);
    const policy =
      opening.signedPcrs === undefined ? undefined : policyDigest(steps);
    return await this.#create(
      "seal a secret",
      sealedObject(policy),
      sensitiveCreate(secret, opening.password),
    );
  }

  /**
   * Opens what this TPM sealed.
   * @throws WrongImageError where another system was booted, WrongPasswordError, NotThisTpmError where another TPM sealed it or
   * it was cleared since, TpmError.
   */
  async unseal(sealed: TpmObject, opening: Opening = {}): Promise<Buffer> {
    const what = "open a sealed secret";
    return await this.#objects.authorised(async (session) => {
      const handle = await this.#objects.load(sealed, session);
      try {
        if (opening.password)
          await this.#esys.setAuthorisation(handle, opening.password);
        if (opening.signedPcrs === undefined) {
          const { outputs } = await this.#esys.command(what, "Unseal", {
            handles: [handle],
            sessions: [session],
          });
          return (outputs[0] as Buffer).subarray(2);
        }
        return await this.#whileStill(
          async () =>
            await this.#objects.withPolicy(async (policy) => {
              await assertOpening(this.#esys, this.facts, policy, opening);
              const { outputs } = await this.#esys.command(what, "Unseal", {
                handles: [handle],
                sessions: [policy, session],
              });
              return (outputs[0] as Buffer).subarray(2);
            }),
        );
      } finally {
        await this.#esys.flush(handle);
      }
    });
  }

  /** Does it anew where it failed and a PCR changed meanwhile, by whomever: a policy does not outlive that. @throws TpmError */
  async #whileStill<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.facts.pcrUpdates();
      try {
        return await work();
      } catch (error) {
        if (
          !(error instanceof TpmError) ||
          attempt === tries ||
          (await this.facts.pcrUpdates()) === before
        )
          throw error;
      }
    }
  }

  /** Whether this TPM made the object, and was not cleared since. @throws TpmError */
  async holds(object: TpmObject): Promise<boolean> {
    try {
      await this.#objects.authorised(async (session) => {
        await this.#esys.flush(await this.#objects.load(object, session));
      });
      return true;
    } catch (error) {
      if (error instanceof NotThisTpmError) return false;
      throw error;
    }
  }

  /** Signs a SHA-256 digest; gives the TPMT_SIGNATURE. @throws NotThisTpmError, TpmError */
  async sign(key: TpmObject, digest: Uint8Array): Promise<Buffer> {
    return await this.#objects.withKey(key, async (handle, session) => {
      const { outputs } = await this.#esys.command("sign", "Sign", {
        handles: [handle],
        sessions: [session],
        inputs: [sized(digest), nullScheme, noHashCheck],
      });
      return outputs[0] as Buffer;
    });
  }

  /** Signs PCR values with an attestation key. @param nonce at most 32 bytes. @throws NotThisTpmError, TpmError */
  async quote(
    key: TpmObject,
    nonce: Uint8Array,
    selection: Buffer,
  ): Promise<Attestation> {
    return await this.#objects.withKey(key, async (handle, session) => {
      const { outputs } = await this.#esys.command("quote", "Quote", {
        handles: [handle],
        sessions: [session],
        inputs: [sized(nonce), nullScheme, selection],
      });
      return attestation(outputs);
    });
  }

  /** Says under an attestation key that `subject` is in this TPM (TPM2_Certify). @throws NotThisTpmError, TpmError */
  async certify(
    subject: TpmObject,
    key: TpmObject,
    nonce: Uint8Array,
  ): Promise<Attestation> {
    return await this.#objects.withKey(key, async (handle, session) => {
      const other = await this.#objects.load(subject, session);
      try {
        const { outputs } = await this.#esys.command("certify", "Certify", {
          handles: [other, handle],
          sessions: [session, fixedHandle.password],
          inputs: [sized(nonce), nullScheme],
        });
        return attestation(outputs);
      } finally {
        await this.#esys.flush(other);
      }
    });
  }

  /**
   * Opens a credential made for an endorsement key and an attestation key of this TPM (TPM2_ActivateCredential).
   * @throws CredentialError where it was made for others, TpmError
   */
  async activate(
    key: TpmObject,
    endorsementTemplate: Buffer,
    idObject: Uint8Array,
    encryptedSecret: Uint8Array,
  ): Promise<Buffer> {
    return await this.#objects.withKey(key, async (handle, session) => {
      const { handle: endorsement } = await this.#objects.primary(
        fixedHandle.endorsement,
        endorsementTemplate,
      );
      try {
        return await this.#objects.withPolicy(async (policy) => {
          await this.#esys.command("use its endorsement key", "PolicySecret", {
            handles: [fixedHandle.endorsement, policy],
            sessions: [fixedHandle.password],
            inputs: [sized(), sized(), sized(), 0],
          });
          const { outputs } = await this.#esys
            .command("open a credential", "ActivateCredential", {
              handles: [handle, endorsement],
              sessions: [session, policy],
              inputs: [sized(idObject), sized(encryptedSecret)],
            })
            .catch((error: unknown) => {
              throw error instanceof TpmError
                ? new CredentialError(error)
                : error;
            });
          return (outputs[0] as Buffer).subarray(2);
        });
      } finally {
        await this.#esys.flush(endorsement);
      }
    });
  }

  /** The shared point's x coordinate of this TPM's key and another's (ECDH, Part 1 C.6.1). @throws TpmError */
  async agree(key: TpmObject, x: Uint8Array, y: Uint8Array): Promise<Buffer> {
    return await this.#objects.withKey(key, async (handle, session) => {
      const { outputs } = await this.#esys.command(
        "agree on a key",
        "ECDH_ZGen",
        {
          handles: [handle],
          sessions: [session],
          inputs: [sized(sized(x), sized(y))],
        },
      );
      const point = new WireReader(outputs[0] as Buffer, "TPM's point");
      point.u16();
      const shared = point.sized();
      return Buffer.concat([Buffer.alloc(32 - shared.length), shared]);
    });
  }

  /** Decrypts RSA-OAEP with SHA-256 and the key's own label. @throws TpmError */
  async decrypt(
    key: TpmObject,
    ciphertext: Uint8Array,
    label: Uint8Array,
  ): Promise<Buffer> {
    return await this.#objects.withKey(key, async (handle, session) => {
      const { outputs } = await this.#esys.command("decrypt", "RSA_Decrypt", {
        handles: [handle],
        sessions: [session],
        inputs: [sized(ciphertext), nullScheme, sized(label)],
      });
      return (outputs[0] as Buffer).subarray(2);
    });
  }

  /** PCR values of one bank. @param pcrs numbers. @throws TpmError */
  async readPcrs(
    pcrs: readonly number[],
    hash: number = algorithm.sha256,
  ): Promise<Map<number, Buffer>> {
    return await this.#esys.exclusively(
      async () => await this.facts.pcrValues(pcrs, hash),
    );
  }

  /**
   * Sets bits of an NV index that nothing but its removal clears again (TPM_NT_BITS); makes the index where it is missing.
   * @param bits below 2^53. @throws TpmError
   */
  async setBits(index: number, bits: number): Promise<void> {
    const present = await this.facts.handles(index);
    await this.#objects.authorised(async (session) => {
      if (!present.includes(index)) {
        const { handle } = await this.#esys.command(
          "make an NV index",
          "NV_DefineSpace",
          {
            handles: [fixedHandle.owner],
            sessions: [session],
            inputs: [sized(), bitsIndex(index)],
          },
        );
        await this.#esys.close(handle);
      }
      const { handle } = await this.#esys.command(
        "find an NV index",
        "TR_FromTPMPublic",
        { handles: [index] },
      );
      try {
        await this.#esys.command("set bits of an NV index", "NV_SetBits", {
          handles: [fixedHandle.owner, handle],
          sessions: [session],
          inputs: [bits],
        });
      } finally {
        await this.#esys.close(handle);
      }
    });
  }

  /**
   * Draws another storage seed (TPM2_Clear): nothing that this TPM sealed or made opens again, and what its owner defined is gone.
   * The endorsement keys stay. @throws TpmError where the firmware forbids it.
   */
  async clear(): Promise<void> {
    await this.#esys.exclusively(async () => {
      await this.#objects.forget();
      // The lockout's authorisation value is empty: this box sets none.
      await this.#esys.command("forget all keys", "Clear", {
        handles: [fixedHandle.lockout],
        sessions: [fixedHandle.password],
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#esys
      .exclusively(async () => await this.#objects.forget())
      .catch((error: unknown) => {
        if (!(error instanceof TpmClosedError)) throw error;
      });
    await this.#esys[Symbol.asyncDispose]();
  }

  async #create(
    what: string,
    template: Buffer,
    sensitive: Buffer,
  ): Promise<TpmObject> {
    return await this.#objects.authorised(
      async (session) =>
        await this.#objects.withParent(template, async (parent) => {
          const { outputs } = await this.#esys.command(what, "Create", {
            handles: [parent],
            sessions: [session],
            inputs: [sensitive, template, noOutsideInfo, u32(0)],
          });
          sensitive.fill(0);
          const [privateArea, publicArea] = outputs as [Buffer, Buffer];
          return { publicArea, privateArea };
        }),
    );
  }
}

function attestation([attest, signature]: readonly Buffer[]): Attestation {
  return {
    attest: (attest as Buffer).subarray(2),
    signature: signature as Buffer,
  };
}
