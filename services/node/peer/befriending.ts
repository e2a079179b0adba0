import { setTimeout as sleep } from "node:timers/promises";
import { ConflictError, NotFoundError } from "../../shared/errors.ts";
import type { ForeignFragments } from "../store/foreign.ts";
import type { FragmentStore } from "../store/fragments.ts";
import { joining } from "./admission.ts";
import type {
  AuditResult,
  ContractExport,
  FriendChange,
  FriendSettings,
  InvitationTerms,
  Joining,
  NewInvitation,
} from "./api.ts";
import { UnreachableError } from "./errors.ts";
import { accountOf, friendId } from "./friend.ts";
import {
  drawSecret,
  invitationId,
  invitationText,
  invitationWords,
  readInvitation,
} from "./invitation.ts";
import type { Peers } from "./peers.ts";

/** How often somebody who invited is dialled, and the pause between, in milliseconds. */
const mostTries = 4;
const pause = 3000;
/** Leaves of an audit that the owner asks for. */
const asked = 24;

/** What the owner does about friends. */
export class Befriending {
  #peers: Peers;
  #used: (account: Buffer) => number;
  #foreign: ForeignFragments;

  constructor(peers: Peers, store: FragmentStore) {
    this.#peers = peers;
    this.#used = (account) => store.used(account);
    this.#foreign = store.foreign;
  }

  /** Makes an invitation for one friend. @throws ConflictError where this box knows no address of its own */
  async invite(terms: InvitationTerms): Promise<NewInvitation> {
    const { addresses, invitations } = this.#peers;
    const own = addresses.toSorted((a, b) => reach(b) - reach(a));
    if (own.length === 0)
      throw new ConflictError(
        "This box has no address at which a friend could reach it. Connect it to the network first.",
        "no-address",
      );
    const secret = drawSecret();
    const { expires } = await invitations.add(secret, terms);
    const invitation = { secret, addresses: own.slice(0, 8) };
    return {
      id: invitationId(secret).toString("hex"),
      words: invitationWords(invitation) ?? null,
      text: invitationText(invitation),
      expires,
    };
  }

  /** Takes an invitation back. @throws NotFoundError */
  async withdraw(id: string): Promise<void> {
    const open = this.#peers.invitations.find(Buffer.from(id, "hex"));
    if (!open)
      throw new NotFoundError(
        "There is no such invitation any more.",
        "no-such-invitation",
      );
    await this.#peers.invitations.remove(open.secret);
  }

  /** Follows an invitation. @returns the friend's id. @throws InvitationError, UnreachableError, StrangerError */
  async join(
    { invitation, offer, wish }: Joining,
    signal: AbortSignal,
  ): Promise<string> {
    const { secret, addresses } = readInvitation(invitation);
    const { lines, admission, friends, peerKey } = this.#peers;
    const proof = joining(secret, peerKey);
    const visitor = await patiently(
      async () => await lines.introduce(addresses, proof.prove, signal),
      signal,
    );
    proof.check(visitor);
    const id = friendId(visitor);
    if (friends.get(id)) await friends.change(id, () => ({ offer, wish }));
    else await admission.take(visitor, { offer, wish });
    lines.hurry(id);
    return id;
  }

  /** Changes what is kept for whom, where a friend lives, or that the friend leaves. @throws NotFoundError */
  async change(
    id: string,
    change: FriendChange,
    signal: AbortSignal,
  ): Promise<void> {
    const { friends, lines } = this.#peers;
    const { phase: before } = friends.require(id);
    const { phase, ...rest } = change;
    if (phase && (before === "expelled" || before === "pending"))
      throw new ConflictError(
        "That friend's box keeps nothing at present.",
        "not-active",
      );
    const most = this.#peers.promises?.limits.upload ?? 0;
    if (most > 0 && (rest.asks?.bandwidth ?? 0) > most)
      throw new ConflictError(
        `You promise more bytes a second than the limit of your line, ${most}, lets through.`,
        "more-than-limit",
      );
    await friends.change(id, () => ({ ...rest, ...(phase ? { phase } : {}) }));
    if (phase === "leaving")
      await lines.ask(id, "leave", {}, "interactive", signal).catch(() => {});
    this.#peers.soon();
  }

  /** Forgets a friend of whom nothing is kept any more, on either side. @throws ConflictError, NotFoundError */
  async forget(id: string, signal: AbortSignal): Promise<void> {
    const { friends, protector, agreements, lines, standings } = this.#peers;
    const friend = friends.require(id);
    const gone = friend.phase === "lost" || friend.phase === "expelled";
    if (!gone && protector.used(id) > 0)
      throw new ConflictError(
        `${friend.name}'s box still keeps something for you. Let it be emptied first, or declare it lost.`,
        "not-empty",
      );
    if (friend.phase !== "expelled" && this.#used(accountOf(friend.owner)) > 0)
      throw new ConflictError(
        `This box still keeps something for ${friend.name}. It can be forgotten when that has moved elsewhere.`,
        "not-empty",
      );
    for (const which of ["mine", "theirs"] as const)
      if (friends.require(id)[which])
        await agreements.end(id, which, "The owner ended it.", false, signal);
    // Whoever was expelled had until now to fetch what is theirs.
    await this.#foreign.removeAll(accountOf(friend.owner));
    await friends.remove(id);
    await lines.cut(id);
    await standings.forget(id);
  }

  /** Asks a friend's box now for pieces of what it keeps. @throws NotFoundError */
  async audit(id: string): Promise<AuditResult> {
    this.#peers.friends.require(id);
    const verdicts = await this.#peers.watch.audit(id, asked);
    return {
      leaves: verdicts.length,
      passed: verdicts.filter(({ outcome }) => outcome === "passed").length,
      verdicts: verdicts
        .filter(({ outcome }) => outcome !== "passed")
        .map(({ outcome, evidence }) => ({ outcome, evidence })),
    };
  }

  /** The contracts with a friend. @throws NotFoundError */
  contracts(id: string): ContractExport {
    const { mine, theirs, ended } = this.#peers.friends.require(id);
    const base64 = (bytes: Uint8Array | null): string | null =>
      bytes && Buffer.from(bytes).toString("base64");
    return {
      mine: base64(mine),
      theirs: base64(theirs),
      ended: ended.map(({ contract, ending, at }) => ({
        contract: base64(contract) ?? "",
        ending: base64(ending),
        at,
      })),
    };
  }

  async configure(settings: FriendSettings): Promise<void> {
    await this.#peers.promises?.configure(settings);
    this.#peers.soon();
  }

  /** Promises that a folder survives the loss of so many boxes. @throws NoEntryError */
  async promise(path: string, losses: number | undefined): Promise<void> {
    await this.#peers.promises?.set(path, losses);
    this.#peers.soon();
  }
}

/** Tries again where nobody answers: the way through a friend's box may be a moment younger than the invitation. */
async function patiently<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UnreachableError) || tries === mostTries)
        throw error;
    }
    await sleep(pause, undefined, { signal });
  }
}

/** Addresses that more can reach come first: public ones, through a friend, private ones, the box itself. */
function reach(address: string): number {
  if (address.includes("/p2p-circuit")) return 1.5;
  if (/^\/ip4\/127\.|^\/ip6\/::1\//.test(address)) return 0;
  if (
    /^\/ip4\/(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.)|^\/ip6\/f[cde]/.test(
      address,
    )
  )
    return 1;
  return 2;
}
