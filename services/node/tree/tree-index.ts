import type { Change, OrderedIndex } from "../store/ordered-index.ts";

/**
 * The tables of a tree's index:
 * - nodes: id -> the newest version's facts; entries: directory id, name -> id; blocks: id, version -> commit, sealed bytes;
 * - bodies: id -> how many name it; released: id -> a body that none names any more;
 * - commits: number -> what is left of it; facts: name -> number or hash.
 */
export const treeTables = [
  "nodes",
  "entries",
  "blocks",
  "bodies",
  "released",
  "commits",
  "facts",
] as const;
export type TreeTable = (typeof treeTables)[number];

type Layer = Map<TreeTable, Rows>;

/** The tree's index: what is durable, and over it, in memory, what is not yet. Keys and values are bytes. */
export class TreeIndex {
  #base: OrderedIndex<TreeTable>;
  /** From the newest to the oldest: the change under way, what waits for the next commit, what is being committed, group by group. */
  #draft: Layer = new Map();
  #fresh: Layer = new Map();
  #frozen: Layer[] = [];

  constructor(base: OrderedIndex<TreeTable>) {
    this.#base = base;
  }

  get(table: TreeTable, key: Buffer): Buffer | undefined {
    const text = key.toString("latin1");
    for (const layer of this.#layers) {
      const rows = layer.get(table);
      if (rows?.has(text)) return rows.get(text);
    }
    return this.#base.get(table, key);
  }

  /** Sets a row in the change under way; without a value, takes it out. */
  set(table: TreeTable, key: Buffer, value: Buffer | undefined): void {
    rowsOf(this.#draft, table).set(key.toString("latin1"), value);
  }

  /** At most `limit` rows from `start` on whose keys begin with `prefix`, in order of their keys. */
  range(
    table: TreeTable,
    prefix: Buffer,
    limit: number,
    start = prefix,
  ): [Buffer, Buffer][] {
    const end = prefix.toString("latin1");
    const layers = this.#layers.flatMap((layer) => layer.get(table) ?? []);
    const found: [Buffer, Buffer][] = [];
    let from = start.length === 0 ? Buffer.alloc(1) : start;
    while (found.length < limit) {
      const wanted = limit - found.length;
      const rows = this.#base.range(table, from, wanted, behind(prefix));
      const last =
        rows.length < wanted ? undefined : rows.at(-1)?.[0].toString("latin1");
      const merged = new Map(
        rows.map(([key, value]): [string, Buffer | undefined] => [
          key.toString("latin1"),
          value,
        ]),
      );
      for (const layer of layers.toReversed())
        for (const key of layer.between(from.toString("latin1"), end, last))
          merged.set(key, layer.get(key));
      for (const key of [...merged.keys()].sort()) {
        const value = merged.get(key);
        if (value && found.length < limit)
          found.push([Buffer.from(key, "latin1"), value]);
      }
      if (last === undefined) break;
      from = Buffer.concat([Buffer.from(last, "latin1"), Buffer.alloc(1)]);
    }
    return found;
  }

  /** How many groups were frozen and are not durable. */
  get behind(): number {
    return this.#frozen.length;
  }

  /** Whether anything is not durable, and not being made so. */
  get dirty(): boolean {
    return this.#fresh.size > 0;
  }

  /** Lets the change under way count. */
  accept(): void {
    for (const [table, rows] of this.#draft) {
      const target = rowsOf(this.#fresh, table);
      for (const [key, value] of rows) target.set(key, value);
    }
    this.#draft = new Map();
  }

  /** Forgets the change under way. */
  reject(): void {
    this.#draft = new Map();
  }

  /** What is to become durable next; it stays visible meanwhile. Commit groups in the order in which they were frozen. */
  freeze(): Change<TreeTable>[] {
    const group = this.#fresh;
    this.#frozen.unshift(group);
    this.#fresh = new Map();
    return [...group].flatMap(([table, rows]) =>
      [...rows].map(([key, value]) => ({
        table,
        key: Buffer.from(key, "latin1"),
        ...(value ? { value } : {}),
      })),
    );
  }

  /** Makes the oldest frozen group durable. @throws what the index throws */
  async commit(changes: readonly Change<TreeTable>[]): Promise<void> {
    await this.#base.commit(changes);
    this.#frozen.pop();
  }

  /** Forgets the newest frozen group, and everything that came after it. */
  rollBack(): void {
    this.#draft = new Map();
    this.#fresh = new Map();
    this.#frozen.shift();
  }

  get #layers(): readonly Layer[] {
    return [this.#draft, this.#fresh, ...this.#frozen];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#base[Symbol.asyncDispose]();
  }
}

/** Rows of a table that are not durable; without a value, taken out. */
class Rows {
  #rows = new Map<string, Buffer | undefined>();
  /** Made when somebody asks for the order, and kept from then on. */
  #keys: string[] | undefined;

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  get(key: string): Buffer | undefined {
    return this.#rows.get(key);
  }

  set(key: string, value: Buffer | undefined): void {
    if (this.#keys && !this.#rows.has(key))
      this.#keys.splice(this.#position(this.#keys, key), 0, key);
    this.#rows.set(key, value);
  }

  [Symbol.iterator](): IterableIterator<[string, Buffer | undefined]> {
    return this.#rows[Symbol.iterator]();
  }

  /** Keys from `first` on that begin with `prefix`, up to `last`. */
  between(first: string, prefix: string, last: string | undefined): string[] {
    this.#keys ??= [...this.#rows.keys()].sort();
    const found: string[] = [];
    for (
      let at = this.#position(this.#keys, first);
      at < this.#keys.length;
      at++
    ) {
      const key = this.#keys[at] as string;
      if (!key.startsWith(prefix) || (last !== undefined && key > last)) break;
      found.push(key);
    }
    return found;
  }

  /** Where a key is, or would be. */
  #position(keys: readonly string[], key: string): number {
    let [low, high] = [0, keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The first key behind all that begin with `prefix`; `undefined` where there is none. */
function behind(prefix: Buffer): Buffer | undefined {
  for (let at = prefix.length - 1; at >= 0; at--)
    if ((prefix[at] as number) < 255) {
      const end = Buffer.from(prefix.subarray(0, at + 1));
      end[at] = (end[at] as number) + 1;
      return end;
    }
  return undefined;
}

function rowsOf(layer: Layer, table: TreeTable): Rows {
  let rows = layer.get(table);
  if (!rows) {
    rows = new Rows();
    layer.set(table, rows);
  }
  return rows;
}
