import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";

/** The tables of a disk's index. */
export const tables = [
  "fragments",
  "packs",
  "accounts",
  "graves",
  "removals",
  "facts",
  "mended",
  "days",
] as const;
export type Table = (typeof tables)[number];

/** One row to put or, without a value, to remove. */
export interface Change {
  table: Table;
  key: Buffer;
  value?: Buffer;
}

/** An ordered map of binary keys whose changes are atomic and durable; tests put a simulated one in its place. */
export interface FragmentIndex extends AsyncDisposable {
  get(table: Table, key: Buffer): Buffer | undefined;
  /** At most `limit` rows from `start` on, in order of their keys. */
  range(table: Table, start: Buffer, limit: number): [Buffer, Buffer][];
  /** Applies all changes or none; they are durable when it resolves. */
  commit(changes: readonly Change[]): Promise<void>;
  /** Forgets everything. */
  clear(): Promise<void>;
}

/** The index in LMDB. It is never the only copy: packs rebuild it. */
export class LmdbIndex implements FragmentIndex {
  #root: RootDatabase;
  #tables: Map<Table, Database<Buffer, Buffer>>;

  private constructor(
    root: RootDatabase,
    opened: Map<Table, Database<Buffer, Buffer>>,
  ) {
    this.#root = root;
    this.#tables = opened;
  }

  /** Opens the index in a folder, or makes it; one that LMDB cannot read is put aside, to be rebuilt from the packs. */
  static async open(folder: string): Promise<LmdbIndex> {
    await mkdir(folder, { recursive: true });
    try {
      return LmdbIndex.#open(folder);
    } catch {
      await rm(join(folder, "damaged.mdb"), { force: true });
      await rename(join(folder, "data.mdb"), join(folder, "damaged.mdb"));
      await rm(join(folder, "lock.mdb"), { force: true });
      return LmdbIndex.#open(folder);
    }
  }

  static #open(folder: string): LmdbIndex {
    // overlappingSync with `flushed` before each acknowledgement survives power cuts; noSync and writemap do not.
    const root = open({
      path: folder,
      maxDbs: tables.length + 1,
      overlappingSync: true,
      safeRestore: true,
      strictAsyncOrder: true,
    } as Parameters<typeof open>[0]);
    return new LmdbIndex(
      root,
      new Map(
        tables.map((name) => [
          name,
          root.openDB<Buffer, Buffer>({
            name,
            keyEncoding: "binary",
            encoding: "binary",
          }),
        ]),
      ),
    );
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    return this.#table(table).get(key);
  }

  range(table: Table, start: Buffer, limit: number): [Buffer, Buffer][] {
    return [
      ...this.#table(table)
        .getRange({ start, limit, snapshot: false })
        .map(({ key, value }): [Buffer, Buffer] => [key, value]),
    ];
  }

  async commit(changes: readonly Change[]): Promise<void> {
    await this.#root.transaction(() => {
      for (const { table, key, value } of changes) {
        if (value) this.#table(table).put(key, value);
        else this.#table(table).remove(key);
      }
    });
    await this.#root.flushed;
  }

  async clear(): Promise<void> {
    await Promise.all(
      [...this.#tables.values()].map((table) => table.clearAsync()),
    );
    await this.#root.flushed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#root.flushed;
    await this.#root.close();
  }

  #table(name: Table): Database<Buffer, Buffer> {
    return this.#tables.get(name) as Database<Buffer, Buffer>;
  }
}
