import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { bodiesOf, stored } from "../tree/content.ts";
import type { Records } from "../tree/records.ts";
import type { Tree } from "../tree/tree.ts";
import { Apart } from "./api.ts";
import type { Promised } from "./protector.ts";
import { Limits, noLimits } from "./shaper.ts";

const record = "peers";
const Losses = Type.Integer({
  minimum: 0,
  maximum: 20,
  description:
    "how many boxes may be lost, this one included; 0: only on this box",
});
const Kept = Type.Object({
  type: Type.Literal("coppice peer settings 1"),
  /** Tells this tree from another one of the same root key: what friends keep belongs to one of them. */
  tree: Bytes(16),
  /** How friends see this box. */
  name: Type.String({ maxLength: 64 }),
  losses: Losses,
  apart: Apart,
  limits: Limits,
  folders: Type.Array(Type.Object({ id: Bytes(16), losses: Losses }), {
    maxItems: 10_000,
  }),
});
type Kept = Static<typeof Kept>;

/** What is promised where nothing else was said: this box and one friend's may burn. */
const usualLosses = 2;
const usual = (): Kept => ({
  type: "coppice peer settings 1",
  tree: randomBytes(16),
  name: hostname(),
  losses: usualLosses,
  apart: "household",
  limits: noLimits,
  folders: [],
});
const slice = 200;
const never = new AbortController().signal;

/** What the owner promised himself: how many boxes each folder survives; kept in the tree, with the limits of the line. */
export class Promises {
  #tree: Tree;
  #settings: Records;
  #kept: Kept;
  /** Bodies in folders that have a promise of their own, by id. */
  #bodies = new Map<string, Omit<Promised, "whole">>();
  /** Bodies of what the tree keeps about itself, by id: who the friends are is needed to find the rest. */
  #records: ReadonlySet<string> = new Set();

  private constructor(tree: Tree, records: Records, kept: Kept) {
    this.#tree = tree;
    this.#settings = records;
    this.#kept = kept;
  }

  /** Reads what a tree keeps; one that has none yet gets what is usual. @throws DiskFullError, DiskError, CborError */
  static async load(tree: Tree, records: Records): Promise<Promises> {
    const bytes = await records.read(record);
    const kept = bytes && parseCbor(Kept, bytes, "the peers' settings");
    const promises = new Promises(tree, records, kept ?? usual());
    if (!kept) await promises.#save(promises.#kept);
    return promises;
  }

  /** Which tree this is, and the number of its newest durable commit. */
  get tree(): { id: Buffer; head: number } {
    return {
      id: Buffer.from(this.#kept.tree),
      head: this.#tree.state.journal.head.number,
    };
  }

  get name(): string {
    return this.#kept.name;
  }

  get limits(): Limits {
    return this.#kept.limits;
  }

  /** Which boxes are taken for lost together. */
  get apart(): Apart {
    return this.#kept.apart;
  }

  /** Changes how friends see this box, what they may have of the line, and what is lost together. */
  async configure(
    settings: Pick<Kept, "name" | "limits" | "apart">,
  ): Promise<void> {
    await this.#save({ ...this.#kept, ...settings });
  }

  /** What is promised of each folder that has its own promise, and of all others ("/"). */
  get folders(): { path: string; losses: number }[] {
    return [
      { path: "/", losses: this.#kept.losses },
      ...this.#kept.folders
        .filter(({ id }) => this.#tree.state.node(Buffer.from(id)))
        .map(({ id, losses }) => ({
          path: this.#tree.places.pathOf(Buffer.from(id)),
          losses,
        }))
        .sort((a, b) => a.path.localeCompare(b.path)),
    ];
  }

  /** Promises something of a folder; `undefined` takes its own promise away. @throws NoEntryError */
  async set(path: string, losses: number | undefined): Promise<void> {
    const { id } = this.#tree.places.find(path);
    if (id.equals(this.#tree.places.rootId)) {
      await this.#save({ ...this.#kept, losses: losses ?? usualLosses });
      return;
    }
    const others = this.#kept.folders.filter((one) => !id.equals(one.id));
    await this.#save({
      ...this.#kept,
      folders: losses === undefined ? others : [...others, { id, losses }],
    });
  }

  /** What is promised of a block of the fragment store; `undefined` where nothing leads to it. */
  of(block: Buffer): Promised | undefined {
    // Pages and records are a part of the tree, whatever was promised of the file.
    const whole =
      this.#records.has(block.toString("hex")) ||
      this.#tree.state.bodies.isPage(block);
    const own = this.#bodies.get(block.toString("hex"));
    if (own && !whole) return { ...own, whole };
    return this.#tree.leadsTo(block)
      ? { scope: "/", losses: this.#kept.losses, whole }
      : undefined;
  }

  /** Looks anew which bodies are in which folder. */
  async survey(signal: AbortSignal): Promise<void> {
    const bodies = new Map<string, Omit<Promised, "whole">>();
    const { state, places, contents } = this.#tree;
    const records = new Set<string>();
    let count = 0;
    for (const node of places.childrenOf(places.systemId("sharing"))) {
      if (++count % slice === 0) await turn();
      signal.throwIfAborted();
      const { content } = state.block(node.id).header;
      for (const { id } of content ? stored(bodiesOf(content)) : [])
        records.add(id.toString("hex"));
    }
    this.#records = records;
    // The deeper folder's promise counts.
    for (const { path, losses } of this.folders.slice(1)) {
      const waiting = [places.find(path).id];
      for (let id = waiting.pop(); id; id = waiting.pop())
        for (const node of places.childrenOf(id)) {
          if (++count % slice === 0) await turn();
          signal.throwIfAborted();
          if (node.kind === "directory") waiting.push(node.id);
          if (node.kind !== "file") continue;
          const { content } = state.block(node.id).header;
          if (!content) continue;
          const named = [
            ...stored(bodiesOf(content)),
            ...(content.layout === "random"
              ? [
                  ...(await contents.pageLists(content, never)).values(),
                ].flatMap((list) => stored(list.bodies))
              : []),
          ];
          for (const body of named)
            bodies.set(body.id.toString("hex"), { scope: path, losses });
        }
    }
    this.#bodies = bodies;
  }

  async #save(kept: Kept): Promise<void> {
    await this.#settings.write(record, encodeCbor(kept));
    await this.#tree.flush();
    this.#kept = kept;
  }
}
