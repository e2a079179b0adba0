import type { PeerIdentityClient } from "../../identity/peer-client.ts";
import { coseSign } from "../../shared/cose.ts";
import { ConflictError } from "../../shared/errors.ts";
import {
  affords,
  type Contract,
  checkSigner,
  day,
  draftContract,
  draftEnding,
  hashOf,
  openEnding,
  type Party,
  readContract,
  renewalOf,
  type SignedContract,
  sealContract,
} from "./contract.ts";
import { ContractError, RefusedError } from "./errors.ts";
import { accountOf, type Friend, friendId } from "./friend.ts";
import type { Friends } from "./friends.ts";
import type { Lines } from "./lines.ts";
import type { Answer, Question } from "./messages.ts";

const mostEnded = 64;
/** Clocks of two boxes may differ by this much, milliseconds. */
const clockTolerance = 86_400_000;

/** What agreements are made with. */
export interface AgreementInit {
  friends: Friends;
  identity: PeerIdentityClient;
  lines(): Lines;
  /** This box and its owner. */
  me(): Promise<Party>;
}

/** Makes, renews and ends contracts with friends: this box asks for room, and gives it. */
export class Agreements {
  #init: AgreementInit;
  /** Why there is no contract, by the friend's id. */
  #troubles = new Map<string, string>();

  constructor(init: AgreementInit) {
    this.#init = init;
  }

  /** The contract under which a friend keeps something for me, while it is good: with the box that the friend has now. */
  mine(friend: Friend, now = Date.now()): Contract | undefined {
    const contract = friend.mine && readContract(friend.mine).contract;
    return contract &&
      contract.until > now &&
      Buffer.from(contract.provider).equals(friend.node)
      ? contract
      : undefined;
  }

  /** Why there is no new contract with a friend; empty where nothing is in the way. */
  trouble(id: string): string {
    return this.#troubles.get(id) ?? "";
  }

  /** What I keep for a friend. */
  theirs(friend: Friend): Contract | undefined {
    return friend.theirs ? readContract(friend.theirs).contract : undefined;
  }

  /** Whether this box still owes an account what it keeps for it: until the contract's end, and its grace. @param account 16 bytes. @returns `undefined` where no friend has it */
  owes(account: Buffer, now: number): boolean | undefined {
    const friend = this.#init.friends.all.find(({ owner }) =>
      accountOf(owner).equals(account),
    );
    if (!friend) return undefined;
    const { node } = friend;
    const ends = [friend.theirs, ...friend.ended.map((one) => one.contract)]
      .flatMap((bytes) => (bytes ? [readContract(bytes).contract] : []))
      .filter(({ consumer }) => Buffer.from(consumer).equals(node))
      .map(({ until, grace }) => until + grace);
    return ends.length === 0 ? undefined : Math.max(...ends) > now;
  }

  /** Whether a contract with this friend has to be made or renewed. */
  isDue(friend: Friend, now = Date.now()): boolean {
    if (friend.phase !== "active" || friend.wish === 0) return false;
    const contract = this.mine(friend, now);
    return (
      !contract || renewalOf(contract) < now || contract.space > friend.wish
    );
  }

  /** Asks a friend for room: as much as the owner wishes, or as there is, for what the owner pays. @throws RefusedError, UnreachableError, ContractError */
  async agree(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#agree(id, signal);
      this.#troubles.delete(id);
    } catch (error) {
      if (error instanceof RefusedError || error instanceof ContractError)
        this.#troubles.set(id, error.message);
      throw error;
    }
  }

  async #agree(id: string, signal: AbortSignal): Promise<void> {
    const { friends, identity } = this.#init;
    const lines = this.#init.lines();
    const friend = friends.require(id);
    const { offered, price, currency, days, bandwidth } = await lines.ask(
      id,
      "terms",
      {},
      "interactive",
      signal,
    );
    if (!affords(friend.pays, { price, currency }))
      throw new RefusedError(
        "too-dear",
        `${friend.name} asks ${price / 1e6} ${currency} for a gigabyte and month, and you pay ${friend.pays.price / 1e6} ${friend.pays.currency} at most. Agree on it with each other, and change it here or there.`,
      );
    const me = await this.#init.me();
    const before = this.#before(friend, me);
    const space = Math.min(
      friend.wish,
      offered + (before ? before.contract.space : 0),
    );
    if (space === 0)
      throw new RefusedError(
        "no-room",
        `${friend.name} offers no room at present.`,
      );
    const payload = draftContract(
      { node: Buffer.from(friend.node), owner: Buffer.from(friend.owner) },
      me,
      { space, price, currency, days, bandwidth },
      Date.now(),
      before,
    );
    const proposed = sealContract(payload, [
      await identity.signContract(payload, signal),
    ]);
    const { contract: bytes } = await lines.ask(
      id,
      "contract",
      { contract: proposed.bytes },
      "interactive",
      signal,
    );
    const signed = readContract(bytes);
    if (!signed.payload.equals(payload))
      throw new ContractError(`${friend.name} signed something else.`);
    checkSigner(signed, friend.key);
    await friends.change(id, (one) => ({
      mine: signed.bytes,
      ended: before
        ? [
            ...one.ended,
            { contract: before.bytes, ending: null, at: Date.now() },
          ].slice(-mostEnded)
        : one.ended,
    }));
  }

  /** Answers a friend that asks for room. @param offered bytes that may still be agreed on with this friend. @throws RefusedError, ContractError */
  async answer(
    friend: Friend,
    { contract: bytes }: Question<"contract">,
    offered: number,
    signal: AbortSignal,
  ): Promise<Answer<"contract">> {
    const proposed = readContract(bytes);
    const { contract, payload } = proposed;
    checkSigner(proposed, friend.key);
    const { asks } = friend;
    const me = await this.#init.me();
    const now = Date.now();
    const before = friend.theirs ? readContract(friend.theirs) : undefined;
    const follows =
      contract.version === 1 ||
      (before !== undefined &&
        before.contract.version + 1 === contract.version &&
        Buffer.from(before.contract.id).equals(contract.id) &&
        hashOf(before.payload).equals(contract.previous));
    const parties =
      me.node.equals(contract.provider) &&
      me.owner.equals(contract.providerOwner) &&
      Buffer.from(friend.node).equals(contract.consumer) &&
      Buffer.from(friend.owner).equals(contract.consumerOwner);
    if (!parties)
      throw new RefusedError("not-ours", "This contract is of two others.");
    if (!follows)
      throw new RefusedError(
        "not-newest",
        "This contract takes the place of one that is not the newest here.",
      );
    if (contract.space > offered)
      throw new RefusedError(
        "no-room",
        `This box offers ${offered} bytes, and not ${contract.space}.`,
      );
    if (
      contract.price < asks.price ||
      (asks.price > 0 && contract.currency !== asks.currency) ||
      contract.until > now + asks.days * day + clockTolerance ||
      contract.from > now + clockTolerance ||
      contract.bandwidth > asks.bandwidth
    )
      throw new RefusedError(
        "terms",
        "This box asks for other terms than these. Ask for them again.",
      );
    const mine = await this.#init.identity.signContract(payload, signal);
    const signed = coseSign(payload, [...proposed.signatures.values(), mine]);
    await this.#init.friends.change(friendId(friend), (one) => ({
      theirs: signed,
      ended: before
        ? [
            ...one.ended,
            { contract: before.bytes, ending: null, at: now },
          ].slice(-mostEnded)
        : one.ended,
    }));
    return { contract: signed };
  }

  /** Ends the contract under which a friend keeps something for me, or I for the friend; the friend is told where it can be. */
  async end(
    id: string,
    which: "mine" | "theirs",
    reason: string,
    breach: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { friends, identity } = this.#init;
    const friend = friends.require(id);
    const bytes = friend[which];
    if (!bytes)
      throw new ConflictError(
        "There is no such contract any more.",
        "no-contract",
      );
    const { contract } = readContract(bytes);
    const draft = draftEnding(contract, reason, breach, Date.now());
    const ending = coseSign(draft, [
      await identity.signContract(draft, signal),
    ]);
    await friends.change(id, (one) => ({
      [which]: null,
      ended: [...one.ended, { contract: bytes, ending, at: Date.now() }].slice(
        -mostEnded,
      ),
    }));
    await this.#init
      .lines()
      .ask(id, "end", { ending }, "interactive", signal)
      .catch(() => {});
  }

  /** Hears that a friend has ended a contract. @throws ContractError, RefusedError */
  async ended(friend: Friend, { ending }: Question<"end">): Promise<void> {
    const { id } = openEnding(ending, friend.key);
    const which = (["mine", "theirs"] as const).find((one) => {
      const bytes = friend[one];
      return bytes && Buffer.from(readContract(bytes).contract.id).equals(id);
    });
    if (!which)
      throw new RefusedError("no-contract", "There is no such contract.");
    await this.#init.friends.change(friendId(friend), (one) => ({
      [which]: null,
      ended: [
        ...one.ended,
        { contract: one[which] as Uint8Array, ending, at: Date.now() },
      ].slice(-mostEnded),
    }));
  }

  /** What a new contract takes the place of: nothing, where one of the two has another box now. */
  #before(friend: Friend, me: Party): SignedContract | undefined {
    if (!friend.mine) return undefined;
    const signed = readContract(friend.mine);
    const { provider, consumer } = signed.contract;
    return Buffer.from(friend.node).equals(provider) && me.node.equals(consumer)
      ? signed
      : undefined;
  }
}
