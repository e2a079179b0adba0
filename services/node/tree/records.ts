import { buffer } from "node:stream/consumers";
import { NoEntryError } from "./errors.ts";
import type { Tree } from "./tree.ts";

const never = new AbortController().signal;
const most = 20_000;

/** Small things that the tree keeps about itself, as files under `/.sharing`: they are there again with the root key. */
export class Records {
  #tree: Tree;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Names that begin so. */
  names(prefix: string): string[] {
    return this.#tree.state
      .children(this.#tree.places.systemId("sharing"), "", most)
      .map(({ name }) => name)
      .filter((name) => name.startsWith(prefix));
  }

  /** What is kept under a name; `undefined` for nothing. @throws DiskError, ForgedError */
  async read(name: string): Promise<Buffer | undefined> {
    try {
      const { owner } = this.#tree;
      return await buffer(
        this.#tree.read(`/.sharing/${name}`, owner, never).bytes,
      );
    } catch (error) {
      if (error instanceof NoEntryError) return undefined;
      throw error;
    }
  }

  /** Keeps something under a name, in place of what was there. @throws DiskFullError, DiskError */
  async write(name: string, bytes: Buffer): Promise<void> {
    await this.#tree.put(
      "/.sharing",
      name,
      (async function* () {
        yield bytes;
      })(),
      this.#tree.owner,
      never,
      { keep: false },
    );
  }

  /** @throws NoEntryError */
  discard(name: string): void {
    this.#tree.discard(`/.sharing/${name}`, this.#tree.owner);
  }
}
