import { Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { Body, decodeBody, encodeBody } from "../store/body.ts";
import { type Content, namedBy, stored } from "./content.ts";
import type { BodyRef, ExtentList } from "./extents.ts";
import type { TreeIndex } from "./tree-index.ts";

/** A body that nothing names any more. */
export interface Released extends BodyRef {
  /** Whether it is a page, which names bodies itself. */
  page: boolean;
}

/** The extents of pages that are named for the first time, by the hexadecimal id of the page's body. */
export type PageLists = ReadonlyMap<string, ExtentList>;

export const noPages: PageLists = new Map();

const Row = Type.Tuple([Type.Boolean(), Bytes(16), Body]);

/** How many versions and pages name each body: one that none names is released, and removed when that is durable. */
export class BodyCounts {
  #index: TreeIndex;

  constructor(index: TreeIndex) {
    this.#index = index;
  }

  /** Whether anything names a body, or it is yet to be removed. */
  has(id: Buffer): boolean {
    return (
      this.#index.get("bodies", id) !== undefined ||
      this.#index.get("released", id) !== undefined
    );
  }

  /** Whether a body is a page, which tells what other bodies a file consists of: without it, not even the tree can be made anew. */
  isPage(id: Buffer): boolean {
    return this.#index.get("bodies", id)?.at(8) === 1;
  }

  /** Counts what a version names. @param pages extents of its pages that nothing named before. */
  name(content: Content | undefined, pages: PageLists): void {
    if (!content) return;
    const named = namedBy(content);
    for (const ref of named.bodies) this.#add(ref, 1, false);
    for (const ref of named.pages) {
      if (this.#add(ref, 1, true) > 1) continue;
      const list = pages.get(ref.id.toString("hex"));
      if (!list) throw new Error("a page's extents were not given");
      this.nameAll(list, 1);
    }
  }

  /** Counts that a version is gone. */
  forget(content: Content | undefined): void {
    if (!content) return;
    const named = namedBy(content);
    for (const ref of named.bodies) this.#add(ref, -1, false);
    for (const ref of named.pages) this.#add(ref, -1, true);
  }

  /** Counts what a page names, or that it is gone. */
  nameAll(list: ExtentList, by: 1 | -1): void {
    for (const ref of stored(list.bodies)) this.#add(ref, by, false);
  }

  /** Whether nothing names a body, and it is yet to be removed. */
  isReleased(id: Buffer): boolean {
    return this.#index.get("released", id) !== undefined;
  }

  /** At most `limit` bodies that nothing names. */
  released(limit: number): Released[] {
    return this.#index
      .range("released", Buffer.alloc(0), limit)
      .map(([, value]) => {
        const [page, id, body] = parseCbor(Row, value, "a released body");
        return { page, id: Buffer.from(id), body: decodeBody(body) };
      });
  }

  /** Forgets one that was removed. */
  removed(id: Buffer): void {
    this.#index.set("released", id, undefined);
  }

  #add(ref: BodyRef, by: 1 | -1, page: boolean): number {
    const old = this.#index.get("bodies", ref.id)?.readDoubleBE() ?? 0;
    const count = Buffer.alloc(9);
    count.writeDoubleBE(old + by);
    count.writeUInt8(page ? 1 : 0, 8);
    this.#index.set("bodies", ref.id, old + by > 0 ? count : undefined);
    const row = encodeCbor([page, ref.id, encodeBody(ref.body)]);
    this.#index.set("released", ref.id, old + by > 0 ? undefined : row);
    return old + by;
  }
}
