import { createHash } from "node:crypto";
import { NoSuchHandleError, NotThisTpmError } from "./errors.ts";
import { type Esys, fixedHandle } from "./esys.ts";
import { attribute, nameOf, readPublic } from "./public-area.ts";
import {
  endorsementKey,
  type KeyKind,
  sensitiveCreate,
  storageParent,
} from "./templates.ts";
import { sized, u32 } from "./wire.ts";

/** An object that only the TPM which made it can use: TPM2B_PUBLIC and (encrypted) TPM2B_PRIVATE. */
export interface TpmObject {
  publicArea: Buffer;
  privateArea: Buffer;
}

/** Loads objects, keeps the newest loaded, and holds the session that authorises and encrypts. */
export class TpmObjects {
  #esys: Esys;
  #parentKind: KeyKind;
  #salt: { template: Buffer; name?: Buffer };
  #session = 0;
  /** Loaded keys by the SHA-256 of their public area, least recently used first. */
  #loaded = new Map<string, number>();

  /** @param kind of the storage parent and, until one is pinned, of the endorsement key. */
  constructor(esys: Esys, kind: KeyKind) {
    this.#esys = esys;
    this.#parentKind = kind;
    this.#salt = { template: endorsementKey(kind) };
  }

  /** Pins the endorsement key that sessions are salted to; until then it is taken as the TPM gives it. @param name its TPM name */
  trustEndorsementKey(template: Buffer, name: Buffer): void {
    this.#salt = { template, name };
  }

  /** Runs `work` with the session that authorises by HMAC and encrypts parameters; a command that fails ends the session. */
  async authorised<T>(work: (session: number) => Promise<T>): Promise<T> {
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
        await this.forget();
        throw error;
      }
    });
  }

  /** Unloads all that is kept loaded, and ends the session. */
  async forget(): Promise<void> {
    for (const handle of [...this.#loaded.values(), this.#session])
      if (handle !== 0) await this.#esys.flush(handle).catch(() => {});
    this.#loaded.clear();
    this.#session = 0;
  }

  /** Loads the endorsement key and compares it with the pinned one: a chip between us and the TPM must not salt for us. */
  async #saltKey(): Promise<number> {
    const { handle, publicArea } = await this.primary(
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

  /** Runs `work` with a policy session. @throws TpmError */
  async withPolicy<T>(work: (policy: number) => Promise<T>): Promise<T> {
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

  /** Runs `work` with the parent loaded that an object with this public area is under. @throws TpmError */
  async withParent<T>(
    publicArea: Buffer,
    work: (parent: number) => Promise<T>,
  ): Promise<T> {
    const { handle } = await this.primary(
      hierarchyOf(publicArea),
      storageParent(this.#parentKind),
    );
    try {
      return await work(handle);
    } finally {
      await this.#esys.flush(handle);
    }
  }

  /** Makes a primary key; the caller flushes it. @throws TpmError */
  async primary(
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
        inputs: [sensitiveCreate(Buffer.alloc(0)), template, sized(), u32(0)],
      },
    );
    return { handle, publicArea: outputs[0] as Buffer };
  }

  /** Loads an object; the caller flushes it. @throws NotThisTpmError, TpmError */
  async load(object: TpmObject, session: number): Promise<number> {
    return await this.withParent(object.publicArea, async (parent) => {
      const { handle } = await this.#esys.command("load a key", "Load", {
        handles: [parent],
        sessions: [session],
        inputs: [object.privateArea, object.publicArea],
      });
      return handle;
    });
  }

  /** Runs `work` with a key loaded, and keeps it so for the next time. */
  async withKey<T>(
    key: TpmObject,
    work: (handle: number, session: number) => Promise<T>,
  ): Promise<T> {
    return await this.authorised(async (session) => {
      const id = createHash("sha256").update(key.publicArea).digest("hex");
      const handle = this.#loaded.get(id) ?? (await this.load(key, session));
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
}

/** A TPM hides its counters from what attestation keys of the owner hierarchy say (Part 1 section 36.7), so ours are in the other. */
function hierarchyOf(publicArea: Buffer): number {
  const attests = attribute.restricted | attribute.sign;
  const attributes = publicArea.readUInt32BE(6);
  return (attributes & attests) === attests
    ? fixedHandle.endorsement
    : fixedHandle.owner;
}
