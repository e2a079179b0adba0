import { createHmac, randomBytes } from "node:crypto";
import type { Code } from "../store/body.ts";
import type { Cut } from "../store/coding.ts";
import type { Change, OrderedIndex } from "../store/ordered-index.ts";

export type LocationTable = "locations" | "held" | "slots";

/** A fragment at a friend's box. */
export interface Holding {
  block: Buffer;
  segment: number;
  index: number;
}

/** Where the fragments of a segment are, by index. */
export interface Location {
  block: Buffer;
  segment: number;
  cut: Cut;
  /** The friend's id and the fragment's name; `undefined` where nobody has it. */
  holders: ({ id: string; name: Buffer } | undefined)[];
}

const none = 0xffff;
const headSize = 7;
const entrySize = 34;
const saltKey = Buffer.from("salt");

/**
 * Who holds what of mine: a row for each segment, and, in an order that only this box knows, a row for each fragment of a
 * friend, from which audits draw. Friends' lists make it anew.
 */
export class Locations {
  #index: OrderedIndex<LocationTable>;
  #slots: string[];
  #salt: Buffer;

  private constructor(
    index: OrderedIndex<LocationTable>,
    slots: string[],
    salt: Buffer,
  ) {
    this.#index = index;
    this.#slots = slots;
    this.#salt = salt;
  }

  static async open(index: OrderedIndex<LocationTable>): Promise<Locations> {
    let salt = index.get("slots", saltKey);
    if (!salt) {
      salt = randomBytes(16);
      await index.commit([{ table: "slots", key: saltKey, value: salt }]);
    }
    const slots: string[] = [];
    for (const [key, value] of index.range("slots", Buffer.alloc(1), 70_000))
      if (key.length === 2) slots[key.readUInt16BE()] = value.toString("hex");
    return new Locations(index, slots, salt);
  }

  /** Where a segment is. */
  get(block: Buffer, segment: number): Location | undefined {
    const value = this.#index.get("locations", keyOf(block, segment));
    return value && this.#decode(block, segment, value);
  }

  /** Locations behind a key, in order. */
  after(
    last: { block: Buffer; segment: number } | undefined,
    limit: number,
  ): Location[] {
    const start = last
      ? Buffer.concat([keyOf(last.block, last.segment), Buffer.of(0)])
      : Buffer.alloc(1);
    return this.#index
      .range("locations", start, limit)
      .map(([key, value]) =>
        this.#decode(
          Buffer.from(key.subarray(0, 16)),
          key.readUInt32BE(16),
          value,
        ),
      );
  }

  /** Notes where fragments are, durably; a holder whose name is not told takes the one that is known. */
  async set(locations: readonly Location[]): Promise<void> {
    const changes: Change<LocationTable>[] = [];
    for (const location of locations) {
      const { block, segment, cut, holders } = location;
      const before = this.get(block, segment);
      for (const [index, holder] of (before?.holders ?? []).entries())
        if (holder && holders[index]?.id !== holder.id)
          changes.push({
            table: "held",
            key: this.#heldKey(this.#slot(holder.id, changes), {
              block,
              segment,
              index,
            }),
          });
      const value = Buffer.alloc(headSize + holders.length * entrySize);
      value.writeUInt8(1, 0);
      value.writeUInt8(cut.k, 1);
      value.writeUInt8(cut.m, 2);
      value.writeUInt32BE(cut.segmentLength, 3);
      for (const [index, holder] of holders.entries()) {
        const at = headSize + index * entrySize;
        const slot = holder ? this.#slot(holder.id, changes) : none;
        value.writeUInt16BE(slot, at);
        holder?.name.copy(value, at + 2, 0, 32);
        if (holder)
          changes.push({
            table: "held",
            key: this.#heldKey(slot, { block, segment, index }),
            value: placeBytes({ block, segment, index }),
          });
      }
      changes.push({ table: "locations", key: keyOf(block, segment), value });
    }
    if (changes.length > 0) await this.#index.commit(changes);
  }

  /** Forgets segments, durably. */
  async remove(locations: readonly Location[]): Promise<void> {
    const changes: Change<LocationTable>[] = [];
    for (const { block, segment, holders } of locations) {
      changes.push({ table: "locations", key: keyOf(block, segment) });
      for (const [index, holder] of holders.entries())
        if (holder)
          changes.push({
            table: "held",
            key: this.#heldKey(this.#slot(holder.id, changes), {
              block,
              segment,
              index,
            }),
          });
    }
    if (changes.length > 0) await this.#index.commit(changes);
  }

  /** Fragments of a friend, drawn at random: what it keeps is asked for in an order that it cannot know. */
  draw(id: string, count: number): Holding[] {
    const slot = this.#slots.indexOf(id);
    if (slot < 0) return [];
    const drawn: Holding[] = [];
    for (let tries = 0; drawn.length < count && tries < count * 2; tries++) {
      const start = Buffer.concat([slotBytes(slot), randomBytes(12)]);
      const [row] = this.#index.range("held", start, 1);
      const found =
        row && row[0].readUInt16BE() === slot
          ? row
          : this.#index.range("held", slotBytes(slot), 1)[0];
      if (!found || found[0].readUInt16BE() !== slot) return drawn;
      drawn.push(readPlace(found[1]));
    }
    return drawn;
  }

  /** Fragments of a friend behind one, a slice at a time. */
  *heldBy(id: string): Generator<Holding> {
    const slot = this.#slots.indexOf(id);
    if (slot < 0) return;
    let start = slotBytes(slot);
    for (;;) {
      const rows = this.#index.range("held", start, 500);
      for (const [key, value] of rows) {
        if (key.readUInt16BE() !== slot) return;
        yield readPlace(value);
      }
      const last = rows.at(-1);
      if (!last || rows.length < 500) return;
      start = Buffer.concat([last[0], Buffer.of(0)]);
    }
  }

  #decode(block: Buffer, segment: number, value: Buffer): Location {
    const cut = {
      k: value.readUInt8(1),
      m: value.readUInt8(2),
      segmentLength: value.readUInt32BE(3),
    };
    const holders = Array.from({ length: cut.k + cut.m }, (_, index) => {
      const at = headSize + index * entrySize;
      const id = this.#slots[value.readUInt16BE(at)];
      return id === undefined
        ? undefined
        : { id, name: Buffer.from(value.subarray(at + 2, at + entrySize)) };
    });
    return { block, segment, cut, holders };
  }

  #slot(id: string, changes: Change<LocationTable>[]): number {
    const known = this.#slots.indexOf(id);
    if (known >= 0) return known;
    const slot = this.#slots.push(id) - 1;
    changes.push({
      table: "slots",
      key: slotBytes(slot),
      value: Buffer.from(id, "hex"),
    });
    return slot;
  }

  #heldKey(slot: number, holding: Holding): Buffer {
    return Buffer.concat([
      slotBytes(slot),
      createHmac("sha256", this.#salt)
        .update(placeBytes(holding))
        .digest()
        .subarray(0, 12),
    ]);
  }
}

/** Whether two codes are the same. */
export function sameCode(a: Code, b: Code): boolean {
  return a.k === b.k && a.m === b.m;
}

function keyOf(block: Buffer, segment: number): Buffer {
  const key = Buffer.alloc(20);
  block.copy(key);
  key.writeUInt32BE(segment, 16);
  return key;
}

function slotBytes(slot: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(slot);
  return bytes;
}

function placeBytes({ block, segment, index }: Holding): Buffer {
  return Buffer.concat([keyOf(block, segment), Buffer.of(index)]);
}

function readPlace(bytes: Buffer): Holding {
  return {
    block: Buffer.from(bytes.subarray(0, 16)),
    segment: bytes.readUInt32BE(16),
    index: bytes.readUInt8(20),
  };
}
