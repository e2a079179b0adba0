import { performance } from "node:perf_hooks";
import type { Entry, TreeClient } from "../../node/client.ts";
import { CoppiceError } from "../../shared/errors.ts";

/** How long what was told of an entry is taken as true, milliseconds: other doors lead to the same files. */
const fresh = 1000;
const mostKept = 50_000;
const sliceSize = 2000;

/** What is known of paths, for a moment. */
export class EntryCache {
  #tree: TreeClient;
  #top: string;
  #known = new Map<string, { entry: Entry | undefined; at: number }>();

  /** @param top path in the tree that is mounted. */
  constructor(tree: TreeClient, top: string) {
    this.#tree = tree;
    this.#top = top === "/" ? "" : top;
  }

  /** A path in the mount as a path in the tree. */
  inTree(path: string): string {
    return path === "/" ? this.#top || "/" : `${this.#top}${path}`;
  }

  /** The entry of a path; `undefined` where there is none. */
  async find(path: string): Promise<Entry | undefined> {
    const known = this.#known.get(path);
    if (known && performance.now() - known.at < fresh) return known.entry;
    try {
      const { entry } = await this.#tree.entry(this.inTree(path));
      this.set(path, entry);
      return entry;
    } catch (error) {
      if (
        !(
          error instanceof CoppiceError &&
          ["no-such-file", "not-a-directory"].includes(error.type)
        )
      )
        throw error;
      this.set(path, undefined);
      return undefined;
    }
  }

  /** Names in a directory; what is told of each is kept. */
  async list(path: string): Promise<string[]> {
    const names: string[] = [];
    for (let after = ""; ; ) {
      const slice = await this.#tree.list({
        at: this.inTree(path),
        after,
        limit: sliceSize,
      });
      for (const entry of slice) {
        names.push(entry.name);
        if (names.length < mostKept)
          this.set(`${path === "/" ? "" : path}/${entry.name}`, entry);
      }
      const last = slice.at(-1);
      if (!last) return names;
      after = last.name;
    }
  }

  /** Notes what is known now; `undefined` for nothing there. */
  set(path: string, entry: Entry | undefined): void {
    this.#known.delete(path);
    this.#known.set(path, { entry, at: performance.now() });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostKept) break;
      this.#known.delete(oldest);
    }
  }

  /** Forgets a path. */
  forget(path: string): void {
    this.#known.delete(path);
  }

  /** Forgets everything: a directory was moved. */
  clear(): void {
    this.#known.clear();
  }
}
