import { createHash, randomInt, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import type { HostClient } from "../host/client.ts";
import type { IdentityClient } from "../identity/client.ts";
import type { Backup, NodeClient } from "../node/client.ts";
import { readJson, removeDurable, writeDurable } from "../shared/durable.ts";
import { BadRequestError, ConflictError } from "../shared/errors.ts";
import { Owner, type OwnerAccount } from "./api/owner.ts";
import { hashPassword } from "./api/password.ts";
import { Configurations } from "./configurations.ts";

/** What the setup has done so far; kept durably, so that a power cut costs at most the step at hand. */
const Pending = Type.Object({
  owner: Type.Optional(Owner),
  network: Type.Optional(
    Type.Boolean({ description: "whether the line was looked at" }),
  ),
  disk: Type.Optional(
    Type.Object({ uuid: Type.String(), name: Type.String() }),
  ),
  recoveryConfirmed: Type.Optional(Type.Boolean()),
  rootKeyConfirmed: Type.Optional(Type.Boolean()),
});
type Pending = Static<typeof Pending>;

/** The steps behind the code, in order. */
export const SetupStep = Type.Union([
  Type.Literal("owner"),
  Type.Literal("network"),
  Type.Literal("disk"),
  Type.Literal("recovery"),
  Type.Literal("root-key"),
  Type.Literal("finish"),
]);
export type SetupStep = Static<typeof SetupStep>;

/** How far the setup is. */
export const SetupProgress = Type.Object({
  step: SetupStep,
  ownerName: Type.Optional(Type.String()),
  disk: Type.Optional(
    Type.String({ description: "name of the disk that was prepared" }),
  ),
  work: Type.Optional(
    Type.Object(
      { step: Type.String(), done: Type.Integer(), of: Type.Integer() },
      { description: "the disk that is being prepared" },
    ),
  ),
  failure: Type.Optional(
    Type.String({ description: "why preparing the disk failed" }),
  ),
});
export type SetupProgress = Static<typeof SetupProgress>;

/** The other services, as the setup needs them. */
export interface Services {
  identity: IdentityClient;
  host: HostClient;
  node: NodeClient;
}

/** Takes a box from "has a setup code" to "has an owner". The claim is one durable write at the end: never half a claim. */
export class Claim {
  #file: string;
  #account: OwnerAccount;
  #services: Services;
  #pending: Pending;
  #work: { step: string; done: number; of: number } | undefined;
  #failure: string | undefined;
  #recovery: { hash: Buffer; group: number } | undefined;
  #listeners = new Set<() => void>();

  private constructor(
    file: string,
    account: OwnerAccount,
    services: Services,
    pending: Pending,
  ) {
    this.#file = file;
    this.#account = account;
    this.#services = services;
    this.#pending = pending;
  }

  /** @param folder the admin's state. */
  static async load(
    folder: string,
    account: OwnerAccount,
    services: Services,
  ): Promise<Claim> {
    const file = join(folder, "setup.json");
    return new Claim(
      file,
      account,
      services,
      (await readJson(Pending, file)) ?? {},
    );
  }

  get claimed(): boolean {
    return this.#account.name !== undefined;
  }

  progress(): SetupProgress {
    const { owner, network, disk, recoveryConfirmed, rootKeyConfirmed } =
      this.#pending;
    const step: SetupStep = !owner
      ? "owner"
      : !network && !disk
        ? "network"
        : !disk
          ? "disk"
          : !recoveryConfirmed
            ? "recovery"
            : !rootKeyConfirmed
              ? "root-key"
              : "finish";
    return {
      step,
      ...(owner ? { ownerName: owner.name } : {}),
      ...(disk ? { disk: disk.name } : {}),
      ...(this.#work ? { work: this.#work } : {}),
      ...(this.#failure ? { failure: this.#failure } : {}),
    };
  }

  /** Calls `listener` at each change; returns what ends that. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Notes the owner's name and password; both can be changed until the end. @throws BadRequestError */
  async setOwner(name: string, password: string): Promise<void> {
    this.#refuseIfClaimed();
    const owner = { name: name.trim(), password: await hashPassword(password) };
    if (owner.name === "")
      throw new BadRequestError("The owner needs a name.", "bad-name");
    await this.#update({ ...this.#pending, owner });
  }

  /** The owner has seen how the line is, and goes on. @throws ConflictError */
  async passNetwork(): Promise<void> {
    this.#refuseIfClaimed();
    await this.#update({ ...this.#pending, network: true });
  }

  /** Starts erasing and encrypting a disk; `progress` tells how it goes. @throws ConflictError */
  async startDisk(id: string, name: string): Promise<void> {
    this.#refuseIfClaimed();
    if (this.#work)
      throw new ConflictError(
        "A disk is being prepared already. Wait until that is done.",
        "busy",
      );
    if (this.#pending.disk)
      throw new ConflictError(
        "A disk is prepared already. Start the setup over to choose another.",
        "disk-chosen",
      );
    const disk = (await this.#services.host.disks()).find(
      (candidate) => candidate.id === id,
    );
    if (!disk)
      throw new ConflictError(
        "That disk is not there any more. Plug it in again, or choose another.",
        "no-such-disk",
      );
    if (disk.name !== name)
      throw new BadRequestError(
        `To erase this disk, type its name: ${disk.name}.`,
        "name-mismatch",
      );
    this.#work = { step: "Starting", done: 0, of: 1 };
    this.#failure = undefined;
    this.#changed();
    void this.#prepareDisk(id, name);
  }

  async #prepareDisk(id: string, name: string): Promise<void> {
    try {
      for await (const event of this.#services.host.prepareDisk(id, name)) {
        if ("error" in event) throw new ConflictError(event.error, event.type);
        if ("step" in event) this.#work = event;
        else {
          await this.#services.node.rescan();
          await this.#update({
            ...this.#pending,
            disk: { uuid: event.uuid, name },
            recoveryConfirmed: false,
          });
        }
        this.#changed();
      }
    } catch (error) {
      this.#failure = `${(error as Error).message} Nothing was claimed: choose the disk again, or another.`;
    } finally {
      this.#work = undefined;
      this.#changed();
    }
  }

  /**
   * Draws the disk's recovery key; only the last one drawn opens the disk.
   * @returns the key, and the number (from 1) of its group that must be typed to confirm. @throws ConflictError
   */
  async drawRecoveryKey(): Promise<{ recoveryKey: string; group: number }> {
    this.#refuseIfClaimed();
    const { disk } = this.#pending;
    if (!disk || this.#pending.recoveryConfirmed)
      throw new ConflictError(
        "There is no disk that waits for its recovery key.",
        "wrong-step",
      );
    const recoveryKey = await this.#services.host.renewRecoveryKey(disk.uuid);
    const groups = recoveryKey.split("-");
    const group = randomInt(groups.length);
    this.#recovery = { hash: digest(groups[group] ?? ""), group: group + 1 };
    return { recoveryKey, group: group + 1 };
  }

  /** Confirms that the owner has the recovery key. @param typed the group that was asked for. @throws BadRequestError */
  async confirmRecoveryKey(typed: string): Promise<void> {
    this.#refuseIfClaimed();
    if (!this.#recovery)
      throw new ConflictError(
        "The recovery key must be shown before it can be confirmed. Show it again.",
        "wrong-step",
      );
    if (
      !timingSafeEqual(digest(typed.trim().toLowerCase()), this.#recovery.hash)
    ) {
      throw new BadRequestError(
        `That is not group ${this.#recovery.group} of the recovery key. Look at what you saved, and type that group.`,
        "wrong-group",
      );
    }
    this.#recovery = undefined;
    await this.#update({ ...this.#pending, recoveryConfirmed: true });
  }

  /** Makes the root key and returns its backups. @throws ConflictError */
  async createRootKey(passphrase: string): Promise<Backup> {
    this.#refuseUnless("root-key");
    return await this.#services.node.createRootKey(passphrase);
  }

  /** Takes the root key from a backup. @throws BackupError */
  async restoreRootKey(backup: string, passphrase: string): Promise<void> {
    this.#refuseUnless("root-key");
    await this.#services.node.restoreRootKey(backup, passphrase);
    await this.#update({ ...this.#pending, rootKeyConfirmed: true });
  }

  /** Takes the root key from its 24 words. @throws BackupError */
  async restoreRootKeyFromWords(words: string): Promise<void> {
    this.#refuseUnless("root-key");
    await this.#services.node.restoreRootKeyFromWords(words);
    await this.#update({ ...this.#pending, rootKeyConfirmed: true });
  }

  /** The owner says that the backup is saved. @throws ConflictError where there is no root key yet. */
  async confirmRootKey(): Promise<void> {
    this.#refuseUnless("root-key");
    if ((await this.#services.node.state()).rootKey === null)
      throw new ConflictError("Make the root key first.", "wrong-step");
    await this.#update({ ...this.#pending, rootKeyConfirmed: true });
  }

  /** Claims the box. @throws ConflictError while a step is open. */
  async finish(): Promise<void> {
    this.#refuseUnless("finish");
    const { owner } = this.#pending;
    if (!owner)
      throw new ConflictError(
        "Begin with the owner's name and password.",
        "wrong-step",
      );
    await this.#account.claim(owner);
    await this.settle();
    await this.introduceOwner();
    await this.#keepNetwork();
  }

  /** What was set for the line goes into the backup, unless a box before this one left its own there. */
  async #keepNetwork(): Promise<void> {
    const { host, node } = this.#services;
    const { current } = await host.network();
    const kept = new Configurations(host, node);
    if (current > 0 && (await kept.kept()) === undefined) await kept.keep();
  }

  /** Does what follows from a claim; also at each start, because power may have gone between claim and this. */
  async settle(): Promise<void> {
    if (!this.claimed) return;
    await this.#services.identity.retireSetupCode();
    await removeDurable(this.#file);
    this.#pending = {};
  }

  /** Tells the identity whose box this is, so that only this owner can enrol it again; nothing changes where it knows. */
  async introduceOwner(): Promise<void> {
    if (!this.claimed) return;
    const { rootKey } = await this.#services.node.state();
    if (rootKey !== null) await this.#services.identity.setOwner(rootKey);
  }

  /** Begins anew: forgets owner, disk and root key of a setup that was not finished. @throws ConflictError */
  async restart(): Promise<void> {
    this.#refuseIfClaimed();
    if (this.#work)
      throw new ConflictError(
        "A disk is being prepared. Wait until that is done, then start over.",
        "busy",
      );
    await this.#services.node.forgetRootKey();
    this.#recovery = undefined;
    this.#failure = undefined;
    await this.#update({});
  }

  #refuseIfClaimed(): void {
    if (this.claimed)
      throw new ConflictError(
        "This box has an owner already. Sign in instead.",
        "already-claimed",
      );
  }

  #refuseUnless(step: SetupStep): void {
    this.#refuseIfClaimed();
    const at = this.progress().step;
    if (at !== step)
      throw new ConflictError(
        `The setup is at another step (${at}). Reload the page.`,
        "wrong-step",
      );
  }

  async #update(pending: Pending): Promise<void> {
    await writeDurable(this.#file, JSON.stringify(pending));
    this.#pending = pending;
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
