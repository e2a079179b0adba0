import { createHash } from "node:crypto";
import {
  CredentialError,
  NoSuchHandleError,
  NotThisTpmError,
  TpmClosedError,
  TpmError,
  WrongImageError,
} from "./errors.ts";
import { Esys, fixedHandle } from "./esys.ts";
import {
  type PolicyStep,
  pcrPolicy,
  policyDigest,
  rsassaSignature,
  type SignedPcrPolicy,
} from "./policy.ts";
import {
  attribute,
  externalRsaPublic,
  nameOf,
  readPublic,
} from "./public-area.ts";
import {
  endorsementKey,
  type KeyKind,
  sealedObject,
  sensitiveCreate,
  storageParent,
} from "./templates.ts";
import {
  algorithm,
  pcrSelection,
  readPcrSelection,
  sized,
  u16,
  u32,
  WireReader,
} from "./wire.ts";

/** An object that only the TPM which made it can use: TPM2B_PUBLIC and (encrypted) TPM2B_PRIVATE. */
export interface TpmObject {
  publicArea: Buffer;
  privateArea: Buffer;
}

/** What a TPM signed about itself: TPMS_ATTEST and TPMT_SIGNATURE. */
export interface Attestation {
  attest: Buffer;
  signature: Buffer;
}

/** How a sealed secret is opened; both where both are given. */
export interface Opening {
  /** Password, stretched by the caller: the TPM does not. */
  password?: Uint8Array;
  /** Signed PCR policies of the running system. */
  signedPcrs?: {
    key: import("node:crypto").KeyObject;
    policies: readonly SignedPcrPolicy[];
  };
}

const nullScheme = u16(algorithm.null);
const noHashCheck = Buffer.concat([u16(0x8024), u32(0x40000007), sized()]);
const noOutsideInfo = sized();

/** The TPM's operations. All sessions are salted to a key that was checked, authorise by HMAC and encrypt parameters. */
export class Tpm implements AsyncDisposable {
  #esys: Esys;
  #parentKind: KeyKind = "p256";
  #salt: { template: Buffer; name?: Buffer } = {
    template: endorsementKey("p256"),
  };
  #session = 0;
  /** Loaded keys by the SHA-256 of their public area, least recently used first. */
  #loaded = new Map<string, number>();

  private constructor(esys: Esys) {
    this.#esys = esys;
  }

  /**
   * Opens a TPM.
   * @param tcti how to reach it, such as `device:/dev/tpmrm0` or `swtpm:port=2321` (tpm2-tss's TCTI loader).
   * @throws TpmError where it does not answer.
   */
  static async open(tcti: string): Promise<Tpm> {
    const tpm = new Tpm(await Esys.open(tcti));
    const kinds = await tpm.keyKinds();
    tpm.#parentKind = kinds[0] ?? "rsa2048";
    tpm.#salt = { template: endorsementKey(tpm.#parentKind) };
    return tpm;
  }

  /** Which kind of keys this TPM makes; elliptic curves first, because they are faster. @throws TpmError */
  async keyKinds(): Promise<KeyKind[]> {
    const algorithms = await this.#capability(0, 0, 128, (reader) => {
      const value = reader.u16();
      reader.u32();
      return value;
    });
    const curves = await this.#capability(8, 0, 64, (reader) => reader.u16());
    return [
      ...(curves.includes(3) && algorithms.includes(algorithm.ecdsa)
        ? (["p256"] as const)
        : []),
      ...(algorithms.includes(algorithm.rsa) ? (["rsa2048"] as const) : []),
    ];
  }

  /** Fixed or changing properties (Part 2 table 22) from number `first` on: number to value. @throws TpmError */
  async properties(first: number): Promise<Map<number, number>> {
    return new Map(
      await this.#capability(6, first, 64, (reader): [number, number] => [
        reader.u32(),
        reader.u32(),
      ]),
    );
  }

  /** Numbers of the handles in use from `first` on, such as 0x80000000 for loaded objects. @throws TpmError */
  async handles(first: number): Promise<number[]> {
    const all = await this.#capability(1, first, 64, (reader) => reader.u32());
    return all.filter((handle) => handle >>> 24 === first >>> 24);
  }

  /** Resets and restarts since the TPM was made or cleared. @throws TpmError */
  async resetCount(): Promise<number> {
    return await this.#esys.exclusively(async () => {
      const { outputs } = await this.#esys.command("tell time", "ReadClock");
      return (outputs[0] as Buffer).readUInt32BE(16);
    });
  }

  /** Pins the endorsement key that sessions are salted to; until then it is taken as the TPM gives it. @param name its TPM name */
  trustEndorsementKey(template: Buffer, name: Buffer): void {
    this.#salt = { template, name };
  }

  /** Reads a whole NV index; `undefined` where there is none. @throws TpmError */
  async readNv(index: number): Promise<Buffer | undefined> {
    const present = await this.handles(index);
    if (!present.includes(index)) return undefined;
    return await this.#esys.exclusively(async () => {
      const { handle } = await this.#esys.command(
        "find an NV index",
        "TR_FromTPMPublic",
        { handles: [index] },
      );
      try {
        const about = await this.#esys.command(
          "describe an NV index",
          "NV_ReadPublic",
          { handles: [handle] },
        );
        const area = about.outputs[0] as Buffer;
        const size = area.readUInt16BE(area.length - 2);
        const parts: Buffer[] = [];
        for (let offset = 0; offset < size; offset += 512) {
          const { outputs } = await this.#esys.command(
            "read an NV index",
            "NV_Read",
            {
              handles: [handle, handle],
              sessions: [fixedHandle.password],
              inputs: [Math.min(512, size - offset), offset],
            },
          );
          parts.push((outputs[0] as Buffer).subarray(2));
        }
        return Buffer.concat(parts);
      } finally {
        await this.#esys.close(handle);
      }
    });
  }

  /** TPM2B_PUBLIC of an endorsement key. @param template of the key; the standard one by `endorsementKey`. @throws TpmError */
  async endorsementPublic(template: Buffer): Promise<Buffer> {
    return await this.#esys.exclusively(async () => {
      const { handle, publicArea } = await this.#primary(
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
    return await this.#authorised(async (session) => {
      const handle = await this.#load(sealed, session);
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
        return await this.#withPolicy(async (policy) => {
          await this.#assert(policy, opening);
          const { outputs } = await this.#esys.command(what, "Unseal", {
            handles: [handle],
            sessions: [policy, session],
          });
          return (outputs[0] as Buffer).subarray(2);
        });
      } finally {
        await this.#esys.flush(handle);
      }
    });
  }

  /** Whether this TPM made the object, and was not cleared since. @throws TpmError */
  async holds(object: TpmObject): Promise<boolean> {
    try {
      await this.#authorised(async (session) => {
        await this.#esys.flush(await this.#load(object, session));
      });
      return true;
    } catch (error) {
      if (error instanceof NotThisTpmError) return false;
      throw error;
    }
  }

  /** Signs a SHA-256 digest; gives the TPMT_SIGNATURE. @throws NotThisTpmError, TpmError */
  async sign(key: TpmObject, digest: Uint8Array): Promise<Buffer> {
    return await this.#withKey(key, async (handle, session) => {
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
    return await this.#withKey(key, async (handle, session) => {
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
    return await this.#withKey(key, async (handle, session) => {
      const other = await this.#load(subject, session);
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
    return await this.#withKey(key, async (handle, session) => {
      const { handle: endorsement } = await this.#primary(
        fixedHandle.endorsement,
        endorsementTemplate,
      );
      try {
        return await this.#withPolicy(async (policy) => {
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
    return await this.#withKey(key, async (handle, session) => {
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
    return await this.#withKey(key, async (handle, session) => {
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
      async () => await this.#pcrValues(pcrs, hash),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#esys
      .exclusively(async () => await this.#forget())
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
    return await this.#authorised(
      async (session) =>
        await this.#withParent(template, async (parent) => {
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

  /** Makes the assertions of a policy in a policy session. */
  async #assert(policy: number, opening: Opening): Promise<void> {
    const { signedPcrs } = opening;
    if (signedPcrs) {
      const { key, policies } = signedPcrs;
      const pcrs = new Set(policies.flatMap((signed) => signed.pcrs));
      const values = await this.#pcrValues([...pcrs], algorithm.sha256);
      const signed = policies.find((candidate) =>
        pcrPolicy(
          new Map(
            candidate.pcrs.map((pcr) => [pcr, values.get(pcr) as Buffer]),
          ),
        ).equals(candidate.policy),
      );
      if (!signed)
        throw new WrongImageError("open a sealed secret", 0x99d, {
          status: 409,
          type: "wrong-image",
          advice:
            "what was started is not what the key that this secret trusts has signed; start a signed system",
        });
      const { handle } = await this.#esys.command(
        "take the key of PCR policies",
        "LoadExternal",
        { inputs: [null, externalRsaPublic(key), fixedHandle.owner] },
      );
      let ticket: Buffer;
      try {
        const { outputs } = await this.#esys.command(
          "check a PCR policy's signature",
          "VerifySignature",
          {
            handles: [handle],
            inputs: [
              sized(createHash("sha256").update(signed.policy).digest()),
              rsassaSignature(signed.signature),
            ],
          },
        );
        ticket = outputs[0] as Buffer;
      } finally {
        await this.#esys.flush(handle);
      }
      await this.#esys.command("compare PCR values", "PolicyPCR", {
        handles: [policy],
        inputs: [sized(), pcrSelection(signed.pcrs)],
      });
      await this.#esys.command("accept a signed policy", "PolicyAuthorize", {
        handles: [policy],
        inputs: [
          sized(signed.policy),
          sized(),
          sized(nameOf(readPublic(externalRsaPublic(key)))),
          ticket,
        ],
      });
    }
    if (opening.password)
      await this.#esys.command("ask for a password", "PolicyAuthValue", {
        handles: [policy],
      });
  }

  async #pcrValues(
    pcrs: readonly number[],
    hash: number,
  ): Promise<Map<number, Buffer>> {
    const values = new Map<number, Buffer>();
    let wanted = [...pcrs].sort((a, b) => a - b);
    // The TPM gives at most eight at a time, and says which.
    while (wanted.length > 0) {
      const { outputs } = await this.#esys.command("read PCRs", "PCR_Read", {
        inputs: [pcrSelection(wanted, hash)],
      });
      const given = readPcrSelection(
        new WireReader(outputs[1] as Buffer, "TPM's PCR selection"),
      ).flatMap((bank) => bank.pcrs);
      const digests = new WireReader(outputs[2] as Buffer, "TPM's PCR values");
      digests.u32();
      for (const pcr of given) values.set(pcr, Buffer.from(digests.sized()));
      if (given.length === 0)
        throw new TpmError("read PCRs", 0, {
          advice:
            "it has no bank of SHA-256 PCRs; switch it on in the firmware",
        });
      wanted = wanted.filter((pcr) => !values.has(pcr));
    }
    return values;
  }

  /** Runs `work` with the session that authorises by HMAC and encrypts parameters; a command that fails ends the session. */
  async #authorised<T>(work: (session: number) => Promise<T>): Promise<T> {
    return await this.#esys.exclusively(async () => {
      if (this.#session === 0) {
        const salt = await this.#saltKey();
        try {
          this.#session = await this.#esys.startSession("hmac", salt);
        } finally {
          await this.#esys.flush(salt);
        }
      }
      try {
        return await work(this.#session);
      } catch (error) {
        // Where a response got lost, both sides' nonces differ, so a fresh session follows any failure.
        await this.#forget();
        throw error;
      }
    });
  }

  async #forget(): Promise<void> {
    for (const handle of [...this.#loaded.values(), this.#session])
      if (handle !== 0) await this.#esys.flush(handle).catch(() => {});
    this.#loaded.clear();
    this.#session = 0;
  }

  /** Loads the endorsement key and compares it with the pinned one: a chip between us and the TPM must not salt for us. */
  async #saltKey(): Promise<number> {
    const { handle, publicArea } = await this.#primary(
      fixedHandle.endorsement,
      this.#salt.template,
    );
    const pinned = this.#salt.name;
    if (pinned && !nameOf(readPublic(publicArea)).equals(pinned)) {
      await this.#esys.flush(handle);
      throw new NotThisTpmError("start a session", 0, {
        status: 409,
        type: "not-this-tpm",
        advice:
          "its endorsement key is not the one this box knows, so it is another TPM; enrol the box again with the owner's root key",
      });
    }
    return handle;
  }

  async #withPolicy<T>(work: (policy: number) => Promise<T>): Promise<T> {
    const policy = await this.#esys.startSession("policy", fixedHandle.none);
    try {
      return await work(policy);
    } finally {
      // A policy session that the TPM used up without `continue` is gone by itself.
      await this.#esys.flush(policy).catch((error: unknown) => {
        if (!(error instanceof NoSuchHandleError)) throw error;
      });
    }
  }

  async #withParent<T>(
    publicArea: Buffer,
    work: (parent: number) => Promise<T>,
  ): Promise<T> {
    const { handle } = await this.#primary(
      hierarchyOf(publicArea),
      storageParent(this.#parentKind),
    );
    try {
      return await work(handle);
    } finally {
      await this.#esys.flush(handle);
    }
  }

  async #primary(
    hierarchy: number,
    template: Buffer,
  ): Promise<{ handle: number; publicArea: Buffer }> {
    await this.#makeRoom();
    const { handle, outputs } = await this.#esys.command(
      "make a primary key",
      "CreatePrimary",
      {
        handles: [hierarchy],
        sessions: [fixedHandle.password],
        inputs: [
          sensitiveCreate(Buffer.alloc(0)),
          template,
          noOutsideInfo,
          u32(0),
        ],
      },
    );
    return { handle, publicArea: outputs[0] as Buffer };
  }

  async #load(object: TpmObject, session: number): Promise<number> {
    return await this.#withParent(object.publicArea, async (parent) => {
      const { handle } = await this.#esys.command("load a key", "Load", {
        handles: [parent],
        sessions: [session],
        inputs: [object.privateArea, object.publicArea],
      });
      return handle;
    });
  }

  /** Runs `work` with a key loaded, and keeps it so for the next time. */
  async #withKey<T>(
    key: TpmObject,
    work: (handle: number, session: number) => Promise<T>,
  ): Promise<T> {
    return await this.#authorised(async (session) => {
      const id = createHash("sha256").update(key.publicArea).digest("hex");
      const handle = this.#loaded.get(id) ?? (await this.#load(key, session));
      this.#loaded.delete(id);
      this.#loaded.set(id, handle);
      return await work(handle, session);
    });
  }

  /** Unloads all kept keys but the newest: a TPM has room for three objects at least, and two more may be needed beside it. */
  async #makeRoom(): Promise<void> {
    for (const [id, handle] of [...this.#loaded].slice(0, -1)) {
      await this.#esys.flush(handle);
      this.#loaded.delete(id);
    }
  }

  async #capability<T>(
    capability: number,
    first: number,
    count: number,
    read: (reader: WireReader) => T,
  ): Promise<T[]> {
    return await this.#esys.exclusively(async () => {
      const { outputs } = await this.#esys.command(
        "describe itself",
        "GetCapability",
        { inputs: [capability, first, count] },
      );
      const reader = new WireReader(outputs[1] as Buffer, "TPM's description");
      reader.u32();
      return Array.from({ length: reader.u32() }, () => read(reader));
    });
  }
}

function stepsOf({ signedPcrs, password }: Opening): PolicyStep[] {
  return [
    ...(signedPcrs
      ? [{ kind: "signed-pcrs", key: signedPcrs.key } as const]
      : []),
    ...(password ? [{ kind: "password" } as const] : []),
  ];
}

function attestation([attest, signature]: readonly Buffer[]): Attestation {
  return {
    attest: (attest as Buffer).subarray(2),
    signature: signature as Buffer,
  };
}

/** A TPM hides its counters from what attestation keys of the owner hierarchy say (Part 1 section 36.7), so ours are in the other. */
function hierarchyOf(publicArea: Buffer): number {
  const attests = attribute.restricted | attribute.sign;
  const attributes = publicArea.readUInt32BE(6);
  return (attributes & attests) === attests
    ? fixedHandle.endorsement
    : fixedHandle.owner;
}
