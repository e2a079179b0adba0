import type { PeerIdentityClient } from "../../identity/peer-client.ts";
import { amongFriends } from "./contract.ts";
import { StrangerError } from "./errors.ts";
import { type Friend, friendId } from "./friend.ts";
import type { Friends } from "./friends.ts";
import type { Visitor } from "./hello.ts";
import { invitationId, isProof, proveInvitation } from "./invitation.ts";
import type { Invitations } from "./invitations.ts";
import type { Lines } from "./lines.ts";

const mostFriends = 500;

/** Says who comes in: friends, those who bring an invitation, and a friend's new box in an old one's place. */
export class Admission {
  #friends: Friends;
  #invitations: Invitations;
  #identity: PeerIdentityClient;
  #me: () => { owner: Buffer; peerKey: Buffer };

  /** @param me principal of this box's owner, and its libp2p public key (protobuf). */
  constructor(
    friends: Friends,
    invitations: Invitations,
    identity: PeerIdentityClient,
    me: () => { owner: Buffer; peerKey: Buffer },
  ) {
    this.#friends = friends;
    this.#invitations = invitations;
    this.#identity = identity;
    this.#me = me;
  }

  /** The friend that a visitor is. @throws StrangerError */
  async admit(visitor: Visitor): Promise<{ friend: Friend; proof?: Buffer }> {
    const { owner } = this.#me();
    if (visitor.owner.equals(owner))
      throw new StrangerError("This box has the same owner as the other one.");
    const known = this.#friends.get(friendId(visitor));
    const invited = visitor.hello.invitation
      ? await this.#invited(visitor)
      : undefined;
    if (known) {
      const friend = await this.#greet(known, visitor);
      return invited ? { friend, proof: invited.proof } : { friend };
    }
    if (!invited)
      throw new StrangerError(
        "That box does not know this one. Ask its owner for an invitation.",
      );
    const { offer, wish, name } = invited;
    const friend = await this.take(visitor, { offer, wish, name });
    return { friend, proof: invited.proof };
  }

  /** Takes somebody in who was invited, or who invited this box: to be attested before anything is stored. */
  async take(
    visitor: Visitor,
    {
      offer,
      wish,
      name = visitor.hello.name,
    }: { offer: number; wish: number; name?: string },
  ): Promise<Friend> {
    if (this.#friends.all.length >= mostFriends)
      throw new StrangerError("That box has as many friends as it can have.");
    const { hello, owner, node, key, peer, stated } = visitor;
    const friend: Friend = {
      type: "coppice friend 1",
      owner,
      node,
      key,
      peer,
      name,
      addresses: hello.addresses,
      stated,
      joined: Date.now(),
      phase: "pending",
      household: "",
      city: "",
      attested: null,
      offer,
      wish,
      asks: amongFriends,
      pays: { price: 0, currency: "" },
      mine: null,
      theirs: null,
      ended: [],
    };
    await this.#friends.add(friend);
    return friend;
  }

  /** Attests a friend's box: its TPM, and what it booted. Whether it is accepted. @throws UnreachableError, LateError, RefusedError, CoppiceError */
  async attest(
    id: string,
    lines: Lines,
    signal: AbortSignal,
  ): Promise<boolean> {
    const friend = this.#friends.require(id);
    const { introduction } = await lines.ask(
      id,
      "introduce",
      {},
      "interactive",
      signal,
    );
    const challenge = await this.#identity.exchange(
      "challenge",
      introduction,
      signal,
    );
    const { evidence } = await lines.ask(
      id,
      "prove",
      { challenge },
      "interactive",
      signal,
    );
    const report = await this.#identity.examine(evidence, signal);
    const same = report.node === Buffer.from(friend.node).toString("hex");
    const failed = report.checks.find(({ result }) => result === "failed");
    const accepted = report.accepted && same;
    const reason = accepted
      ? ""
      : same
        ? `${failed?.name}: ${failed?.evidence}`
        : "another node answered";
    await this.#friends.change(id, ({ phase }) => ({
      attested: {
        at: report.time,
        accepted,
        version: report.version ?? "",
        reason: reason.slice(0, 500),
      },
      phase: accepted && phase === "pending" ? "active" : phase,
    }));
    return accepted;
  }

  /** Brings what is known of a friend up to date. */
  async #greet(known: Friend, visitor: Visitor): Promise<Friend> {
    const { hello, node, key, peer, stated } = visitor;
    const another = !node.equals(known.node);
    if (stated < known.stated && another)
      throw new StrangerError(
        "The owner has said since that another box stands in this one's place.",
      );
    const same =
      !another &&
      known.peer === peer &&
      known.addresses.join() === hello.addresses.join();
    if (same) return known;
    return await this.#friends.change(friendId(known), ({ phase }) => ({
      node,
      key,
      peer,
      stated,
      addresses: hello.addresses,
      // A new box has to be attested as the old one was.
      ...(another
        ? {
            attested: null,
            phase: phase === "expelled" ? ("expelled" as const) : "pending",
          }
        : {}),
    }));
  }

  /** The invitation that somebody brings, and the proof that this box made it. @throws StrangerError */
  async #invited(
    visitor: Visitor,
  ): Promise<
    { offer: number; wish: number; name: string; proof: Buffer } | undefined
  > {
    const { invitation, proof } = visitor.hello;
    const open = invitation && this.#invitations.find(invitation);
    if (!open)
      throw new StrangerError(
        "This invitation is used, or too old. Ask for a new one.",
      );
    const secret = Buffer.from(open.secret, "hex");
    const { peerKey } = this.#me();
    if (
      !proof ||
      !isProof(
        proof,
        proveInvitation(secret, "joiner", visitor.peerKey, peerKey),
      )
    ) {
      await this.#invitations.miss(open);
      throw new StrangerError("This is not the invitation that was given.");
    }
    await this.#invitations.remove(open.secret);
    return {
      offer: open.offer,
      wish: open.wish,
      name: open.name,
      proof: proveInvitation(secret, "inviter", visitor.peerKey, peerKey),
    };
  }
}

/** What whoever was invited adds to the hello, and how the answer is checked. @param peerKey this box's libp2p key. */
export function joining(
  secret: Buffer,
  peerKey: Buffer,
): {
  prove(inviter: Buffer): { invitation: Buffer; proof: Buffer };
  check(visitor: Visitor): void;
} {
  return {
    prove: (inviter) => ({
      invitation: invitationId(secret),
      proof: proveInvitation(secret, "joiner", peerKey, inviter),
    }),
    check: ({ hello, peerKey: inviter }) => {
      const expected = proveInvitation(secret, "inviter", peerKey, inviter);
      if (!hello.proof || !isProof(hello.proof, expected))
        throw new StrangerError(
          "The box at that address did not make this invitation. Ask your friend for a new one.",
        );
    },
  };
}
