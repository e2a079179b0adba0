import { setTimeout as sleep } from "node:timers/promises";
import { encodeCbor } from "../../shared/cbor.ts";
import type { FragmentStore } from "../store/fragments.ts";
import { headerSegment } from "../store/record.ts";
import { type Taken, takeBranch } from "../tree/branch.ts";
import type { Commit } from "../tree/journal.ts";
import { type Tree, treeAccount } from "../tree/tree.ts";
import { RefusedError, UnreachableError } from "./errors.ts";
import { fetchSegment } from "./fetching.ts";
import { type Friend, friendId } from "./friend.ts";
import { readAddress } from "./invitation.ts";
import { listKept } from "./listing.ts";
import { type Location, sameCode } from "./locations.ts";
import type { FragmentTuple } from "./messages.ts";
import type { Peers } from "./peers.ts";

/** Milliseconds for a friend to look at the new box before it gives anything: the first one, and each of the others. */
const patience = { first: 120_000, others: 45_000 };
const lookEvery = 500;
/** How whole copies of the journal are kept here. */
const journalCode = { k: 1, m: 2 };

/** What a friend brought back. */
export interface Recovered {
  friend: Friend;
  /** Fragments that it keeps. */
  fragments: number;
  /** Commits of the journal that were not here yet. */
  commits: number;
}

/** Makes itself known to the box at an address as the new box of an owner whom it knows. @throws InvitationError, UnreachableError, StrangerError */
export async function returnTo(
  peers: Peers,
  address: string,
  signal: AbortSignal,
): Promise<Friend> {
  const visitor = await peers.lines.introduce(
    [readAddress(address).toString()],
    () => ({}),
    signal,
  );
  const known = peers.friends.get(friendId(visitor));
  return known ?? (await peers.admission.take(visitor, { offer: 0, wish: 0 }));
}

/**
 * Takes from a friend the list of what it keeps, and the journal: then the tree can be opened, and its files are read from
 * friends until they are here again. Waits until both boxes have attested each other. @throws UnreachableError, RefusedError
 */
export async function recoverFrom(
  peers: Peers,
  store: FragmentStore,
  id: string,
  which: "first" | "others",
  signal: AbortSignal,
): Promise<Recovered> {
  await admitted(peers, id, patience[which], signal);
  let fragments = 0;
  let commits = 0;
  for await (const listed of listKept(peers.lines, id, "interactive", signal)) {
    fragments += listed.length;
    await peers.locations.set(merge(peers, id, listed));
    for (const [block, segment] of listed) {
      if (segment !== headerSegment) continue;
      const address = { account: treeAccount, block: Buffer.from(block) };
      if (store.locate(address, headerSegment)) continue;
      if (await store.refill(address, headerSegment, journalCode)) commits++;
    }
  }
  return { friend: peers.friends.require(id), fragments, commits };
}

/**
 * Notes what a friend keeps that was off while the tree came back: only where nobody is known to hold a fragment yet, for
 * what is known is newer. @returns what it keeps of the journal, by block, hex: this box has gone on from others' copies
 * @throws UnreachableError, LateError, RefusedError
 */
async function listLatecomer(
  { lines, locations }: Latecomers,
  id: string,
  signal: AbortSignal,
): Promise<Map<string, FragmentTuple>> {
  const headers = new Map<string, FragmentTuple>();
  for await (const listed of listKept(lines, id, "repair", signal)) {
    // One friend may have several fragments of a segment.
    const found = new Map<string, Location>();
    for (const tuple of listed) {
      const [bytes, segment, index, k, m, segmentLength, name] = tuple;
      const block = Buffer.from(bytes);
      if (segment === headerSegment) {
        headers.set(block.toString("hex"), tuple);
        continue;
      }
      const cut = { k, m, segmentLength };
      const key = encodeCbor([block, segment]).toString("hex");
      const known = found.get(key) ??
        locations.get(block, segment) ?? {
          block,
          segment,
          cut,
          holders: new Array<undefined>(k + m).fill(undefined),
        };
      if (!sameCode(known.cut, cut) || known.holders[index]) continue;
      const holders = known.holders.with(index, {
        id,
        name: Buffer.from(name),
      });
      found.set(key, { ...known, holders });
    }
    await locations.set([...found.values()]);
  }
  return headers;
}

/** What latecomers are dealt with by. */
type Latecomers = Pick<Peers, "lines" | "locations">;

/**
 * Takes from a friend that was off while the tree came back what only it has: files' fragments, and what the lost box had
 * written after what the others knew. @param fork number of the newest commit that the others had
 * @throws UnreachableError, LateError, RefusedError, ForgedError, DiskFullError
 */
export async function takeLatecomer(
  peers: Latecomers,
  store: FragmentStore,
  tree: Tree,
  id: string,
  fork: number,
  signal: AbortSignal,
): Promise<Taken> {
  const headers = await listLatecomer(peers, id, signal);
  const { journal } = tree.state;
  const commits: Commit[] = [];
  let before = (await journal.read(fork))?.hash;
  for (let number = fork + 1; ; number++) {
    const { block } = journal.addressOf(number);
    const tuple = headers.get(block.toString("hex"));
    const bytes = tuple && (await headerOf(peers, store, id, tuple, signal));
    const commit = bytes && journal.parse(bytes, block);
    // Not the same tree, or this box's own newer commit that came there meanwhile.
    if (!commit || (before && !commit.previous.equals(before))) break;
    commits.push(commit);
    before = commit.hash;
  }
  return await takeBranch(tree, commits, signal);
}

/** A commit's bytes, from the copy that one friend has. */
async function headerOf(
  { lines }: Latecomers,
  store: FragmentStore,
  id: string,
  [block, segment, index, k, m, segmentLength, name]: FragmentTuple,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const holders = Array.from({ length: k + m }, (_, at) =>
    at === index ? { id, name: Buffer.from(name) } : undefined,
  );
  return await fetchSegment(
    {
      block: Buffer.from(block),
      segment,
      cut: { k, m, segmentLength },
      holders,
    },
    store.coder,
    async (friend, at, length) =>
      await lines.ask(
        friend,
        "get",
        { place: [block, segment, at] },
        "repair",
        signal,
        length,
      ),
    () => true,
    async () => {},
  );
}

/** Resolves when the friend lets this box have what is its owner's. */
async function admitted(
  peers: Peers,
  id: string,
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  const until = Date.now() + milliseconds;
  for (;;) {
    try {
      const { phase, attested, name } = peers.friends.require(id);
      if (phase === "active") {
        // Also a box that does not trust this owner any more gives back what is the owner's.
        const question = { after: null, limit: 1 };
        await peers.lines.ask(id, "list", question, "interactive", signal);
        return;
      }
      if (Date.now() > until)
        throw new RefusedError(
          "not-attested",
          attested && !attested.accepted
            ? `${name} is not accepted by this box: ${attested.reason}. Change what this box accepts under Identity, or use another friend's address.`
            : `${name} and this box have not attested each other yet. Try again in a minute.`,
        );
    } catch (error) {
      const waits =
        (error instanceof RefusedError && error.reason === "pending") ||
        error instanceof UnreachableError;
      if (!waits || Date.now() > until) throw error;
    }
    await sleep(lookEvery, undefined, { signal });
  }
}

/** Puts what a friend lists beside what is known of the same segments; of two codes the one that is listed later counts. */
function merge(
  peers: Peers,
  id: string,
  listed: readonly FragmentTuple[],
): Location[] {
  const found = new Map<string, Location>();
  for (const [bytes, segment, index, k, m, segmentLength, name] of listed) {
    const block = Buffer.from(bytes);
    const key = encodeCbor([block, segment]).toString("hex");
    const known = found.get(key) ?? peers.locations.get(block, segment);
    const cut = { k, m, segmentLength };
    const same =
      known?.cut.k === k && known.cut.segmentLength === segmentLength;
    const location: Location =
      known && same
        ? { ...known, cut: { ...cut, m: Math.max(m, known.cut.m) } }
        : { block, segment, cut, holders: [] };
    const { holders } = location;
    while (holders.length < k + location.cut.m) holders.push(undefined);
    location.holders[index] = { id, name: Buffer.from(name) };
    found.set(key, location);
  }
  return [...found.values()];
}
