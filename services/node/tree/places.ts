import { BadNameError, NoEntryError, NotDirectoryError } from "./errors.ts";
import type { Node } from "./node-row.ts";
import { derivedId } from "./tree-keys.ts";
import type { TreeState } from "./tree-state.ts";

/** A path, or a block's id. */
export type Place = string | Buffer;

const systemNames = ["bin", "snapshots", "sharing"] as const;
/** Directories that the tree keeps for itself, directly under its root. */
export type SystemName = (typeof systemNames)[number];

/** Which entry is where. */
export class Places {
  #state: TreeState;
  #ids = new Map<string, Buffer>();

  constructor(state: TreeState) {
    this.#state = state;
  }

  /** The names of the tree's own directories. */
  get systemNames(): readonly SystemName[] {
    return systemNames;
  }

  /** Id of the root directory. */
  get rootId(): Buffer {
    return this.#derivedId("root");
  }

  /** Id of a directory that the tree keeps for itself. */
  systemId(name: SystemName): Buffer {
    return this.#derivedId(name);
  }

  /** The entry at a place. @throws NoEntryError, NotDirectoryError */
  find(place: Place): Node {
    if (typeof place !== "string") {
      const node = this.#state.node(place);
      if (!node) throw new NoEntryError(place.toString("hex"));
      return node;
    }
    let node = this.find(this.rootId);
    for (const name of namesOf(place)) {
      if (node.kind !== "directory") throw new NotDirectoryError(node.name);
      const next = this.#state.child(node.id, name);
      if (!next) throw new NoEntryError(place);
      node = next;
    }
    return node;
  }

  /** The path of an entry. @throws NoEntryError */
  pathOf(id: Buffer): string {
    const { parent, name } = this.find(id);
    return this.#state.pathOf(parent, name);
  }

  /** Whether a block is another, or beneath it. */
  isBeneath(id: Buffer, top: Buffer): boolean {
    for (
      let node = this.#state.node(id);
      node;
      node = this.#state.node(node.parent)
    )
      if (node.id.equals(top)) return true;
    return false;
  }

  /** Whether this is a directory of the tree itself. */
  isSystem(id: Buffer): boolean {
    return systemNames.some((name) => this.systemId(name).equals(id));
  }

  /** A name like this that is free in a directory; `word` tells why it is another. */
  freeName(parent: Buffer, name: string, word: string): string {
    if (!this.#state.child(parent, name)) return name;
    for (let number = 1; ; number++) {
      const dot = name.lastIndexOf(".");
      const [stem, end] =
        dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
      const tried = `${stem} (${word}${number > 1 ? ` ${number}` : ""})${end}`;
      if (!this.#state.child(parent, tried)) return tried;
    }
  }

  /** The entries of a directory, however many, in slices. */
  *childrenOf(id: Buffer): Generator<Node> {
    let after = "";
    for (;;) {
      const slice = this.#state.children(id, after, 1000);
      yield* slice;
      const last = slice.at(-1);
      if (!last || slice.length < 1000) return;
      after = last.name;
    }
  }

  #derivedId(name: string): Buffer {
    let id = this.#ids.get(name);
    if (!id) {
      id = derivedId(name, this.#state.root.principal);
      this.#ids.set(name, id);
    }
    return id;
  }
}

/** The names in a path. */
export function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

/** A directory's path and a name as one path. */
export function join(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/** @throws BadNameError unless this can name an entry: 1 to 255 bytes of UTF-8, without a slash or a zero. */
export function checkName(name: string): void {
  if (
    name === "" ||
    name === "." ||
    name === ".." ||
    name.includes("/") ||
    name.includes("\0") ||
    Buffer.byteLength(name) > 255 ||
    !name.isWellFormed()
  )
    throw new BadNameError();
}
