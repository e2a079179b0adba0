import { BaseDatastore } from "datastore-core";
import { Key, type KeyQuery, type Pair, type Query } from "interface-datastore";
import type { OrderedIndex } from "../store/ordered-index.ts";

const slice = 500;

/** There is nothing under this key: libp2p tells it by its name. */
class NotFoundError extends Error {
  override name = "NotFoundError";
}

/** What libp2p keeps of its peers, in a table of the box's own index. */
export class IndexDatastore extends BaseDatastore {
  #index: OrderedIndex<"libp2p">;

  constructor(index: OrderedIndex<"libp2p">) {
    super();
    this.#index = index;
  }

  override async put(key: Key, value: Uint8Array): Promise<Key> {
    await this.#index.commit([
      { table: "libp2p", key: bytesOf(key), value: Buffer.from(value) },
    ]);
    return key;
  }

  override get(key: Key): Uint8Array {
    const value = this.#index.get("libp2p", bytesOf(key));
    if (!value) throw new NotFoundError(`nothing is kept under ${key}`);
    return value;
  }

  override has(key: Key): boolean {
    return this.#index.get("libp2p", bytesOf(key)) !== undefined;
  }

  override async delete(key: Key): Promise<void> {
    await this.#index.commit([{ table: "libp2p", key: bytesOf(key) }]);
  }

  override *_all({ prefix }: Query): Generator<Pair> {
    for (const [key, value] of this.#rows(prefix))
      yield { key: new Key(key.toString()), value };
  }

  override *_allKeys({ prefix }: KeyQuery): Generator<Key> {
    for (const [key] of this.#rows(prefix)) yield new Key(key.toString());
  }

  *#rows(prefix = ""): Generator<[Buffer, Buffer]> {
    let start = Buffer.from(prefix);
    for (;;) {
      const rows = this.#index.range("libp2p", start, slice);
      for (const row of rows) {
        if (!row[0].toString().startsWith(prefix)) return;
        yield row;
      }
      const last = rows.at(-1);
      if (!last || rows.length < slice) return;
      start = Buffer.concat([last[0], Buffer.of(0)]);
    }
  }
}

function bytesOf(key: Key): Buffer {
  return Buffer.from(key.toString());
}
