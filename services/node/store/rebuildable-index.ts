import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "typebox";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { type Change, LmdbIndex, type OrderedIndex } from "./ordered-index.ts";

/** An index that can be made anew while it is used; tests put a simulated one in its place. */
export interface RebuildableIndex<T extends string> extends OrderedIndex<T> {
  /** An empty index beside this one. Only one at a time; close it where it is not to be used. */
  beside(): Promise<OrderedIndex<T>>;
  /** Is from now on, at once and durably, what was made beside it. Nothing may be committed meanwhile. */
  become(fresh: OrderedIndex<T>): Promise<void>;
}

/** The file that says in which folder the index is. */
const pointer = "now.json";
const Pointer = Type.Object({ folder: Type.String({ pattern: "^[01]$" }) });

/** One in LMDB: a folder with the index, and at times one with its successor. */
export class RebuildableLmdb<T extends string> implements RebuildableIndex<T> {
  #folder: string;
  #tables: readonly T[];
  #now: string;
  #index: LmdbIndex<T>;

  private constructor(
    folder: string,
    tables: readonly T[],
    now: string,
    index: LmdbIndex<T>,
  ) {
    this.#folder = folder;
    this.#tables = tables;
    this.#now = now;
    this.#index = index;
  }

  /** Opens the index in a folder, or makes it; where it cannot be read which one is in use, it is rebuilt. What is left of a successor that was not finished is removed. */
  static async open<T extends string>(
    folder: string,
    tables: readonly T[],
  ): Promise<RebuildableLmdb<T>> {
    await mkdir(folder, { recursive: true });
    const told = await readJson(Pointer, join(folder, pointer)).catch(
      () => undefined,
    );
    const now = told?.folder ?? "0";
    for (const name of await readdir(folder))
      if (name !== now && name !== pointer)
        await rm(join(folder, name), { recursive: true });
    const index = await LmdbIndex.open(join(folder, now), tables);
    return new RebuildableLmdb(folder, tables, now, index);
  }

  get(table: T, key: Buffer): Buffer | undefined {
    return this.#index.get(table, key);
  }

  range(...asked: Parameters<OrderedIndex<T>["range"]>): [Buffer, Buffer][] {
    return this.#index.range(...asked);
  }

  async commit(changes: readonly Change<T>[]): Promise<void> {
    await this.#index.commit(changes);
  }

  async beside(): Promise<LmdbIndex<T>> {
    const folder = join(this.#folder, other(this.#now));
    await rm(folder, { recursive: true, force: true });
    return await LmdbIndex.open(folder, this.#tables);
  }

  async become(fresh: LmdbIndex<T>): Promise<void> {
    const folder = other(this.#now);
    await writeDurable(join(this.#folder, pointer), JSON.stringify({ folder }));
    const old = this.#index;
    this.#index = fresh;
    this.#now = folder;
    await old[Symbol.asyncDispose]();
    await rm(join(this.#folder, other(folder)), { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#index[Symbol.asyncDispose]();
  }
}

function other(folder: string): string {
  return folder === "0" ? "1" : "0";
}
