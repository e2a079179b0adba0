import { type Static, Type } from "typebox";
import { Bytes, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import { Body, decodeBody, encodeBody } from "../store/body.ts";
import {
  type BodyRef,
  type ExtentList,
  noExtents,
  PackedExtents,
  packExtents,
  unpackExtents,
} from "./extents.ts";

/** How a file's content is laid out, chosen when it is made: whole, or in pages that are changed one by one. */
export type Layout = "sequential" | "random";

/** Bytes of content that a page tells of. */
export const pageSize = 32 * 2 ** 20;

/** A file's content. */
export type Content =
  | { layout: "sequential"; size: number; list: ExtentList }
  | {
      layout: "random";
      size: number;
      /** Bodies that hold a page's extents; `undefined` where all of it are zeros. */
      pages: readonly (BodyRef | undefined)[];
    };

/** Content as it stands in a block's header. */
export const PackedContent = Type.Union([
  Type.Tuple([
    Type.Literal("sequential"),
    Type.Integer({ minimum: 0 }),
    PackedExtents,
  ]),
  Type.Tuple([
    Type.Literal("random"),
    Type.Integer({ minimum: 0 }),
    Type.Array(Type.Union([Type.Null(), Type.Tuple([Bytes(16), Body])]), {
      maxItems: 65_536,
    }),
  ]),
]);

/** No bytes. */
export function emptyContent(layout: Layout): Content {
  return layout === "sequential"
    ? { layout, size: 0, list: noExtents }
    : { layout, size: 0, pages: [] };
}

/** The bodies that content consists of; of a random layout, its pages. */
export function bodiesOf(content: Content): readonly BodyRef[] {
  return content.layout === "sequential"
    ? content.list.bodies
    : content.pages.filter((page) => page !== undefined);
}

/** The bodies that a version names itself, and pages, whose bodies are named by them. A small page stands in the version. */
export function namedBy(content: Content): {
  bodies: BodyRef[];
  pages: BodyRef[];
} {
  if (content.layout === "sequential")
    return { bodies: stored(content.list.bodies), pages: [] };
  const pages = content.pages.filter((page) => page !== undefined);
  return {
    bodies: pages.flatMap(({ body }) =>
      body.inline.length > 0 ? stored(readPage(body.inline).bodies) : [],
    ),
    pages: stored(pages),
  };
}

/** A page as it is stored. */
export function writePage(list: ExtentList): Buffer {
  return encodeCbor(packExtents(list));
}

/** @throws CborError, RangeError */
export function readPage(bytes: Buffer): ExtentList {
  return unpackExtents(parseCbor(PackedExtents, bytes, "a page of a file"));
}

/** Those bodies that are in the fragment store and not in the list itself. */
export function stored(bodies: readonly BodyRef[]): BodyRef[] {
  return bodies.filter(({ body }) => body.inline.length === 0);
}

/** To CBOR's tuple and back. */
export function packContent(content: Content): Static<typeof PackedContent> {
  if (content.layout === "sequential")
    return ["sequential", content.size, packExtents(content.list)];
  return [
    "random",
    content.size,
    content.pages.map((page) =>
      page ? [page.id, encodeBody(page.body)] : null,
    ),
  ];
}

/** @throws RangeError where the numbers do not fit each other. */
export function unpackContent(packed: Static<typeof PackedContent>): Content {
  if (packed[0] === "sequential")
    return {
      layout: "sequential",
      size: packed[1],
      list: unpackExtents(packed[2]),
    };
  return {
    layout: "random",
    size: packed[1],
    pages: packed[2].map((page) =>
      page
        ? { id: Buffer.from(page[0]), body: decodeBody(page[1]) }
        : undefined,
    ),
  };
}
