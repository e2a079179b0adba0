import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CoppiceError } from "../shared/errors.ts";
import { Mutex } from "../shared/mutex.ts";
import type { Peers, PeersInit } from "./peer/peers.ts";
import { Promises } from "./peer/promises.ts";
import type { FragmentStore } from "./store/fragments.ts";
import { Records } from "./tree/records.ts";
import type { RootKey } from "./tree/rootkey.ts";
import type { Tree } from "./tree/tree.ts";

const retryAfter = 5000;

/** The friends' boxes cannot be reached from here yet. */
export class NotPeeringError extends CoppiceError {
  override name = "NotPeeringError";
  constructor(cause?: unknown) {
    super(
      503,
      "not-peering",
      cause instanceof CoppiceError
        ? `This box cannot speak with others yet: ${cause.message}`
        : "This box cannot speak with others yet. Try again in a few seconds.",
      { retryAfter: 5, cause },
    );
  }
}

/** Brings the box among its friends once it has an owner and an identity, and takes it out again. */
export class Peering implements AsyncDisposable {
  #folder: string;
  #store: FragmentStore;
  #onError: PeersInit["onError"];
  #queue = new Mutex();
  #peers: Peers | undefined;
  #failure: unknown;
  #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** @param state folder of the node's own. */
  constructor(
    state: string,
    store: FragmentStore,
    onError: PeersInit["onError"],
  ) {
    this.#folder = join(state, "peer");
    this.#store = store;
    this.#onError = onError;
  }

  /** @throws NotPeeringError */
  get peers(): Peers {
    if (this.#peers?.promises) return this.#peers;
    throw new NotPeeringError(this.#failure);
  }

  /** Whether something is still kept for an account; `undefined` where that cannot be told now, or nobody knows whose it is. */
  owes(account: Buffer): boolean | undefined {
    return this.#peers?.agreements.owes(account, Date.now());
  }

  /** Starts with a tree, in the background, as soon as the identity answers. */
  open(root: RootKey, tree: Tree): void {
    const { signal } = this.#ending;
    this.#running = this.#queue.run(async () => {
      while (!signal.aborted) {
        try {
          const peers = await this.start(root, signal);
          const records = new Records(tree);
          const promises = await Promises.load(tree, records);
          await peers.friends.keepIn(tree, records);
          peers.promises = promises;
          peers.tree = tree;
          peers.soon();
          this.#failure = undefined;
          return;
        } catch (error) {
          if (!signal.aborted && !(error instanceof CoppiceError))
            this.#onError(error, "this box cannot speak with others");
          this.#failure = error;
        }
        await sleep(retryAfter, undefined, { signal, ref: false }).catch(
          () => {},
        );
      }
    });
  }

  /** Resolves when the box is among its friends, or was taken away from them. */
  async opened(): Promise<void> {
    await this.#running;
  }

  /** The peers, started where they are not, also without a tree. @throws CoppiceError where the identity does not answer */
  async start(root: RootKey, signal: AbortSignal): Promise<Peers> {
    if (this.#peers) return this.#peers;
    // libp2p is large: files are served before it is loaded.
    const { Peers } = await import("./peer/peers.ts");
    this.#peers = await Peers.start(
      {
        folder: this.#folder,
        store: this.#store,
        root: root.person,
        onError: this.#onError,
      },
      signal,
    );
    return this.#peers;
  }

  /** Takes the box away from its friends. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#peers?.[Symbol.asyncDispose]();
    this.#peers = undefined;
    this.#ending = new AbortController();
  }

  /** Forgets the friends: the box gets another owner. */
  async forget(): Promise<void> {
    await this.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
