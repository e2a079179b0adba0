/** A new box of an owner whose others are lost: the tree comes back from what friends keep. */
import { rm } from "node:fs/promises";
import { type Friend, friendId } from "./peer/friend.ts";
import { readFriends } from "./peer/friends.ts";
import type { Peers } from "./peer/peers.ts";
import { type Recovered, recoverFrom, returnTo } from "./peer/recovery.ts";
import type { FragmentStore } from "./store/fragments.ts";
import { LmdbIndex } from "./store/ordered-index.ts";
import { segmentsOf } from "./store/walk.ts";
import { Records } from "./tree/records.ts";
import type { RootKey } from "./tree/rootkey.ts";
import { Tree, treeAccount } from "./tree/tree.ts";
import { treeTables } from "./tree/tree-index.ts";

/** What brings a tree back. */
export interface Homecoming {
  peers: Peers;
  store: FragmentStore;
  root: RootKey;
  /** Folder for the tree's index, which nobody uses meanwhile. */
  index: string;
  onError: (error: unknown) => void;
}

/** Removes what an empty tree had written: its journal would stand in the way of the one that comes back. @throws DiskError */
export async function forgetBlocks(store: FragmentStore): Promise<void> {
  const blocks = new Map<string, Buffer>();
  for await (const { account, block } of segmentsOf(store))
    if (account.equals(treeAccount)) blocks.set(block.toString("hex"), block);
  for (const block of blocks.values())
    await store.remove({ account: treeAccount, block });
}

/**
 * Takes the lists and journals of the friend at an address, and of all others that are on: then the tree can be opened.
 * @throws InvitationError, UnreachableError, RefusedError, StrangerError
 */
export async function bringHome(
  home: Homecoming,
  address: string,
  signal: AbortSignal,
): Promise<Recovered[]> {
  const { peers, store } = home;
  const first = friendId(await returnTo(peers, address, signal));
  const recovered = [await recoverFrom(peers, store, first, "first", signal)];
  // Who the others are stands in the tree that the first one brought.
  const { friends } = await peek(home, signal);
  for (const friend of friends) {
    const id = friendId(friend);
    if (id === first || friend.phase === "expelled") continue;
    if (!peers.friends.get(id))
      await peers.friends.add({ ...friend, phase: "pending", attested: null });
  }
  // Others may be off; what they keep is found when they come back.
  const results = await Promise.allSettled(
    friends
      .map(friendId)
      .filter((id) => id !== first && peers.friends.get(id))
      .map((id) => recoverFrom(peers, store, id, "others", signal)),
  );
  for (const result of results)
    if (result.status === "fulfilled") recovered.push(result.value);
  await peers.kept.expectLatecomers(
    peers.friends.all.map(friendId),
    recovered.map(({ friend }) => friendId(friend)),
    (await peek(home, signal)).head,
  );
  await peers.kept.broughtBack();
  return recovered;
}

/** The friends that a tree tells of, and the number of its newest commit, without taking it into use. */
async function peek(
  { store, root, index, onError }: Homecoming,
  signal: AbortSignal,
): Promise<{ friends: Friend[]; head: number }> {
  await using tree = await Tree.open(
    store,
    root,
    await LmdbIndex.open(index, treeTables),
    onError,
  );
  await tree.discover(signal);
  const { head } = tree.state.journal;
  const friends = tree.state.node(tree.places.rootId)
    ? await readFriends(new Records(tree))
    : [];
  await rm(index, { recursive: true, force: true });
  return { friends, head: head.number };
}
