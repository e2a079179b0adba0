/** On whom one can rely at a moment. */
import type { Agreements } from "./agreements.ts";
import { type Friend, friendId } from "./friend.ts";
import type { Friends } from "./friends.ts";
import type { Lines } from "./lines.ts";
import type { Promises } from "./promises.ts";
import type { Standing } from "./protector.ts";
import type { Standings } from "./standing.ts";

/** A friend that is gone for so long is not counted on any more: STORAGE-AND-PEERS.md 4.4. */
const goneAfter = 72 * 3_600_000;
/** Share of audits that must have passed of late. */
const leastScore = 0.9;

/** What the protector has to know of the friends. @param now milliseconds since 1970 */
export function relianceOn(
  {
    friends,
    standings,
    lines,
    agreements,
    promises,
  }: {
    friends: Friends;
    standings: Standings;
    lines: Lines;
    agreements: Agreements;
    promises: Pick<Promises, "apart"> | undefined;
  },
  now: number,
): Standing {
  const isCounted = (friend: Friend): boolean => {
    const id = friendId(friend);
    const { seen, score } = standings.get(id);
    return (
      (friend.phase === "active" || friend.phase === "leaving") &&
      (lines.isOnline(id) || seen > now - goneAfter) &&
      score >= leastScore
    );
  };
  const counted = friends.all.filter(isCounted);
  const durable = new Set(counted.map(friendId));
  const members = counted.filter(
    (friend) =>
      friend.phase === "active" && agreements.mine(friend, now) !== undefined,
  );
  const phase = (id: string) => friends.get(id)?.phase;
  return {
    // Nothing new goes to a box of which it is not known, or not accepted, what it booted.
    boxes: members
      .filter(
        (friend) =>
          friend.attested?.accepted && lines.isOnline(friendId(friend)),
      )
      .map((friend) => ({
        id: friendId(friend),
        domain:
          (promises?.apart === "city" && friend.city && `in ${friend.city}`) ||
          friend.household ||
          friendId(friend),
        free: agreements.mine(friend, now)?.space ?? 0,
      })),
    members: members.length,
    availability:
      members.reduce(
        (sum, friend) => sum + standings.get(friendId(friend)).availability,
        0,
      ) / Math.max(1, members.length),
    isDurable: (id) => durable.has(id),
    isLeaving: (id) => phase(id) === "leaving",
    isGone: (id) => {
      const is = phase(id);
      return is === undefined || is === "lost" || is === "expelled";
    },
  };
}
