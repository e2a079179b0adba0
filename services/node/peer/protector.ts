import { setImmediate as turn } from "node:timers/promises";
import type { Code } from "../store/body.ts";
import { fragmentLength, fragmentsIn } from "../store/coding.ts";
import type { FragmentStore } from "../store/fragments.ts";
import { headerSegment } from "../store/record.ts";
import {
  type Address,
  NoBlockError,
  SegmentLostError,
} from "../store/segment.ts";
import { segmentsOf } from "../store/walk.ts";
import { treeAccount } from "../tree/tree.ts";
import {
  type Holding,
  type Location,
  type Locations,
  sameCode,
} from "./locations.ts";
import type { Priority } from "./messages.ts";
import type { Outbox } from "./outbox.ts";
import {
  type Box,
  codeFor,
  placeOn,
  repairBelow,
  stillFits,
  tolerates,
} from "./protection.ts";

/** Boxes that have the tree's journal and files' pages: whole copies of what little there is, so that any one friend brings the tree back. */
const mostJournals = 12;
/** Segments that are worked on at once. */
const parallel = 16;
const slice = 200;
/** Segments that wait in one pass: more are found in the next one. */
const mostTasks = 50_000;

/** What the protector knows of the friends at a moment. */
export interface Standing {
  /** Boxes that take fragments now. */
  boxes: Box[];
  /** Boxes that can be counted on, also where they do not answer now: the code follows from their number. */
  members: number;
  /** Their mean availability, 0 to 1. */
  availability: number;
  /** Whether what a friend holds can be counted on: heard of in the last 72 h, audited, not lost. */
  isDurable(id: string): boolean;
  /** Whether a friend gives up what it holds: it is to be moved. */
  isLeaving(id: string): boolean;
  /** Whether a friend is gone for good: it is mended without waiting. */
  isGone(id: string): boolean;
}

/** How many losses of boxes a block is to survive, this one included, and which promise says so. */
export interface Promised {
  /** Name of the promise, for the sums. */
  scope: string;
  losses: number;
  /** Whether whoever keeps it keeps all of it, as of the journal: the tree cannot be made anew without it. */
  whole: boolean;
}

/** How it is with what one promise covers. */
export interface ScopeState {
  scope: string;
  segments: number;
  bytes: number;
  /** How many boxes can be lost now; -1 where something is lost already. */
  survives: number;
  /** Segments that are not yet as promised, and their bytes. */
  waiting: number;
  waitingBytes: number;
}

interface Task {
  address: Address;
  segment: number;
  promise: Promised;
  /** Durable fragments above k: the lower, the more urgent. */
  margin: number;
}

/** What the protector works with. */
export interface ProtectorInit {
  store: FragmentStore;
  locations: Locations;
  outbox: Outbox;
  standing(): Standing;
  /** What is promised of a block; `undefined` where nothing leads to it. */
  promised(block: Buffer): Promised | undefined;
  /** Removes fragments at a friend's box. */
  drop(id: string, places: readonly Holding[]): Promise<void>;
  onError(error: unknown): void;
}

/** Sees to it that friends hold of each segment what was promised, and moves, mends and drops what has to be. */
export class Protector {
  #init: ProtectorInit;
  #state: ScopeState[] = [];
  #progress: { done: number; total: number; bytes: number; started: number } = {
    done: 0,
    total: 0,
    bytes: 0,
    started: 0,
  };
  #used = new Map<string, number>();
  #took = 0;

  constructor(init: ProtectorInit) {
    this.#init = init;
  }

  /** How it is with each promise, as the last pass found it. */
  get state(): readonly ScopeState[] {
    return this.#state;
  }

  /** How far the present pass is: segments, and bytes that were sent since it began. */
  get progress(): {
    done: number;
    total: number;
    bytes: number;
    started: number;
  } {
    return this.#progress;
  }

  /** Milliseconds to leave between two looks through everything: so they take a tenth of the time at most, however much there is. */
  get rest(): number {
    return 9 * this.#took;
  }

  /** Bytes of mine that a friend holds. */
  used(id: string): number {
    return this.#used.get(id) ?? 0;
  }

  /** Looks through everything once, and does what is to be done, the most endangered first. @returns how many segments it could not bring to where they should be */
  async pass(signal: AbortSignal): Promise<number> {
    const { tasks, stale } = await this.#survey(signal);
    await this.#forget(stale, signal);
    tasks.sort((a, b) => a.margin - b.margin);
    this.#progress = {
      done: 0,
      total: tasks.length,
      bytes: 0,
      started: Date.now(),
    };
    const queue = tasks.values();
    const work = async (): Promise<void> => {
      for (const task of queue) {
        signal.throwIfAborted();
        await this.#mend(task, signal).catch((error: unknown) => {
          signal.throwIfAborted();
          this.#init.onError(error);
        });
        this.#progress.done++;
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
    // What was done changed what the survey had found.
    return tasks.length > 0 ? (await this.#survey(signal)).tasks.length : 0;
  }

  /** What is where, and what is to be done about it. */
  async #survey(
    signal: AbortSignal,
  ): Promise<{ tasks: Task[]; stale: Location[] }> {
    const { store, locations, promised } = this.#init;
    const began = Date.now();
    const standing = this.#init.standing();
    const scopes = new Map<string, ScopeState>();
    const used = new Map<string, number>();
    const tasks: Task[] = [];
    const stale: Location[] = [];
    let count = 0;
    const look = async (
      address: Address,
      segment: number,
      local: boolean,
    ): Promise<void> => {
      if (++count % slice === 0) {
        signal.throwIfAborted();
        await turn();
      }
      const location = locations.get(address.block, segment);
      const promise = promised(address.block);
      if (!promise) {
        if (location) stale.push(location);
        return;
      }
      const judged = judge(location, standing, promise, segment);
      for (const holder of location?.holders ?? [])
        if (holder && location)
          used.set(
            holder.id,
            (used.get(holder.id) ?? 0) + fragmentLength(location.cut),
          );
      const bytes = location?.cut.segmentLength ?? 0;
      const scope = scopes.get(promise.scope) ?? {
        scope: promise.scope,
        segments: 0,
        bytes: 0,
        survives: Number.POSITIVE_INFINITY,
        waiting: 0,
        waitingBytes: 0,
      };
      scopes.set(promise.scope, scope);
      scope.segments++;
      scope.bytes += bytes;
      const survives = location
        ? tolerates(location.cut, judged.durable, local)
        : 0;
      scope.survives = Math.min(
        scope.survives,
        local || judged.durable >= (location?.cut.k ?? 1) ? survives : -1,
      );
      if (!judged.todo && local) return;
      scope.waiting++;
      scope.waitingBytes += bytes;
      if (tasks.length < mostTasks)
        tasks.push({
          address,
          segment,
          promise,
          margin: judged.durable - (location?.cut.k ?? 1),
        });
    };
    for await (const { account, block, segment } of segmentsOf(store))
      if (account.equals(treeAccount))
        await look({ account, block }, segment, true);
    for (let last: Location | undefined; ; ) {
      const rows = locations.after(last, slice);
      for (const { block, segment } of rows) {
        const address = { account: treeAccount, block };
        if (!store.locate(address, segment, 1))
          await look(address, segment, false);
      }
      last = rows.at(-1);
      if (!last) break;
    }
    this.#took = Date.now() - began;
    this.#state = [...scopes.values()];
    this.#used = used;
    return { tasks, stale };
  }

  /** Drops what nothing leads to any more, at whoever holds it. */
  async #forget(
    stale: readonly Location[],
    signal: AbortSignal,
  ): Promise<void> {
    const { locations, drop } = this.#init;
    const byFriend = new Map<string, Holding[]>();
    for (const { block, segment, holders } of stale)
      for (const [index, holder] of holders.entries()) {
        if (!holder) continue;
        const list = byFriend.get(holder.id) ?? [];
        list.push({ block, segment, index });
        byFriend.set(holder.id, list);
      }
    const failed = new Set<string>();
    for (const [id, places] of byFriend)
      for (let at = 0; at < places.length; at += 500) {
        signal.throwIfAborted();
        await drop(id, places.slice(at, at + 500)).catch(() => failed.add(id));
      }
    // Whoever could not be told is told in the next pass.
    await locations.remove(
      stale.filter(({ holders }) =>
        holders.every((holder) => !holder || !failed.has(holder.id)),
      ),
    );
  }

  /** Brings one segment to where it should be. */
  async #mend(
    { address, segment, promise }: Task,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, locations, outbox, drop } = this.#init;
    const standing = this.#init.standing();
    const before = locations.get(address.block, segment);
    const bytes = await this.#bytes(address, segment);
    if (!bytes) return;
    const target = targetCode(standing, promise, segment, before?.cut);
    // The rows of the Cauchy matrix do not depend on m: with the same k, fragments stay what they are.
    const keep = before?.cut.k === target.k ? before : undefined;
    const cut = { ...target, segmentLength: bytes.length };
    const kept = (keep?.holders ?? [])
      .slice(0, target.k + target.m)
      .map((holder) =>
        holder &&
        standing.isDurable(holder.id) &&
        !standing.isLeaving(holder.id)
          ? holder.id
          : undefined,
      );
    const length = fragmentLength(cut);
    const boxes = standing.boxes.map((box) => ({
      ...box,
      free: box.free - this.used(box.id),
    }));
    const placed = placeOn(address.block, target, boxes, kept, length);
    const memory = store.coder.memory(cut);
    try {
      bytes.copy(memory.bytes);
      const names = await store.coder.seal(memory, cut);
      const fragments = fragmentsIn(memory.bytes, cut);
      const holders = await Promise.all(
        placed.map(async (id, index) => {
          const name = Buffer.from(names.subarray(index * 32, index * 32 + 32));
          const old = keep?.holders[index];
          if (id === undefined) return old;
          if (kept[index] === id) return { id, name };
          const priority: Priority = keep ? "repair" : "rebalance";
          try {
            await outbox.put(
              id,
              {
                fragment: [
                  address.block,
                  segment,
                  index,
                  cut.k,
                  cut.m,
                  cut.segmentLength,
                  name,
                ],
                bytes: Buffer.from(fragments[index] as Buffer),
              },
              priority,
            );
          } catch {
            // The line's state tells; the next pass tries again.
            return old;
          }
          this.#progress.bytes += length;
          this.#used.set(id, this.used(id) + length);
          return { id, name };
        }),
      );
      signal.throwIfAborted();
      await locations.set([{ block: address.block, segment, cut, holders }]);
      const moved = (before?.holders ?? []).flatMap((holder, index) =>
        holder && holders[index]?.id !== holder.id
          ? [{ id: holder.id, index }]
          : [],
      );
      for (const { id, index } of moved)
        if (!standing.isGone(id))
          await drop(id, [{ block: address.block, segment, index }]).catch(
            () => {},
          );
    } finally {
      store.coder.release(memory);
    }
  }

  /** A segment's bytes as they were encrypted; from friends, and then kept here, where this box has them not. */
  async #bytes(address: Address, segment: number): Promise<Buffer | undefined> {
    const { store } = this.#init;
    try {
      return await store.read(address, segment);
    } catch (error) {
      if (!(error instanceof NoBlockError || error instanceof SegmentLostError))
        throw error;
      const code =
        store.accepting.length === 2 ? { k: 4, m: 4 } : { k: 4, m: 2 };
      const whole = { k: 1, m: 2 };
      const local = segment === headerSegment ? whole : code;
      if (!(await store.refill(address, segment, local))) return undefined;
      return await store.read(address, segment);
    }
  }
}

/** The code that a segment should have with the present boxes: the one that it has, while that keeps the promise. */
function targetCode(
  { members, availability }: Standing,
  { losses, whole }: Promised,
  segment: number,
  present: Code | undefined,
): Code {
  const count = Math.max(1, members);
  if (segment === headerSegment || whole)
    return { k: 1, m: Math.min(count, mostJournals) - 1 };
  const others = Math.max(0, losses - 1);
  const best = codeFor(count, availability, others);
  return present && stillFits(present, count, availability, others, best)
    ? present
    : best;
}

/** How many fragments of a segment can be counted on, and whether something is to be done about it. */
function judge(
  location: Location | undefined,
  standing: Standing,
  promise: Promised,
  segment: number,
): { durable: number; todo: boolean } {
  const someone = standing.boxes.length > 0;
  if (promise.losses === 0 || !location)
    return { durable: 0, todo: promise.losses > 0 && someone };
  const { holders, cut } = location;
  let durable = 0;
  let empty = 0;
  let urgent = false;
  for (const holder of holders) {
    if (!holder) empty++;
    else if (standing.isLeaving(holder.id)) {
      durable++;
      urgent = true;
    } else if (standing.isDurable(holder.id)) durable++;
    else if (standing.isGone(holder.id)) urgent = true;
  }
  const held = new Set(holders.flatMap((holder) => holder?.id ?? []));
  const another = standing.boxes.some(({ id }) => !held.has(id));
  const todo =
    (!sameCode(cut, targetCode(standing, promise, segment, cut)) && someone) ||
    (empty > 0 && another) ||
    ((urgent || durable <= repairBelow(cut)) &&
      durable < cut.k + cut.m &&
      another) ||
    (urgent && another);
  return { durable, todo };
}
