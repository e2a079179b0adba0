import { ConflictError, CoppiceError } from "../shared/errors.ts";
import { Mutex } from "../shared/mutex.ts";
import {
  readCertificate,
  renewBefore,
  revokeCertificate,
} from "./attest/device-certificate.ts";
import { linkKeys, openReEnrolment } from "./attest/key-link.ts";
import { certify, createRecord, type VaultOptions } from "./first-keys.ts";
import { createPeerKey, PeerKey, type PeerKeyKind } from "./peer-key.ts";
import {
  type IdentityRecord,
  loadObject,
  readRecord,
  storeObject,
  writeRecord,
} from "./record.ts";
import { type Endorsement, readEndorsement } from "./tpm/endorsement.ts";
import { nameOf, readPublic } from "./tpm/public-area.ts";
import { attestationKey, signingKey } from "./tpm/templates.ts";
import type { Tpm } from "./tpm/tpm.ts";
import { TpmSigner } from "./tpm-signer.ts";

/** What became of the TPM that made this node's keys. */
export type Loss = "cleared" | "replaced";

const words: Record<Loss, string> = {
  cleared:
    "This box's TPM was cleared, so the keys that made it this node are gone. It does not act as that node any more. Enrol it again with the owner's root key.",
  replaced:
    "This box has another TPM than the one that holds this node's keys. It does not act as that node. Put the old TPM back, or enrol the box again with the owner's root key.",
};

/** The keys of this node are not in this TPM. */
export class IdentityLostError extends CoppiceError {
  override name = "IdentityLostError";
  readonly loss: Loss;
  constructor(loss: Loss) {
    super(409, `tpm-${loss}`, words[loss]);
    this.loss = loss;
  }
}

/** This node's keys: made once, kept as TPM blobs, changed only with a signed link from the old to the new. */
export class Vault {
  readonly endorsement: Endorsement;
  #options: VaultOptions;
  #record: IdentityRecord;
  #loss: Loss | undefined;
  #pending: IdentityRecord | undefined;
  #peer: PeerKey;
  #changes = new Mutex();

  private constructor(
    options: VaultOptions,
    endorsement: Endorsement,
    record: IdentityRecord,
    loss: Loss | undefined,
  ) {
    this.#options = options;
    this.endorsement = endorsement;
    this.#record = record;
    this.#loss = loss;
    this.#peer = this.#peerOf(record);
  }

  /** Opens the keys, or makes them at the first start. A box without an owner whose TPM changed begins anew. @throws TpmError */
  static async open(options: VaultOptions): Promise<Vault> {
    const { tpm, folder } = options;
    const endorsement = await readEndorsement(tpm);
    const name = nameOf(readPublic(endorsement.publicArea));
    const record = await readRecord(folder);
    tpm.trustEndorsementKey(endorsement.template, name);
    const loss = record ? await lossOf(tpm, record, name) : undefined;
    if (record && (loss === undefined || record.owner !== null)) {
      const vault = new Vault(options, endorsement, record, loss);
      await vault.renewWhenDue();
      return vault;
    }
    const made = await createRecord(options, endorsement, null, []);
    await writeRecord(folder, made);
    return new Vault(options, endorsement, made, undefined);
  }

  /** What the vault holds: for showing it. */
  get record(): Readonly<IdentityRecord> {
    return this.#record;
  }

  /** Why this box cannot act as its node, if so. */
  get loss(): { kind: Loss; message: string } | undefined {
    return this.#loss
      ? { kind: this.#loss, message: words[this.#loss] }
      : undefined;
  }

  /** The node key. @throws IdentityLostError */
  get node(): TpmSigner {
    return new TpmSigner(this.#options.tpm, loadObject(this.#use().keys.node));
  }

  /** A key's TPM object. @throws IdentityLostError */
  key(name: keyof IdentityRecord["keys"]) {
    return loadObject(this.#use().keys[name]);
  }

  /** Signs with the libp2p key. @throws IdentityLostError, WrongImageError, TpmError */
  async signAsPeer(data: Uint8Array): Promise<Buffer> {
    this.#use();
    return await this.#peer.sign(data);
  }

  /** Remembers whose box this is. @param owner principal of the root key, hex. @throws ConflictError where it has another owner */
  async setOwner(owner: string): Promise<void> {
    await this.#change((record) => {
      if (record.owner !== null && record.owner !== owner)
        throw new ConflictError(
          "This box's identity belongs to another root key. Reset the box to give it away.",
          "other-owner",
        );
      return { ...record, owner };
    });
  }

  /** Makes a new attestation or node key and links it to the old one. @throws IdentityLostError, TpmError */
  async rotate(kind: "attestation" | "node"): Promise<void> {
    await this.#change(async (record) => {
      const { tpm, now } = this.#options;
      const old = this.node;
      const template = kind === "node" ? signingKey : attestationKey;
      const [fastest = "p256"] = await tpm.facts.keyKinds();
      const key = await tpm.createKey(template(fastest));
      const fresh = new TpmSigner(tpm, key);
      const link = await linkKeys(
        {
          type: "coppice key link 1",
          kind,
          from: old.spki,
          to: fresh.spki,
          at: now(),
        },
        old,
        kind === "node" ? fresh : undefined,
      );
      const changed = {
        ...record,
        keys: { ...record.keys, [kind]: storeObject(key) },
        links: [...record.links, link.toString("base64")],
      };
      return { ...changed, certificate: await certify(this.#options, changed) };
    });
  }

  /** Takes the device certificate back; a new libp2p key with a new certificate follows. @throws IdentityLostError, TpmError */
  async revoke(kind: PeerKeyKind = this.#record.peer.kind): Promise<void> {
    await this.#change(async (record) => {
      const { serial } = readCertificate(
        Buffer.from(record.certificate, "base64"),
      );
      const revocation = await revokeCertificate(
        this.node,
        serial,
        this.#options.now(),
      );
      const peer = await createPeerKey(
        this.#options.tpm,
        kind,
        await this.#options.boot.policies(),
      );
      const changed = {
        ...record,
        peer,
        revocations: [...record.revocations, revocation.toString("base64")],
      };
      return { ...changed, certificate: await certify(this.#options, changed) };
    });
  }

  /** Issues the device certificate anew where its end is near. @throws TpmError */
  async renewWhenDue(): Promise<boolean> {
    const { expires } = readCertificate(
      Buffer.from(this.#record.certificate, "base64"),
    );
    if (this.#loss || expires - this.#options.now() > renewBefore) return false;
    await this.#change(async (record) => ({
      ...record,
      certificate: await certify(this.#options, record),
    }));
    return true;
  }

  /** Makes the keys of a new identity and says what the owner must sign; nothing changes until `enrolAgain`. @throws ConflictError */
  async beginReEnrolment(): Promise<{
    from: Buffer;
    to: Buffer;
    endorsement: Buffer;
    at: number;
  }> {
    return await this.#changes.run(async () => {
      const { owner, keys, links } = this.#record;
      if (!this.#loss || owner === null)
        throw new ConflictError(
          "This box's identity is whole: there is nothing to enrol again.",
          "not-lost",
        );
      this.#pending ??= await createRecord(
        this.#options,
        this.endorsement,
        owner,
        links,
      );
      const spki = (key: IdentityRecord["keys"]["node"]): TpmSigner =>
        new TpmSigner(this.#options.tpm, loadObject(key));
      return {
        from: spki(keys.node).kid,
        to: spki(this.#pending.keys.node).spki,
        endorsement: nameOf(readPublic(this.endorsement.publicArea)),
        at: this.#options.now(),
      };
    });
  }

  /** Takes the new identity into use. @param signed the re-enrolment under the owner's root key. @throws SignatureError, ConflictError */
  async enrolAgain(signed: Uint8Array): Promise<void> {
    await this.#changes.run(async () => {
      const { owner } = this.#record;
      const pending = this.#pending;
      if (!pending || owner === null)
        throw new ConflictError("Ask what to sign first.", "not-begun");
      const statement = openReEnrolment(signed, Buffer.from(owner, "hex"));
      const fresh = new TpmSigner(
        this.#options.tpm,
        loadObject(pending.keys.node),
      );
      if (!fresh.spki.equals(statement.to))
        throw new ConflictError(
          "The owner signed for another TPM. Ask what to sign again.",
          "other-tpm",
        );
      const record = {
        ...pending,
        links: [...pending.links, Buffer.from(signed).toString("base64")],
      };
      await writeRecord(this.#options.folder, record);
      this.#record = record;
      this.#peer = this.#peerOf(record);
      this.#loss = undefined;
      this.#pending = undefined;
    });
  }

  #peerOf(record: IdentityRecord): PeerKey {
    return new PeerKey(
      this.#options.tpm,
      record.peer,
      async () => await this.#options.boot.policies(),
    );
  }

  #use(): IdentityRecord {
    if (this.#loss) throw new IdentityLostError(this.#loss);
    return this.#record;
  }

  async #change(
    change: (
      record: IdentityRecord,
    ) => Promise<IdentityRecord> | IdentityRecord,
  ): Promise<void> {
    await this.#changes.run(async () => {
      const changed = await change(this.#use());
      await writeRecord(this.#options.folder, changed);
      if (changed.peer !== this.#record.peer)
        this.#peer = this.#peerOf(changed);
      this.#record = changed;
    });
  }
}

/** A cleared TPM keeps its endorsement key and forgets what it made; another one has another endorsement key. */
async function lossOf(
  tpm: Tpm,
  record: IdentityRecord,
  name: Buffer,
): Promise<Loss | undefined> {
  if (record.endorsement !== name.toString("hex")) return "replaced";
  return (await tpm.holds(loadObject(record.keys.node)))
    ? undefined
    : "cleared";
}
