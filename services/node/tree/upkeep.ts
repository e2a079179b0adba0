import type { Actor } from "./capability.ts";
import type { Contents } from "./contents.ts";
import type { Node } from "./node-row.ts";
import type { Places } from "./places.ts";
import type { Subtrees } from "./subtrees.ts";
import type { TreeState } from "./tree-state.ts";

const day = 86_400_000;
/** How long old versions, and what was thrown away, are kept. */
const keptDays = { versions: 90, bin: 30 };
/** Entries that are looked at before others have their turn. */
const slice = 500;

/** What a tree needs from time to time. */
export class Upkeep {
  #state: TreeState;
  #places: Places;
  #contents: Contents;
  #subtrees: Subtrees;
  #owner: Actor;

  constructor(
    state: TreeState,
    places: Places,
    contents: Contents,
    subtrees: Subtrees,
    owner: Actor,
  ) {
    this.#state = state;
    this.#places = places;
    this.#contents = contents;
    this.#subtrees = subtrees;
    this.#owner = owner;
  }

  /** Writes files anew whose code is not what it should be with the present disks. */
  async recode(signal: AbortSignal): Promise<void> {
    for (const nodes of this.#slices())
      for (const { id, kind } of nodes) {
        signal.throwIfAborted();
        if (kind !== "file" || !this.#state.node(id)) continue;
        const { version, header } = this.#state.block(id);
        if (!header.content || this.#contents.isCoded(header.content)) continue;
        using written = await this.#contents.rewrite(
          header.content,
          header.content.layout,
          signal,
        );
        // Somebody who wrote it meanwhile wrote it in the right code.
        if (this.#state.node(id)?.version !== version) continue;
        this.#state.change((draft) => {
          draft.write(
            id,
            { ...header, content: written.content, time: Date.now() },
            this.#owner,
            false,
            written.pages,
          );
        });
      }
    await this.#state.flush();
  }

  /** Empties what is too old out of the bin and out of histories, and tidies the journal. */
  async tidy(signal: AbortSignal, now = Date.now()): Promise<void> {
    for (const { id } of this.#state.children(
      this.#places.systemId("bin"),
      "",
      100_000,
    )) {
      const { origin, time } = this.#state.block(id).header;
      // Without an origin it is a copy that was never finished.
      if (time < now - (origin === "" ? 1 : keptDays.bin) * day)
        await this.#subtrees.purge(id);
    }
    for (const nodes of this.#slices()) {
      for (const { id, version } of nodes) {
        signal.throwIfAborted();
        const old = this.#state.versions(id).slice(0, -1);
        for (const number of old) {
          const time = this.#state.version(id, number)?.header.time ?? now;
          if (number !== version && time < now - keptDays.versions * day)
            this.#state.change((draft) => draft.drop({ id, version: number }));
        }
      }
      await this.#state.flush();
    }
    await this.#state.flush();
    while (!signal.aborted && (await this.#state.clean()))
      await this.#state.flush();
  }

  /** All newest versions, a slice at a time. */
  *#slices(): Generator<Node[]> {
    let after: Buffer = Buffer.alloc(0);
    for (;;) {
      const nodes = [...this.#state.nodesAfter(after, slice)];
      const last = nodes.at(-1);
      if (!last) return;
      yield nodes;
      after = last.id;
    }
  }
}
