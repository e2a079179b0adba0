import { setTimeout as sleep } from "node:timers/promises";
import { CoppiceError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import type { FragmentStore } from "../store/fragments.ts";
import { treeAccount } from "../tree/tree.ts";
import { type Friend, friendId } from "./friend.ts";
import type { Peers } from "./peers.ts";
import { takeLatecomer } from "./recovery.ts";

const attestEvery = 24 * 3_600_000;
const tendEvery = 2000;
const observeEvery = 60_000;
/** Everything is looked through so often, and so soon after something changed; milliseconds. */
const passEvery = 10 * 60_000;
const passSoon = 3000;
/** So long after a pass that could not do everything it is tried again. */
const passAgain = 15_000;

/** Does for the friends what is due: attests, agrees, audits, takes in what a latecomer has, and sees that every promise is kept. */
export class Care implements AsyncDisposable {
  readonly #peers: Peers;
  readonly #store: FragmentStore;
  readonly #onError: (error: unknown, what: string) => void;
  readonly #ending = new AbortController();
  #running: Promise<unknown>[] = [];
  readonly #busy = new Map<string, Promise<void>>();
  /** Placing and dropping, and taking in what a latecomer has: one at a time. */
  readonly #moving = new Mutex();
  #observed = 0;
  #nextPass = 0;
  /** When something last changed, and when the last look that was finished had begun; milliseconds since 1970. */
  #changed = 1;
  #looked = 0;

  constructor(
    peers: Peers,
    store: FragmentStore,
    onError: (error: unknown, what: string) => void,
  ) {
    this.#peers = peers;
    this.#store = store;
    this.#onError = onError;
  }

  /** Looks soon whether something has to be placed, moved or mended. */
  soon(): void {
    this.#changed = Date.now();
    this.#nextPass = Math.min(
      this.#nextPass,
      Date.now() + passSoon + this.#peers.protector.rest,
    );
  }

  /** Whether everything was looked through since something last changed. */
  get isCurrent(): boolean {
    return this.#looked > this.#changed;
  }

  /** Begins; until it is closed. */
  start(): void {
    const { signal } = this.#ending;
    this.#running = [
      this.#loop(async () => await this.#tend()),
      this.#loop(async () => await this.#pass()),
    ];
    const listener = this.#store.listen(({ account }) => {
      if (account.equals(treeAccount)) this.soon();
    });
    signal.addEventListener("abort", () => listener[Symbol.dispose](), {
      once: true,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#running);
    await Promise.all(this.#busy.values());
  }

  async #loop(work: () => Promise<void>): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await work().catch((error: unknown) => {
        if (!signal.aborted)
          this.#onError(error, "the friends could not be looked after");
      });
      await sleep(tendEvery, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Looks everything through, where that is due. */
  async #pass(): Promise<void> {
    const { signal } = this.#ending;
    const { promises, kept, protector, friends, standings } = this.#peers;
    if (Date.now() < this.#nextPass || !promises) return;
    const began = Date.now();
    this.#nextPass = began + passEvery;
    if (this.#peers.isBehind) return;
    await kept.note(promises.tree);
    await promises.survey(signal);
    const left = await this.#moving.run(
      async () => await protector.pass(signal),
    );
    this.#looked = began;
    // A friend did not answer just then: it is asked again.
    if (left > 0)
      this.#nextPass = Math.min(
        this.#nextPass,
        Date.now() + passAgain + protector.rest,
      );
    if (protector.state.some(({ waiting }) => waiting > 0)) return;
    for (const friend of friends.all)
      if (standings.get(friendId(friend)).mending > 0)
        await standings.lacks(friendId(friend), 0);
  }

  /** Does for each friend what is due; one thing at a time for each. */
  async #tend(): Promise<void> {
    const { friends, lines, standings, watch } = this.#peers;
    const now = Date.now();
    const observe = now >= this.#observed + observeEvery;
    if (observe) this.#observed = now;
    for (const friend of friends.all) {
      const id = friendId(friend);
      const online = lines.isOnline(id);
      if (observe || (online && standings.get(id).seen === 0))
        await watch.observe(friend, id, online, now);
      if (!online || this.#busy.has(id)) continue;
      const busy = this.#tendOne(friend, id, now)
        .catch((error: unknown) => {
          if (!(error instanceof CoppiceError) && !this.#ending.signal.aborted)
            this.#onError(error, `${friend.name} could not be looked after`);
        })
        .finally(() => this.#busy.delete(id));
      this.#busy.set(id, busy);
    }
  }

  async #tendOne(friend: Friend, id: string, now: number): Promise<void> {
    const { signal } = this.#ending;
    const { admission, agreements, kept, lines, tree, watch } = this.#peers;
    const { attested, phase } = friend;
    if (
      phase !== "expelled" &&
      (!attested ||
        now > attested.at + (attested.accepted ? attestEvery : 60_000))
    ) {
      await admission.attest(id, lines, signal);
      return;
    }
    const fork = kept.owed(id);
    if (phase === "active" && fork !== undefined && tree) {
      await this.#moving.run(
        async () =>
          await takeLatecomer(this.#peers, this.#store, tree, id, fork, signal),
      );
      await kept.settle(id);
      this.soon();
    }
    if (agreements.isDue(friend, now)) await agreements.agree(id, signal);
    if (phase !== "expelled") await watch.auditIfDue(id, now);
  }
}
