import { type Static, Type } from "typebox";
import { Bytes } from "../../shared/cbor.ts";
import {
  Body,
  type Body as BodyInfo,
  decodeBody,
  encodeBody,
} from "../store/body.ts";

/** A body in the fragment store. */
export interface BodyRef {
  /** Its block's id, 16 bytes. */
  id: Buffer;
  body: BodyInfo;
}

/** A piece of content: bytes of a body, or a hole of zeros. */
export interface Extent {
  /** Bytes. */
  length: number;
  /** Position in the list's bodies; -1 for a hole. */
  body: number;
  /** First byte within the body. */
  from: number;
}

/** Content as pieces of bodies, in order. Values are never changed: each function gives a new list. */
export interface ExtentList {
  bodies: readonly BodyRef[];
  extents: readonly Extent[];
}

/** A list as it stands in CBOR: bodies, then length, body and first byte of each extent. */
export const PackedExtents = Type.Tuple([
  Type.Array(Type.Tuple([Bytes(16), Body]), { maxItems: 65_536 }),
  Type.Array(Type.Integer({ minimum: -1 }), { maxItems: 1_000_000 }),
]);

export const noExtents: ExtentList = { bodies: [], extents: [] };

/** Bytes of content. */
export function lengthOf({ extents }: ExtentList): number {
  return extents.reduce((sum, { length }) => sum + length, 0);
}

/** A whole body as content. */
export function wholeBody(ref: BodyRef): ExtentList {
  return ref.body.size === 0
    ? noExtents
    : {
        bodies: [ref],
        extents: [{ length: ref.body.size, body: 0, from: 0 }],
      };
}

/** Zeros that take no room. */
export function hole(length: number): ExtentList {
  return length === 0
    ? noExtents
    : { bodies: [], extents: [{ length, body: -1, from: 0 }] };
}

/** The piece from `start` to before `end`, in bytes. */
export function cut(list: ExtentList, start: number, end: number): ExtentList {
  const builder = new Builder();
  new Reader(list).copy(start, end, builder);
  return builder.list;
}

/**
 * Puts pieces in the place of what is there; behind the end, zeros come between.
 * @param pieces in order, none over another.
 */
export function overlay(
  list: ExtentList,
  pieces: readonly { at: number; piece: ExtentList }[],
): ExtentList {
  const builder = new Builder();
  const reader = new Reader(list);
  const length = lengthOf(list);
  let at = 0;
  for (const one of pieces) {
    reader.copy(at, Math.min(one.at, length), builder);
    builder.add(undefined, Math.max(0, one.at - Math.max(at, length)), 0);
    const size = lengthOf(one.piece);
    new Reader(one.piece).copy(0, size, builder);
    at = one.at + size;
  }
  reader.copy(at, length, builder);
  return builder.list;
}

/** Cut to a length, or filled up with zeros. */
export function resize(list: ExtentList, size: number): ExtentList {
  const length = lengthOf(list);
  return size <= length
    ? cut(list, 0, size)
    : overlay(list, [{ at: length, piece: hole(size - length) }]);
}

/** Goes through a list once, from its beginning to its end. */
class Reader {
  #list: ExtentList;
  #number = 0;
  /** First byte of the extent at hand. */
  #base = 0;

  constructor(list: ExtentList) {
    this.#list = list;
  }

  /** Hands on what is from `start` to before `end`, which is not before what was asked for last. */
  copy(start: number, end: number, to: Builder): void {
    const { bodies, extents } = this.#list;
    for (;;) {
      const extent = extents[this.#number];
      if (!extent || this.#base >= end) return;
      const first = Math.max(start, this.#base);
      const last = Math.min(end, this.#base + extent.length);
      if (first < last)
        to.add(
          bodies[extent.body],
          last - first,
          extent.body < 0 ? 0 : extent.from + first - this.#base,
        );
      if (this.#base + extent.length > end) return;
      this.#base += extent.length;
      this.#number++;
    }
  }
}

/** Makes a list: joins extents that follow each other, and names each body once. */
class Builder {
  #bodies: BodyRef[] = [];
  #extents: Extent[] = [];
  #numbers = new Map<string, number>();

  add(ref: BodyRef | undefined, length: number, from: number): void {
    if (length === 0) return;
    const body = ref ? this.#numberOf(ref) : -1;
    const last = this.#extents.at(-1);
    if (last?.body === body && (body < 0 || last.from + last.length === from))
      last.length += length;
    else this.#extents.push({ length, body, from });
  }

  get list(): ExtentList {
    return { bodies: this.#bodies, extents: this.#extents };
  }

  #numberOf(ref: BodyRef): number {
    // A body that stands in the list itself may have another's id: its key is its own.
    const key = (ref.body.inline.length > 0 ? ref.body.key : ref.id).toString(
      "latin1",
    );
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#bodies.push(ref) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

/** To CBOR's tuple and back. */
export function packExtents(list: ExtentList): Static<typeof PackedExtents> {
  return [
    list.bodies.map(({ id, body }) => [id, encodeBody(body)]),
    list.extents.flatMap(({ length, body, from }) => [length, body, from]),
  ];
}

/** @throws RangeError where the numbers do not fit each other. */
export function unpackExtents([bodies, numbers]: Static<
  typeof PackedExtents
>): ExtentList {
  const extents: Extent[] = [];
  for (let at = 0; at < numbers.length; at += 3) {
    const [length = 0, body = 0, from = -1] = numbers.slice(at, at + 3);
    const size = bodies[body]?.[1][1] ?? (body === -1 ? Infinity : -1);
    if (length < 1 || from < 0 || from + length > size)
      throw new RangeError("an extent lies outside its body");
    extents.push({ length, body, from });
  }
  return {
    bodies: bodies.map(([id, body]) => ({
      id: Buffer.from(id),
      body: decodeBody(body),
    })),
    extents,
  };
}
