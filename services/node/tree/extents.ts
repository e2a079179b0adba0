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
  const extents: Extent[] = [];
  let at = 0;
  for (const extent of list.extents) {
    const first = Math.max(start, at);
    const last = Math.min(end, at + extent.length);
    if (first < last)
      extents.push({
        length: last - first,
        body: extent.body,
        from: extent.body < 0 ? 0 : extent.from + first - at,
      });
    at += extent.length;
    if (at >= end) break;
  }
  return tidy({ bodies: list.bodies, extents });
}

/** Lists one after the other. */
export function join(...lists: readonly ExtentList[]): ExtentList {
  const bodies: BodyRef[] = [];
  const extents: Extent[] = [];
  for (const list of lists) {
    const base = bodies.length;
    bodies.push(...list.bodies);
    for (const extent of list.extents)
      extents.push(
        extent.body < 0 ? extent : { ...extent, body: extent.body + base },
      );
  }
  return tidy({ bodies, extents });
}

/** Puts `piece` in the place of what is at `at`; behind the end, zeros come between. */
export function overlay(
  list: ExtentList,
  at: number,
  piece: ExtentList,
): ExtentList {
  const length = lengthOf(list);
  return join(
    cut(list, 0, Math.min(at, length)),
    hole(Math.max(0, at - length)),
    piece,
    cut(list, at + lengthOf(piece), length),
  );
}

/** Cut to a length, or filled up with zeros. */
export function resize(list: ExtentList, size: number): ExtentList {
  const length = lengthOf(list);
  return size <= length ? cut(list, 0, size) : join(list, hole(size - length));
}

/** Joins extents that follow each other, and drops bodies that none needs. */
function tidy({ bodies, extents }: ExtentList): ExtentList {
  const numbers = new Map<string, number>();
  const kept: BodyRef[] = [];
  const joined: Extent[] = [];
  for (const extent of extents) {
    let body = -1;
    const ref = bodies[extent.body];
    if (ref) {
      // A body that stands in the list itself has no id: its bytes are never those of another.
      const key =
        ref.body.inline.length > 0
          ? ref.body.key.toString("latin1")
          : ref.id.toString("latin1");
      const known = numbers.get(key);
      body = known ?? kept.push(ref) - 1;
      numbers.set(key, body);
    }
    const last = joined.at(-1);
    if (
      last?.body === body &&
      (body < 0 || last.from + last.length === extent.from)
    )
      joined[joined.length - 1] = {
        ...last,
        length: last.length + extent.length,
      };
    else joined.push({ ...extent, body });
  }
  return { bodies: kept, extents: joined };
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
