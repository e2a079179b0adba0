import type { OrderedIndex } from "../store/ordered-index.ts";

/** Which tree friends keep, and up to which commit. */
const treeKey = Buffer.from("tree");
/** Whether a friend was off when the tree came back. */
const latecomerKey = (id: string): Buffer => Buffer.from(`latecomer ${id}`);

/** A tree by its id, 16 bytes, and the number of its newest commit. */
export interface TreeState {
  id: Buffer;
  head: number;
}

/** What this box knows of the state of its owner's tree at friends: whether it may write over it, and who has yet to be asked. */
export class KeptTree {
  readonly #index: OrderedIndex<"facts">;

  constructor(index: OrderedIndex<"facts">) {
    this.#index = index;
  }

  /**
   * Whether friends keep another tree than this one, or a newer state of it: this box's disk was lost, or is an old one. Nothing
   * is sent to friends and nothing dropped there then, or what is to be brought back would be gone.
   */
  isAheadOf({ id, head }: TreeState): boolean {
    const kept = this.#index.get("facts", treeKey);
    return (
      kept !== undefined &&
      (!kept.subarray(0, 16).equals(id) || kept.readDoubleBE(16) > head)
    );
  }

  /** Notes which tree friends get to keep, before they get anything of it. */
  async note({ id, head }: TreeState): Promise<void> {
    const value = Buffer.concat([id, Buffer.alloc(8)]);
    value.writeDoubleBE(head, 16);
    if (!this.#index.get("facts", treeKey)?.equals(value))
      await this.#index.commit([{ table: "facts", key: treeKey, value }]);
  }

  /** Says that what friends keep was brought back: from now on this box's tree is the true one. */
  async broughtBack(): Promise<void> {
    await this.#index.commit([{ table: "facts", key: treeKey }]);
  }

  /** Has whoever gave nothing yet asked for it when it comes back. @param friends ids of all. @param gave of those that gave what they have. @param head number of the newest commit that they had */
  async expectLatecomers(
    friends: readonly string[],
    gave: readonly string[],
    head: number,
  ): Promise<void> {
    const value = Buffer.alloc(8);
    value.writeDoubleBE(head);
    await this.#index.commit(
      friends
        .filter((id) => !gave.includes(id))
        .map((id) => ({ table: "facts", key: latecomerKey(id), value })),
    );
  }

  /** Number of the newest commit that was here when a friend that was off had not given its own; `undefined` where it owes nothing. */
  owed(id: string): number | undefined {
    return this.#index.get("facts", latecomerKey(id))?.readDoubleBE();
  }

  /** Notes that a latecomer gave what it has. */
  async settle(id: string): Promise<void> {
    await this.#index.commit([{ table: "facts", key: latecomerKey(id) }]);
  }
}
