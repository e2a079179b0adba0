import { monitorEventLoopDelay } from "node:perf_hooks";
import { peerIdFromString } from "@libp2p/peer-id";
import { type Friend, friendId } from "./friend.ts";
import type { Host } from "./host.ts";

/** Milliseconds that a round trip may take beside what is sent. */
const patience = 5000;
/** Milliseconds that this process may be busy with other things meanwhile. */
const ownLag = 30;

/**
 * Measures the round trips to all friends who are connected, beside what is sent: on streams of their own (libp2p ping 1.0.0).
 * @returns milliseconds by the friends' ids; nothing where this process was too busy to tell. @throws where `ending` aborts
 */
export async function measureRoundTrips(
  host: Host,
  friends: readonly Friend[],
  ending: AbortSignal,
): Promise<Map<string, number>> {
  const signal = AbortSignal.any([ending, AbortSignal.timeout(patience)]);
  const roundTrips = new Map<string, number>();
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  await Promise.all(
    friends.map(async (friend) => {
      const peer = peerIdFromString(friend.peer);
      if (host.getConnections(peer).length === 0) return;
      const id = friendId(friend);
      try {
        roundTrips.set(id, await host.services.ping.ping(peer, { signal }));
      } catch {
        // Whoever broke off tells nothing of the line; whoever is silent does.
        if (signal.aborted) roundTrips.set(id, patience);
      }
    }),
  );
  lag.disable();
  ending.throwIfAborted();
  // Where this box is late itself, the line is not to blame.
  return lag.max / 1e6 > ownLag ? new Map() : roundTrips;
}
