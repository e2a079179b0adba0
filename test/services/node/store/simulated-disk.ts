import type { Table } from "../../../../services/node/store/fragment-index.ts";
import type { Change } from "../../../../services/node/store/ordered-index.ts";
import type { RebuildableIndex } from "../../../../services/node/store/rebuildable-index.ts";
import type {
  Storage,
  StorageFile,
} from "../../../../services/node/store/storage.ts";

/** The machine lost its power: nothing happens any more. */
export class PowerLossError extends Error {
  override name = "PowerLossError";
}

/** Numbers from a seed: the same ones every time (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Unsynced {
  offset: number;
  bytes: Buffer;
}

interface Content {
  /** What survives a power loss. */
  durable: Buffer;
  /** What a program reads now. */
  current: Buffer;
  unsynced: Unsynced[];
  /** Whether the name survives a power loss. */
  named: boolean;
}

/** What a simulated machine is told to do wrong. */
export interface Faults {
  /** The power goes before this event (a write, a flush, a name, a commit), counted from 1. */
  powerLossAt?: number;
  /** Asked before each operation; what it returns is thrown. */
  refuse?: (
    operation: "read" | "write" | "flush" | "room",
  ) => Error | undefined;
}

/** Counts what a machine does to its disks, and ends it at a chosen moment. */
export class Machine {
  events = 0;
  bytesRead = 0;
  dead = false;
  faults: Faults = {};

  /** @throws PowerLossError, or what the faults say */
  event(operation: "read" | "write" | "flush" | "room"): void {
    if (this.dead) throw new PowerLossError();
    if (operation === "write" || operation === "flush") {
      this.events++;
      if (this.events === this.faults.powerLossAt) {
        this.dead = true;
        throw new PowerLossError();
      }
    }
    const error = this.faults.refuse?.(operation);
    if (error) throw error;
  }
}

/** A disk in memory that loses, tears (at 512 or 4096 bytes) and reorders what was not flushed when the power goes. */
export class SimulatedDisk implements Storage {
  files = new Map<string, Content>();
  capacity = 2 ** 40;
  /** Files removed whose removal is not flushed. */
  #removed = new Map<string, Content>();
  #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** The disk as the next machine finds it after a power loss. */
  afterPowerLoss(machine: Machine, random: () => number): SimulatedDisk {
    const disk = new SimulatedDisk(machine);
    disk.capacity = this.capacity;
    for (const [name, content] of this.#removed)
      if (random() < 0.5) disk.#keep(name, survivor(content, random));
    for (const [name, content] of this.files)
      if (content.named || random() < 0.5)
        disk.#keep(name, survivor(content, random));
    return disk;
  }

  /** The same disk in the next machine, after a clean end. */
  moved(machine: Machine): SimulatedDisk {
    const disk = new SimulatedDisk(machine);
    disk.capacity = this.capacity;
    for (const [name, { current }] of this.files)
      disk.#keep(name, Buffer.from(current));
    return disk;
  }

  #keep(name: string, bytes: Buffer): void {
    this.files.set(name, {
      durable: Buffer.from(bytes),
      current: bytes,
      unsynced: [],
      named: true,
    });
  }

  async list(): Promise<string[]> {
    this.#machine.event("read");
    return [...this.files.keys()];
  }

  async open(name: string, create: boolean): Promise<StorageFile> {
    this.#machine.event(create ? "write" : "read");
    let content = this.files.get(name);
    if (!content) {
      if (!create)
        throw Object.assign(new Error(`ENOENT: ${name}`), { code: "ENOENT" });
      content = {
        durable: Buffer.alloc(0),
        current: Buffer.alloc(0),
        unsynced: [],
        named: false,
      };
      this.files.set(name, content);
    }
    return new SimulatedFile(content, this, this.#machine);
  }

  async remove(name: string): Promise<void> {
    this.#machine.event("write");
    const content = this.files.get(name);
    if (content) this.#removed.set(name, content);
    this.files.delete(name);
  }

  async sync(): Promise<void> {
    this.#machine.event("flush");
    for (const content of this.files.values()) content.named = true;
    this.#removed.clear();
  }

  async room(): Promise<{ free: number; total: number }> {
    this.#machine.event("room");
    return {
      free: Math.max(0, this.capacity - this.used()),
      total: this.capacity,
    };
  }

  used(): number {
    let used = 0;
    for (const { current } of this.files.values()) used += current.length;
    return used;
  }
}

class SimulatedFile implements StorageFile {
  #content: Content;
  #disk: SimulatedDisk;
  #machine: Machine;

  constructor(content: Content, disk: SimulatedDisk, machine: Machine) {
    this.#content = content;
    this.#disk = disk;
    this.#machine = machine;
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    this.#machine.event("read");
    const { current } = this.#content;
    const part = current.subarray(offset, offset + target.length);
    target.set(part);
    this.#machine.bytesRead += part.length;
    return part.length;
  }

  async write(parts: readonly Uint8Array[], offset: number): Promise<void> {
    const bytes = Buffer.concat(parts);
    const content = this.#content;
    const apply = (): void => {
      content.unsynced.push({ offset, bytes });
      content.current = written(content.current, offset, bytes);
    };
    const alive = !this.#machine.dead;
    try {
      this.#machine.event("write");
    } catch (error) {
      // What the power loss interrupts may be on the disk in part.
      if (alive && error instanceof PowerLossError) apply();
      throw error;
    }
    const growth = Math.max(0, offset + bytes.length - content.current.length);
    if (this.#disk.used() + growth > this.#disk.capacity)
      throw Object.assign(new Error("ENOSPC: no space left on device"), {
        code: "ENOSPC",
      });
    apply();
  }

  async datasync(): Promise<void> {
    this.#machine.event("flush");
    const content = this.#content;
    content.durable = Buffer.from(content.current);
    content.unsynced = [];
  }

  async truncate(size: number): Promise<void> {
    this.#machine.event("write");
    this.#content.current = Buffer.from(
      this.#content.current.subarray(0, size),
    );
  }

  async reserve(): Promise<void> {}

  async release(): Promise<void> {
    this.#machine.event("write");
  }

  async size(): Promise<number> {
    this.#machine.event("read");
    return this.#content.current.length;
  }

  async close(): Promise<void> {}
}

function written(old: Buffer, offset: number, bytes: Buffer): Buffer {
  const size = Math.max(old.length, offset + bytes.length);
  const fresh = size === old.length ? old : Buffer.alloc(size);
  if (fresh !== old) old.copy(fresh);
  bytes.copy(fresh, offset);
  return fresh;
}

function survivor(content: Content, random: () => number): Buffer {
  let bytes: Buffer = Buffer.from(content.durable);
  for (const { offset, bytes: part } of content.unsynced) {
    const fate = random();
    if (fate < 0.3) continue;
    if (fate < 0.5) {
      bytes = written(bytes, offset, part);
      continue;
    }
    const sector = random() < 0.5 ? 512 : 4096;
    for (let at = 0; at < part.length; ) {
      const end = Math.min(
        part.length,
        (Math.floor((offset + at) / sector) + 1) * sector - offset,
      );
      if (random() < 0.5)
        bytes = written(bytes, offset + at, part.subarray(at, end));
      at = end;
    }
  }
  return bytes;
}

/** An index in memory: a commit is there after a power loss if it resolved, and perhaps if it was under way. */
export class SimulatedIndex<T extends string = Table>
  implements RebuildableIndex<T>
{
  #tables = new Map<T, Map<string, Buffer>>();
  #sorted = new Map<T, string[]>();
  #machine: Machine;
  #underWay: readonly Change<T>[] | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  afterPowerLoss(machine: Machine, random: () => number): SimulatedIndex<T> {
    const index = this.moved(machine);
    if (this.#underWay && random() < 0.5) index.#apply(this.#underWay);
    return index;
  }

  moved(machine: Machine): SimulatedIndex<T> {
    const index = new SimulatedIndex<T>(machine);
    for (const [table, rows] of this.#tables)
      index.#tables.set(table, new Map(rows));
    return index;
  }

  /** Everything in it, to compare. */
  dump(): string {
    return JSON.stringify(
      [...this.#tables]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([table, rows]) => [
          table,
          [...rows]
            .map(([key, value]) => [key, value.toString("hex")])
            .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
        ]),
    );
  }

  get(table: T, key: Buffer): Buffer | undefined {
    return this.#tables.get(table)?.get(key.toString("hex"));
  }

  range(
    table: T,
    start: Buffer,
    limit: number,
    end?: Buffer,
  ): [Buffer, Buffer][] {
    const rows = this.#tables.get(table);
    if (!rows) return [];
    let keys = this.#sorted.get(table);
    if (!keys) {
      keys = [...rows.keys()].sort();
      this.#sorted.set(table, keys);
    }
    const from = start.toString("hex");
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((keys[middle] as string) < from) low = middle + 1;
      else high = middle;
    }
    const until = end?.toString("hex");
    return keys
      .slice(low, low + limit)
      .filter((key) => until === undefined || key < until)
      .map((key) => [Buffer.from(key, "hex"), rows.get(key) as Buffer]);
  }

  async commit(changes: readonly Change<T>[]): Promise<void> {
    if (!this.#machine.dead) this.#underWay = changes;
    this.#machine.event("flush");
    this.#apply(changes);
    this.#underWay = undefined;
  }

  async beside(): Promise<SimulatedIndex<T>> {
    return new SimulatedIndex<T>(this.#machine);
  }

  async become(fresh: SimulatedIndex<T>): Promise<void> {
    this.#machine.event("flush");
    this.#tables = fresh.#tables;
    this.#sorted = fresh.#sorted;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #apply(changes: readonly Change<T>[]): void {
    for (const { table, key, value } of changes) {
      let rows = this.#tables.get(table);
      if (!rows) {
        rows = new Map();
        this.#tables.set(table, rows);
      }
      const name = key.toString("hex");
      if (value ? !rows.has(name) : rows.has(name)) this.#sorted.delete(table);
      if (value) rows.set(name, Buffer.from(value));
      else rows.delete(name);
    }
  }
}
