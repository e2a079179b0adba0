import { timingSafeEqual } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ReEnrolment } from "../identity/client.ts";
import { readJson, removeDurable, writeDurable } from "../shared/durable.ts";
import { ed25519Raw } from "../shared/ed25519.ts";
import { ConflictError, CoppiceError, DiskError } from "../shared/errors.ts";
import { Mutex } from "../shared/mutex.ts";
import { BoxWriter } from "./box-writer.ts";
import type { Backup, Box, OwnerProof, StorageState } from "./client.ts";
import { DataDisks } from "./data-disks.ts";
import { bringHome, forgetBlocks } from "./homecoming.ts";
import type { FriendsState } from "./peer/api.ts";
import { Befriending } from "./peer/befriending.ts";
import { overview } from "./peer/overview.ts";
import type { Peers } from "./peer/peers.ts";
import { type Recovered, returnTo } from "./peer/recovery.ts";
import { Peering } from "./peering.ts";
import { Coder } from "./store/coder.ts";
import { FragmentStore } from "./store/fragments.ts";
import { collectGarbage } from "./store/garbage.ts";
import { lastMendedOn, mendedOn } from "./store/history.ts";
import { Objects, objectAccount } from "./store/objects.ts";
import { LmdbIndex } from "./store/ordered-index.ts";
import { defaultScrub, Scrubber } from "./store/scrub.ts";
import {
  type ScrubReport,
  StoreSettings,
  type StoreState,
} from "./store/state.ts";
import { storeState } from "./store/store-state.ts";
import { Boxes } from "./tree/boxes.ts";
import { Revocations } from "./tree/revocations.ts";
import { RootKey } from "./tree/rootkey.ts";
import { Sharing } from "./tree/sharing.ts";
import { Tree, treeAccount } from "./tree/tree.ts";
import { treeTables } from "./tree/tree-index.ts";

/** How the node tells what goes wrong in the background. */
export interface NodeLog {
  error(details: { err: unknown }, message: string): void;
}

/** The storage node: the root key, the data disks' fragment store, and the files and objects that both together give. */
export class StorageNode implements AsyncDisposable {
  #state: string;
  #log: NodeLog;
  #store: FragmentStore;
  #disks: DataDisks;
  #scrubber: Scrubber;
  #settings: StoreSettings;
  #root: RootKey | undefined;
  #tree: Tree | undefined;
  #sharing: Sharing | undefined;
  #boxes: Boxes | undefined;
  #writer: BoxWriter | undefined;
  #peering: Peering;
  /** Ends what goes on for the present tree. */
  #treeEnding = new AbortController();
  /** Why the tree could not be opened. */
  #treeFailure: CoppiceError | undefined;
  /** Why nothing can be read for a while, in words. */
  #away: string | undefined;
  #quotaAccounts: string[] = [];
  #queue = new Mutex();
  #ending = new AbortController();
  #background: Promise<void>[] = [];

  private constructor(
    state: string,
    log: NodeLog,
    store: FragmentStore,
    disks: DataDisks,
    settings: StoreSettings,
  ) {
    this.#state = state;
    this.#log = log;
    this.#store = store;
    this.#disks = disks;
    this.#settings = settings;
    this.#scrubber = new Scrubber(store, settings.scrub);
    this.#peering = new Peering(state, store, (err, what) =>
      log.error({ err }, what),
    );
  }

  /**
   * @param state folder for the root key and the names, on the encrypted state partition. @param disks folder of mounted
   * data disks. @throws NativeLibraryError without ISA-L
   */
  static async open(
    state: string,
    disks: string,
    log: NodeLog,
  ): Promise<StorageNode> {
    await mkdir(state, { recursive: true });
    const store = new FragmentStore(Coder.open(), (err) =>
      log.error({ err }, "fragments could not be mended or collected"),
    );
    const settings = (await readJson(
      StoreSettings,
      join(state, "store.json"),
    )) ?? { scrub: defaultScrub, quotas: [] };
    const node = new StorageNode(
      state,
      log,
      store,
      await DataDisks.load(state, disks, store),
      settings,
    );
    node.#apply();
    node.#root = await RootKey.load(state);
    await node.rescan();
    return node;
  }

  /** Scrubs and collects garbage until the node is closed. */
  start(): void {
    this.#inBackground(
      async (signal) =>
        await this.#scrubber.run(signal, async () => {
          await this.#tree?.upkeep.tidy(signal);
          await this.#sharing?.tidy(signal);
          await this.#collect(signal);
        }),
    );
  }

  /** Looks for data disks that were mounted or taken away since. */
  async rescan(): Promise<void> {
    await this.#queue.run(async () => {
      const fresh = await this.#disks.rescan();
      // The disks and their page are there also where the tree is not.
      await this.#compose().catch((error: unknown) => {
        if (!(error instanceof CoppiceError)) throw error;
        this.#treeFailure = error;
        this.#log.error({ err: error }, "the block tree could not be opened");
      });
      if (fresh.length > 0) this.#spread();
    });
  }

  /** @throws DiskError, ConflictError where the box is not set up yet, CoppiceError while it is away (503, away). */
  get tree(): Tree {
    this.#refuseIfAway();
    if (this.#tree && this.#store.disks.size > 0) return this.#tree;
    if (!this.#root) throw notSetUp();
    if (this.#treeFailure && this.#store.disks.size > 0)
      throw this.#treeFailure;
    throw new DiskError(
      "The data disk is not there. Check its cable and power, then restart the box.",
    );
  }

  /** Who was given what. @throws as `tree` */
  get sharing(): Sharing {
    if (this.tree && this.#sharing) return this.#sharing;
    throw notSetUp();
  }

  /** Which nodes sign in the owner's name. @throws as `tree` */
  async boxes(): Promise<Box[]> {
    if (this.tree && this.#boxes)
      return await this.#boxes.list(await this.#writer?.principal());
    throw notSetUp();
  }

  /** Takes another node's cap back. @param principal hex. @throws NotFoundError, ConflictError for this one, and as `tree` */
  async revokeBox(principal: string): Promise<void> {
    if (!(this.tree && this.#boxes)) throw notSetUp();
    if (principal === (await this.#writer?.principal()))
      throw new ConflictError(
        "This is the box that you are using. Take it back from another one.",
        "this-box",
      );
    await this.#boxes.revoke(principal);
  }

  /** The friends. @throws NotPeeringError, and as `tree` */
  get peers(): Peers {
    if (!this.tree) throw notSetUp();
    return this.#peering.peers;
  }

  /** What the owner does about friends. @throws as `peers` */
  get befriending(): Befriending {
    return new Befriending(this.peers, this.#store);
  }

  /** The box among its friends. @throws as `peers` */
  friends(): FriendsState {
    const { peers } = this;
    if (!this.#root) throw notSetUp();
    return overview(peers, this.#store, this.#root.principal);
  }

  /**
   * Brings the tree back from friends: of the root key that is here, and one friend's address. The files are there at once,
   * and are fetched when they are read; the rest comes in the background.
   * @throws ConflictError where there are files, InvitationError, UnreachableError, RefusedError, StrangerError
   */
  async recover(address: string, signal: AbortSignal): Promise<Recovered[]> {
    return await this.#queue.run(async () => {
      const root = this.#root;
      if (!root || this.#store.disks.size === 0) throw notSetUp();
      this.#refuseIfFiles();
      // Nothing is given up for an address where nobody is.
      await returnTo(await this.#peering.start(root, signal), address, signal);
      let recovered: Recovered[];
      this.#away =
        "Your files are just being brought back from friends' boxes.";
      try {
        await this.#forgetTree();
        await forgetBlocks(this.#store);
        recovered = await bringHome(
          {
            peers: await this.#peering.start(root, signal),
            store: this.#store,
            root,
            index: this.#treeFolder,
            onError: (err) =>
              this.#log.error({ err }, "the block tree could not be read"),
          },
          address,
          signal,
        );
      } finally {
        this.#away = undefined;
        await this.#compose();
      }
      await this.#peering.opened();
      return recovered;
    });
  }

  /** @throws ConflictError where the box is not set up yet. */
  get objects(): Objects {
    this.#refuseIfAway();
    if (!this.#root) throw notSetUp();
    return new Objects(this.#store, this.#root.objectKey);
  }

  /** What the dashboard shows. */
  state(): StorageState {
    const disks = [...this.#store.disks.values()];
    const lastMended = Math.max(0, ...disks.map(lastMendedOn));
    const failure = disks.find((disk) => disk.failure)?.failure?.message;
    return {
      rootKey: this.#root?.principal.toString("hex") ?? null,
      disk: disks[0]?.uuid ?? null,
      files: this.#tree?.state.fact("files") ?? 0,
      bytes: this.#tree?.state.fact("bytes") ?? 0,
      mended: disks.reduce((sum, disk) => sum + mendedOn(disk), 0),
      ...(lastMended > 0 ? { lastMended } : {}),
      ...(failure === undefined ? {} : { failure }),
    };
  }

  /** All about the disks, their use and the scrub. */
  async storeState(): Promise<StoreState> {
    const { progress, last } = this.#scrubber;
    return storeState([...this.#store.disks.values()], {
      listed: await this.#disks.list(),
      settings: this.#settings,
      scrub: { ...(progress ? { progress } : {}), ...(last ? { last } : {}) },
      kindOf,
    });
  }

  /** Takes the owner's settings, durably. */
  async configure(settings: StoreSettings): Promise<void> {
    await writeDurable(
      join(this.#state, "store.json"),
      JSON.stringify(settings),
    );
    this.#settings = settings;
    this.#apply();
  }

  /** Reads everything now and mends what is rotten. Whoever asks goes on waiting until it is done. */
  async scrub(): Promise<ScrubReport> {
    return await this.#scrubber.now(this.#ending.signal);
  }

  /** Makes the index of every disk anew from its packs. All is read and written meanwhile. */
  async reindex(): Promise<void> {
    await this.#queue.run(async () => {
      for (const disk of this.#store.disks.values())
        await disk.reindex(this.#ending.signal);
    });
  }

  /** Begins to move everything from a disk to the others, or leaves it as it is. @throws NotFoundError, ConflictError */
  async drain(uuid: string, draining: boolean): Promise<void> {
    await this.#disks.drain(uuid, draining);
    this.#spread();
  }

  /** Does without a disk from now on. @throws ConflictError where there is something on it */
  async forgetDisk(uuid: string): Promise<void> {
    await this.#queue.run(async () => await this.#disks.forget(uuid));
    this.#spread();
  }

  /** Makes the root key and returns its backups; one that guards no file yet is replaced. @throws ConflictError */
  async createRootKey(
    passphrase: string,
    signal: AbortSignal,
  ): Promise<Backup> {
    return await this.#queue.run(async () => {
      const root = RootKey.create();
      const backup = await root.backup(passphrase, signal);
      await this.#adopt(root);
      return { backup, words: root.words };
    });
  }

  /** Takes the root key from its 24 words. @throws BackupError, ConflictError */
  async restoreRootKeyFromWords(words: string): Promise<void> {
    await this.#queue.run(
      async () => await this.#adopt(RootKey.fromWords(words)),
    );
  }

  /** Takes the root key from a backup. @throws BackupError, ConflictError */
  async restoreRootKey(
    file: string,
    passphrase: string,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#queue.run(async () =>
      this.#adopt(await RootKey.restore(file, passphrase, signal)),
    );
  }

  /** Whether somebody has this box's root key. @throws BackupError where what he has is no root key at all */
  async provesOwner(proof: OwnerProof, signal: AbortSignal): Promise<boolean> {
    const shown =
      "words" in proof
        ? RootKey.fromWords(proof.words)
        : await RootKey.restore(proof.backup, proof.passphrase, signal);
    return (
      this.#root !== undefined &&
      timingSafeEqual(shown.principal, this.#root.principal)
    );
  }

  /** Puts a new TPM in a lost one's place, in the owner's name. Gives a COSE_Sign1. @throws ConflictError where there is no root key */
  async signReEnrolment(
    question: Omit<ReEnrolment, "type" | "root">,
  ): Promise<Buffer> {
    if (!this.#root)
      throw new ConflictError(
        "The owner's root key is not on this box. Restore it first.",
        "not-set-up",
      );
    const { signReEnrolment } = await import("../identity/client.ts");
    return await signReEnrolment(
      {
        type: "coppice re-enrolment 1",
        ...question,
        root: ed25519Raw(this.#root.publicKey),
      },
      this.#root.signer,
    );
  }

  /** Forgets a root key that guards no file: the setup begins again. @throws ConflictError */
  async forgetRootKey(): Promise<void> {
    await this.#queue.run(async () => {
      this.#refuseIfFiles();
      await removeDurable(join(this.#state, "root-key"));
      this.#root = undefined;
      await this.#forgetTree();
      await this.#peering.forget();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#background);
    await this.#scrubber[Symbol.asyncDispose]();
    await this.#peering[Symbol.asyncDispose]();
    await this.#tree?.[Symbol.asyncDispose]();
    await this.#store[Symbol.asyncDispose]();
  }

  async #adopt(root: RootKey): Promise<void> {
    this.#refuseIfFiles();
    await root.save(this.#state);
    await this.#forgetTree();
    await this.#peering.forget();
    this.#root = root;
    await this.#compose();
  }

  #refuseIfAway(): void {
    if (this.#away)
      throw new CoppiceError(
        503,
        "away",
        `${this.#away} Try again in a moment.`,
        { retryAfter: 5 },
      );
  }

  #refuseIfFiles(): void {
    if ((this.#tree?.state.fact("files") ?? 0) > 0)
      throw new ConflictError(
        "There are files under the present root key. Delete them, or keep the key.",
        "root-key-in-use",
      );
  }

  /** Opens the tree once there are a root key and a disk. */
  async #compose(): Promise<void> {
    if (!this.#root || this.#tree || this.#store.disks.size === 0) return;
    const tree = await Tree.open(
      this.#store,
      this.#root,
      await LmdbIndex.open(this.#treeFolder, treeTables),
      (err) => this.#log.error({ err }, "the block tree could not be tidied"),
    );
    const revocations = new Revocations(tree);
    try {
      await tree.discover(this.#ending.signal);
      if (!this.#disks.complete && tree.state.journal.head.number === 0)
        throw new DiskError(
          "The tree is not on the disks that are there, and some are missing. Connect them, then restart the box.",
        );
      await tree.ensureRoot();
      await revocations.load();
    } catch (error) {
      await tree[Symbol.asyncDispose]();
      throw error;
    }
    this.#sharing = new Sharing(tree, revocations);
    this.#tree = tree;
    this.#boxes = new Boxes(tree, revocations);
    const writer = new BoxWriter(this.#state, tree, this.#boxes, (err) =>
      this.#log.error(
        { err },
        "the TPM did not vouch for this box: the root key signs in its stead",
      ),
    );
    this.#writer = writer;
    const ending = new AbortController();
    this.#treeEnding = ending;
    this.#inBackground(
      async (signal) =>
        await writer.run(AbortSignal.any([signal, ending.signal])),
    );
    this.#treeFailure = undefined;
    this.#peering.open(this.#root, tree);
  }

  get #treeFolder(): string {
    return join(this.#state, "tree");
  }

  async #forgetTree(): Promise<void> {
    this.#treeEnding.abort();
    await this.#peering.close();
    await this.#tree?.[Symbol.asyncDispose]();
    this.#tree = undefined;
    await rm(this.#treeFolder, { recursive: true, force: true });
  }

  #apply(): void {
    this.#scrubber.settings = this.#settings.scrub;
    for (const account of this.#quotaAccounts)
      this.#store.setQuota(Buffer.from(account, "hex"), undefined);
    this.#quotaAccounts = this.#settings.quotas.map(({ account }) => account);
    for (const { account, bytes } of this.#settings.quotas)
      this.#store.setQuota(Buffer.from(account, "hex"), bytes);
  }

  /** Takes in what is on new disks, and puts each fragment where it should be with the present ones. */
  #spread(): void {
    this.#inBackground(async (signal) => {
      await this.#scrubber.settle(signal);
      await this.#tree?.upkeep.recode(signal);
    });
  }

  async #collect(signal: AbortSignal): Promise<void> {
    await collectGarbage(
      this.#store,
      ({ account, block }, expired) => {
        if (account.equals(treeAccount)) return this.#tree?.leadsTo(block);
        if (account.equals(objectAccount))
          return expired ? false : this.#disks.hasHeader(account, block);
        // Somebody else's: as long as the contract, and its grace after it, says.
        return this.#peering.owes(account);
      },
      signal,
    );
  }

  #inBackground(work: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#ending;
    const running = work(signal)
      .catch((err: unknown) => {
        if (!signal.aborted)
          this.#log.error({ err }, "work on the data disks failed");
      })
      .finally(() => {
        this.#background = this.#background.filter((one) => one !== running);
      });
    this.#background.push(running);
  }
}

/** Whose the fragments of an account are, by its hex. */
function kindOf(account: string): StoreState["usage"][number]["kind"] {
  if (account === treeAccount.toString("hex")) return "files";
  return account === objectAccount.toString("hex") ? "objects" : "peer";
}

function notSetUp(): ConflictError {
  return new ConflictError(
    "This box is not set up yet. Finish the setup first.",
    "not-set-up",
  );
}
