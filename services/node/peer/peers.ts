import { PeerIdentityClient } from "../../identity/peer-client.ts";
import { WallClock } from "../../shared/zone.ts";
import type { FragmentStore } from "../store/fragments.ts";
import { LmdbIndex } from "../store/ordered-index.ts";
import { type Tree, treeAccount } from "../tree/tree.ts";
import { ownAddresses } from "./addresses.ts";
import { Admission } from "./admission.ts";
import { Agreements } from "./agreements.ts";
import { answersFor } from "./answers.ts";
import { Care } from "./care.ts";
import { fetchSegment } from "./fetching.ts";
import { accountOf, type Friend } from "./friend.ts";
import { Friends } from "./friends.ts";
import { type Host, peerPort, startHost } from "./host.ts";
import { Introduction, type Owned } from "./introduction.ts";
import { Invitations } from "./invitations.ts";
import { Keeping } from "./keeping.ts";
import { KeptTree } from "./kept-tree.ts";
import { Lines } from "./lines.ts";
import { Locations } from "./locations.ts";
import { callProtocol } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import type { Promises } from "./promises.ts";
import { Protector } from "./protector.ts";
import { peerSigner } from "./receipt.ts";
import { Receipts, WrongReceiptError } from "./receipts.ts";
import { relianceOn } from "./reliance.ts";
import { limitsAt, noLimits, Shaper } from "./shaper.ts";
import { SpeedMeter, speedProtocol } from "./speed.ts";
import { Standings } from "./standing.ts";
import { Versions } from "./versions.ts";
import { Watch } from "./watch.ts";

const tables = [
  "libp2p",
  "friends",
  "issued",
  "receipts",
  "locations",
  "held",
  "slots",
  "standings",
  "findings",
  "facts",
] as const;
type PeerTable = (typeof tables)[number];

/** What the peers need of the node; their folder is on the encrypted state. */
export interface PeersInit extends Owned {
  store: FragmentStore;
  onError(error: unknown, what: string): void;
}

/** The box among its friends: who they are, what each keeps for the other, and that it stays so. */
export class Peers implements AsyncDisposable {
  readonly friends: Friends;
  readonly standings: Standings;
  readonly locations: Locations;
  readonly invitations: Invitations;
  readonly agreements: Agreements;
  readonly lines: Lines;
  readonly host: Host;
  readonly protector: Protector;
  readonly upload: Shaper;
  readonly download: Shaper;
  readonly admission: Admission;
  readonly watch: Watch;
  readonly speed: SpeedMeter;
  /** Versions of the image that friends' boxes run. */
  readonly versions: Versions;
  readonly #care: Care;
  /** What friends have of the owner's tree. */
  readonly kept: KeptTree;
  promises: Promises | undefined;
  /** The owner's tree, once it is open. */
  tree: Tree | undefined;
  #init: PeersInit;
  #index: LmdbIndex<PeerTable>;
  #identity: PeerIdentityClient;
  #introduction: Introduction;
  #ending = new AbortController();
  readonly #clock = new WallClock();
  /** Whether it listens on all of the box's addresses. */
  #everywhere = listening().some((one) => /\/(0\.0\.0\.0|::)\//.test(one));

  private constructor(
    init: PeersInit,
    index: LmdbIndex<PeerTable>,
    parts: {
      identity: PeerIdentityClient;
      invitations: Invitations;
      locations: Locations;
      introduction: Introduction;
      privateKey: Awaited<ReturnType<PeerIdentityClient["privateKey"]>>;
    },
    host: (peers: Peers) => Host,
  ) {
    this.#init = init;
    this.#index = index;
    this.#identity = parts.identity;
    this.#introduction = parts.introduction;
    this.#care = new Care(this, init.store, init.onError);
    this.kept = new KeptTree(index);
    this.invitations = parts.invitations;
    this.locations = parts.locations;
    this.friends = new Friends(index);
    this.standings = new Standings(index);
    this.upload = new Shaper(() => this.#limits.upload);
    this.download = new Shaper(() => this.#limits.download);
    const { friends, standings, locations } = this;
    const keeping = new Keeping(
      init.store.foreign,
      index,
      () => peerSigner(parts.privateKey, this.peerKey),
      () => this.#introduction.node,
    );
    this.agreements = new Agreements({
      friends,
      identity: parts.identity,
      lines: () => this.lines,
      me: async () => ({
        node: this.#introduction.node,
        owner: init.root.principal,
      }),
    });
    this.admission = new Admission(
      friends,
      this.invitations,
      parts.identity,
      () => ({ owner: init.root.principal, peerKey: this.peerKey }),
    );
    this.watch = new Watch({
      friends,
      standings,
      locations,
      agreements: this.agreements,
      lines: () => this.lines,
      soon: () => this.soon(),
      signal: this.#ending.signal,
    });
    const receipts = new Receipts(index, init.root.principal, () => this.host);
    this.host = host(this);
    this.speed = new SpeedMeter(
      this.host,
      friends,
      this.upload,
      this.#ending.signal,
    );
    this.lines = new Lines({
      host: this.host,
      friends,
      upload: this.upload,
      self: async () =>
        await this.#introduction.refreshed(
          this.promises?.name,
          this.addresses,
          this.#ending.signal,
        ),
      admit: async (visitor) => await this.admission.admit(visitor),
      answersFor: (id) =>
        answersFor(id, {
          friends,
          identity: parts.identity,
          keeping,
          agreements: this.agreements,
          standings,
          versions: this.versions,
          offered: async (friend) => await this.#offered(friend),
        }),
      onLine: () => this.soon(),
    });
    this.versions = new Versions(friends, this.lines, this.download);
    const outbox = new Outbox(async (id, fragments, priority) => {
      const { signal } = this.#ending;
      const { receipt } = await this.lines.ask(
        id,
        "put",
        { fragments },
        priority,
        signal,
      );
      try {
        await receipts.take(
          friends.require(id),
          receipt,
          fragments.map(([fragment]) => fragment),
        );
      } catch (error) {
        if (!(error instanceof WrongReceiptError)) throw error;
        await this.watch.take(id, [
          { outcome: "lying", holding: undefined, evidence: error.message },
        ]);
        throw error;
      }
    });
    this.protector = new Protector({
      store: init.store,
      locations,
      outbox,
      standing: () => {
        const standing = relianceOn(this, Date.now());
        // What only a latecomer has of the journal must not be written over before it was read.
        const boxes = standing.boxes.filter(
          ({ id }) => this.kept.owed(id) === undefined,
        );
        return { ...standing, boxes };
      },
      promised: (block) => this.promises?.of(block),
      drop: async (id, places) => await this.watch.drop(id, places),
      onError: (error) => init.onError(error, "a segment could not be placed"),
    });
    const allow = (friend: Friend): void => {
      init.store.setQuota(
        accountOf(friend.owner),
        this.agreements.theirs(friend)?.space ?? 0,
      );
      this.soon();
    };
    friends.changes.on("change", allow);
    for (const friend of friends.all) allow(friend);
    init.store.elsewhere = async (address, segment) =>
      address.account.equals(treeAccount)
        ? await this.fetch(address.block, segment)
        : undefined;
  }

  /** Starts the box's peer. @throws CoppiceError where the identity does not answer */
  static async start(init: PeersInit, signal: AbortSignal): Promise<Peers> {
    const identity = new PeerIdentityClient();
    const index = await LmdbIndex.open(init.folder, tables);
    try {
      const introduction = await Introduction.prepare(init, identity, signal);
      const invitations = await Invitations.load(init.folder);
      const locations = await Locations.open(index);
      const privateKey = await identity.privateKey(signal);
      let peers: Peers | undefined;
      const host = await startHost({
        privateKey,
        index,
        listen: listening(),
        isFriend: (peer) =>
          peers?.friends.withPeer(peer.toString())?.phase === "active",
        protocols: {
          [callProtocol]: async (stream, connection) => {
            if (peers) await peers.lines.serve(stream, connection);
            else stream.abort(new Error("not ready yet"));
          },
          [speedProtocol]: async (stream, connection) => {
            if (peers) await peers.speed.serve(stream, connection);
            else stream.abort(new Error("not ready yet"));
          },
        },
      });
      peers = new Peers(
        init,
        index,
        { identity, invitations, locations, introduction, privateKey },
        () => host,
      );
      peers.#care.start();
      return peers;
    } catch (error) {
      await index[Symbol.asyncDispose]();
      await identity[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** This box's libp2p public key, protobuf. */
  get peerKey(): Buffer {
    return this.#introduction.peerKey;
  }

  /** Where others reach this box. */
  get addresses(): string[] {
    const confirmed = this.host.getMultiaddrs().map(String);
    return this.#everywhere
      ? ownAddresses(confirmed, this.host.peerId.toString())
      : confirmed;
  }

  /** Looks soon whether something has to be placed, moved or mended. */
  soon(): void {
    this.#care.soon();
  }

  /** Whether friends keep another tree than this box has, or a newer state of it. */
  get isBehind(): boolean {
    return (
      this.promises !== undefined && this.kept.isAheadOf(this.promises.tree)
    );
  }

  /** Whether everything was looked through since something last changed. */
  get isCurrent(): boolean {
    return this.#care.isCurrent;
  }

  /** A segment's bytes, as they were encrypted, from those who hold its fragments. */
  async fetch(
    block: Buffer,
    segment: number,
    signal = this.#ending.signal,
  ): Promise<Buffer | undefined> {
    const location = this.locations.get(block, segment);
    if (!location) return undefined;
    return await fetchSegment(
      location,
      this.#init.store.coder,
      async (id, index, bytes) => {
        await this.download.take(bytes, signal);
        return await this.lines.ask(
          id,
          "get",
          { place: [block, segment, index] },
          "interactive",
          signal,
          bytes,
        );
      },
      (id) => this.lines.isOnline(id),
      async (id, evidence) =>
        await this.watch.take(id, [
          { outcome: "lying", holding: undefined, evidence },
        ]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#init.store.elsewhere = undefined;
    await this.#care[Symbol.asyncDispose]();
    await this.lines[Symbol.asyncDispose]();
    await this.versions[Symbol.asyncDispose]();
    await this.host.stop();
    await this.#identity[Symbol.asyncDispose]();
    await this.#index[Symbol.asyncDispose]();
  }

  get #limits(): { upload: number; download: number } {
    const hour = Math.floor(this.#clock.minute() / 60);
    return limitsAt(this.promises?.limits ?? noLimits, hour);
  }

  /** Bytes that this box would still keep for a friend: what the owner allows, and the disks have. */
  async #offered(friend: Friend): Promise<number> {
    const { free } = await this.#init.store.room();
    const has = this.agreements.theirs(friend)?.space ?? 0;
    return Math.max(0, Math.min(friend.offer - has, free));
  }
}

/** Where to listen: all addresses, unless the unit's environment says otherwise. */
function listening(): string[] {
  const {
    COPPICE_PEER_LISTEN = `/ip4/0.0.0.0/tcp/${peerPort} /ip6/::/tcp/${peerPort}`,
  } = process.env;
  return COPPICE_PEER_LISTEN.split(/\s+/);
}
