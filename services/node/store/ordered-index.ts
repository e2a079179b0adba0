import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";

/** One row to put or, without a value, to remove. */
export interface Change<T extends string> {
  table: T;
  key: Buffer;
  value?: Buffer;
}

/** An ordered map of binary keys whose changes are atomic and durable; tests put a simulated one in its place. */
export interface OrderedIndex<T extends string> extends AsyncDisposable {
  get(table: T, key: Buffer): Buffer | undefined;
  /** At most `limit` rows from `start` on, in order of their keys; only those before `end`, where it is given. */
  range(
    table: T,
    start: Buffer,
    limit: number,
    end?: Buffer,
  ): [Buffer, Buffer][];
  /** Applies all changes or none; they are durable when it resolves. */
  commit(changes: readonly Change<T>[]): Promise<void>;
}

/** An index in LMDB. It is never the only copy: what it tells of can rebuild it. */
export class LmdbIndex<T extends string> implements OrderedIndex<T> {
  #root: RootDatabase;
  #tables: Map<T, Database<Buffer, Buffer>>;

  private constructor(
    root: RootDatabase,
    opened: Map<T, Database<Buffer, Buffer>>,
  ) {
    this.#root = root;
    this.#tables = opened;
  }

  /** Opens the index in a folder, or makes it; one that LMDB cannot read is put aside, to be rebuilt. */
  static async open<T extends string>(
    folder: string,
    tables: readonly T[],
  ): Promise<LmdbIndex<T>> {
    await mkdir(folder, { recursive: true });
    try {
      return LmdbIndex.#open(folder, tables);
    } catch {
      await rm(join(folder, "damaged.mdb"), { force: true });
      await rename(join(folder, "data.mdb"), join(folder, "damaged.mdb"));
      await rm(join(folder, "lock.mdb"), { force: true });
      return LmdbIndex.#open(folder, tables);
    }
  }

  static #open<T extends string>(
    folder: string,
    tables: readonly T[],
  ): LmdbIndex<T> {
    // overlappingSync with `flushed` before each acknowledgement survives power cuts; noSync and writemap do not.
    const root = open({
      path: folder,
      maxDbs: tables.length + 1,
      overlappingSync: true,
      // The promise of a turn is nobody's: where it is rejected, the process would die of that.
      eventTurnBatching: false,
      safeRestore: true,
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

  get(table: T, key: Buffer): Buffer | undefined {
    return this.#table(table).get(key);
  }

  range(
    table: T,
    start: Buffer,
    limit: number,
    end?: Buffer,
  ): [Buffer, Buffer][] {
    return [
      ...this.#table(table)
        .getRange({ start, limit, snapshot: false, ...(end ? { end } : {}) })
        .map(({ key, value }): [Buffer, Buffer] => [key, value]),
    ];
  }

  async commit(changes: readonly Change<T>[]): Promise<void> {
    // Not `transaction`: its thread waits for a callback, and a process that dies meanwhile waits for that thread for good.
    const written = this.#root.batch(() => {
      for (const { table, key, value } of changes) {
        if (value) this.#table(table).put(key, value);
        else this.#table(table).remove(key);
      }
    });
    await this.#durable(written);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#root.flushed;
    await this.#root.close();
  }

  /** Resolves when what is being written is on the disk. @throws what the disk said */
  async #durable(written: Promise<unknown>): Promise<void> {
    try {
      await written;
    } catch (error) {
      // What went wrong comes beside the error, as a promise that is rejected: heard by nobody, it would end the process.
      await (error as { commitError?: Promise<never> }).commitError;
      throw error;
    }
    await this.#root.flushed;
  }

  #table(name: T): Database<Buffer, Buffer> {
    return this.#tables.get(name) as Database<Buffer, Buffer>;
  }
}
