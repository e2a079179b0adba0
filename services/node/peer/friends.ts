import { EventEmitter } from "node:events";
import { NotFoundError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import type { OrderedIndex } from "../store/ordered-index.ts";
import type { Records } from "../tree/records.ts";
import type { Tree } from "../tree/tree.ts";
import { decodeFriend, encodeFriend, type Friend, friendId } from "./friend.ts";

const prefix = "friend-";

/** Who the friends are: kept in the block tree, once there is one, and on the box, which may lose its disk. */
export class Friends {
  readonly changes = new EventEmitter<{ change: [Friend] }>();
  #all = new Map<string, Friend>();
  #index: OrderedIndex<"friends">;
  #kept: { records: Records; tree: Tree } | undefined;
  #queue = new Mutex();

  constructor(index: OrderedIndex<"friends">) {
    this.#index = index;
    for (const [, row] of index.range("friends", Buffer.alloc(1), 10_000)) {
      const friend = decodeFriend(row);
      this.#all.set(friendId(friend), friend);
    }
  }

  /** Takes in what the tree says, and keeps there what is known beside it. */
  async keepIn(tree: Tree, records: Records): Promise<void> {
    await this.#queue.run(async () => {
      for (const friend of await readFriends(records)) {
        const id = friendId(friend);
        // Somebody who helped to find the tree again said hello before it could be read.
        const fresh = this.#all.get(id);
        this.#all.set(
          id,
          fresh && fresh.stated >= friend.stated
            ? { ...friend, ...anew(fresh) }
            : friend,
        );
      }
      this.#kept = { records, tree };
      for (const friend of this.#all.values()) await this.#write(friend);
    });
    for (const friend of this.#all.values())
      this.changes.emit("change", friend);
  }

  /** All of them, by name. */
  get all(): Friend[] {
    return [...this.#all.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  /** @param id the owner's principal, hex. */
  get(id: string): Friend | undefined {
    return this.#all.get(id);
  }

  /** @throws NotFoundError */
  require(id: string): Friend {
    const friend = this.#all.get(id);
    if (friend) return friend;
    throw new NotFoundError(
      "There is no such friend. Look at the list again.",
      "no-such-friend",
    );
  }

  /** The friend whose box has this libp2p id. */
  withPeer(peer: string): Friend | undefined {
    return this.#all.values().find((friend) => friend.peer === peer);
  }

  /** Changes what is kept of a friend, durably. @throws NotFoundError */
  async change(
    id: string,
    change: (friend: Friend) => Partial<Friend>,
  ): Promise<Friend> {
    return await this.#queue.run(async () => {
      const before = this.require(id);
      const friend = { ...before, ...change(before) };
      await this.#set(friend);
      return friend;
    });
  }

  /** Takes somebody in. */
  async add(friend: Friend): Promise<void> {
    await this.#queue.run(async () => await this.#set(friend));
  }

  /** Forgets a friend. */
  async remove(id: string): Promise<void> {
    await this.#queue.run(async () => {
      const friend = this.require(id);
      this.#all.delete(id);
      await this.#index.commit([
        { table: "friends", key: Buffer.from(id, "hex") },
      ]);
      if (this.#kept) {
        const { records, tree } = this.#kept;
        records.discard(prefix + id);
        await tree.flush();
      }
      this.changes.emit("change", friend);
    });
  }

  async #set(friend: Friend): Promise<void> {
    this.#all.set(friendId(friend), friend);
    await this.#write(friend);
    this.changes.emit("change", friend);
  }

  async #write(friend: Friend): Promise<void> {
    await this.#index.commit([
      {
        table: "friends",
        key: Buffer.from(friend.owner),
        value: encodeFriend(friend),
      },
    ]);
    if (!this.#kept) return;
    const { records, tree } = this.#kept;
    await records.write(prefix + friendId(friend), encodeFriend(friend));
    await tree.flush();
  }
}

/** The friends that a tree keeps. @throws CborError, DiskError */
export async function readFriends(records: Records): Promise<Friend[]> {
  const friends: Friend[] = [];
  for (const name of records.names(prefix)) {
    const bytes = await records.read(name);
    if (bytes) friends.push(decodeFriend(bytes));
  }
  return friends;
}

/** What a hello tells newer than any record. */
function anew({
  node,
  key,
  peer,
  name,
  addresses,
  stated,
  attested,
}: Friend): Partial<Friend> {
  return { node, key, peer, name, addresses, stated, attested };
}
