import type { PeerIdentityClient } from "../../identity/peer-client.ts";
import type { Agreements } from "./agreements.ts";
import type { Answers } from "./calls.ts";
import { RefusedError } from "./errors.ts";
import type { Friend } from "./friend.ts";
import type { Friends } from "./friends.ts";
import type { Keeping } from "./keeping.ts";
import type { Act } from "./messages.ts";
import type { Standings } from "./standing.ts";
import type { Versions } from "./versions.ts";

/** What anybody is answered who is known; all else needs an attestation that was accepted. */
const beforeAttestation: readonly Act[] = [
  "ping",
  "introduce",
  "prove",
  "leave",
];
/** What whoever lied may still have: what is theirs. */
const afterLie: readonly Act[] = [
  ...beforeAttestation,
  "get",
  "list",
  "drop",
  "end",
];

/** What questions are answered with. */
export interface AnswerInit {
  friends: Friends;
  identity: PeerIdentityClient;
  keeping: Keeping;
  agreements: Agreements;
  standings: Standings;
  versions: Versions;
  /** Bytes that this box would still agree on with a friend. */
  offered(friend: Friend): Promise<number>;
}

/** How this box answers one friend. @param id the friend's */
export function answersFor(id: string, init: AnswerInit): Answers {
  const { friends, identity, keeping, agreements, standings, versions } = init;
  const friend = (act: Act): Friend => {
    const one = friends.require(id);
    const allowed =
      one.phase === "pending"
        ? beforeAttestation.includes(act)
        : one.phase === "expelled"
          ? afterLie.includes(act)
          : true;
    if (allowed) return one;
    throw new RefusedError(
      one.phase === "pending" ? "pending" : "expelled",
      one.phase === "pending"
        ? "This box has yet to look at what that one booted."
        : "This box does not trust that one any more.",
    );
  };
  return {
    ping: async () => ({}),
    introduce: async (_question, signal) => ({
      introduction: await identity.exchange(
        "introduce",
        new Uint8Array(),
        signal,
      ),
    }),
    prove: async ({ challenge }, signal) => ({
      evidence: await identity.exchange("answer", challenge, signal),
    }),
    put: async (question) => await keeping.put(friend("put"), question),
    get: async (question) => await keeping.get(friend("get"), question),
    list: async (question) => keeping.list(friend("list"), question),
    drop: async (question) => await keeping.drop(friend("drop"), question),
    audit: async (question, signal) =>
      await keeping.audit(friend("audit"), question, signal),
    terms: async () => {
      const one = friend("terms");
      return {
        ...one.asks,
        offered: await init.offered(one),
        time: Date.now(),
      };
    },
    contract: async (question, signal) => {
      const one = friend("contract");
      const has = agreements.theirs(one)?.space ?? 0;
      return await agreements.answer(
        one,
        question,
        (await init.offered(one)) + has,
        signal,
      );
    },
    end: async (question) => {
      await agreements.ended(friend("end"), question);
      return {};
    },
    finding: async ({ kind, evidence }) => {
      friend("finding");
      await standings.find({ id, kind, evidence, at: Date.now(), ours: true });
      return {};
    },
    version: async (_question, signal) => {
      friend("version");
      return { manifest: (await versions.own.manifest(signal)) ?? null };
    },
    part: async ({ name, offset, length }, signal) => {
      friend("part");
      return { bytes: await versions.own.part(name, offset, length, signal) };
    },
    leave: async () => {
      await friends.change(id, ({ phase }) =>
        phase === "active" ? { phase: "leaving" } : {},
      );
      return {};
    },
  };
}
