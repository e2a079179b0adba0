import {
  DOMParser,
  type Element,
  type Node,
  XMLSerializer,
} from "@xmldom/xmldom";
import { BadRequestError } from "../../shared/errors.ts";

/** WebDAV's own namespace (RFC 4918). */
export const dav = "DAV:";

/** A property's name: namespace and local name. */
export interface PropertyName {
  namespace: string;
  local: string;
}

/** What a PROPFIND asks for: all, the names of all, or some. */
export type Wanted = "all" | "names" | readonly PropertyName[];

/** A change of one property, in the order in which they are asked for; without a value, it is taken out. */
export interface PropertyChange extends PropertyName {
  /** The element as XML. */
  value: string | undefined;
}

/** Reads the body of a PROPFIND; nothing asks for everything (RFC 4918 section 9.1). @throws BadRequestError */
export function readPropfind(body: string): Wanted {
  if (body.trim() === "") return "all";
  const root = parse(body, "propfind");
  for (const child of elements(root)) {
    if (child.namespaceURI !== dav) continue;
    if (child.localName === "allprop") return "all";
    if (child.localName === "propname") return "names";
    if (child.localName === "prop") return elements(child).map(nameOf);
  }
  throw malformed();
}

/** Reads the body of a PROPPATCH (RFC 4918 section 9.2). @throws BadRequestError */
export function readProppatch(body: string): PropertyChange[] {
  const changes: PropertyChange[] = [];
  for (const act of elements(parse(body, "propertyupdate"))) {
    const sets = act.localName === "set";
    if (act.namespaceURI !== dav || !(sets || act.localName === "remove"))
      continue;
    for (const list of elements(act))
      for (const property of elements(list))
        changes.push({
          ...nameOf(property),
          value: sets
            ? new XMLSerializer().serializeToString(property)
            : undefined,
        });
  }
  return changes;
}

/** Who asks for a lock, as the body of a LOCK tells it. @throws BadRequestError */
export function readLockOwner(body: string): string {
  const owner = elements(parse(body, "lockinfo")).find(
    ({ namespaceURI, localName }) =>
      namespaceURI === dav && localName === "owner",
  );
  return owner?.textContent?.trim() || "somebody";
}

/** Text as XML shows it. */
export function escapeXml(text: string): string {
  const named: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  // XML has no way to write most control characters.
  return [...text]
    .map(
      (letter) =>
        named[letter] ??
        (letter < " " && !"\t\n\r".includes(letter) ? "\ufffd" : letter),
    )
    .join("");
}

/** An element without content. */
export function emptyElement({ namespace, local }: PropertyName): string {
  return namespace === dav
    ? `<D:${local}/>`
    : `<X:${local} xmlns:X="${escapeXml(namespace)}"/>`;
}

function nameOf({ namespaceURI, localName }: Element): PropertyName {
  return { namespace: namespaceURI ?? "", local: localName ?? "" };
}

function parse(body: string, root: string): Element {
  let element: Element | null = null;
  try {
    const document = new DOMParser({
      onError: (level, message) => {
        if (level !== "warning") throw new Error(String(message));
      },
    }).parseFromString(body, "application/xml");
    // Entities of one's own could grow without end.
    if (document.doctype) throw new Error("a document type");
    element = document.documentElement;
  } catch {
    throw malformed();
  }
  if (element?.namespaceURI !== dav || element.localName !== root)
    throw malformed();
  return element;
}

function elements(parent: Node): Element[] {
  const found: Element[] = [];
  for (let child = parent.firstChild; child; child = child.nextSibling)
    if (child.nodeType === 1) found.push(child as Element);
  return found;
}

function malformed(): BadRequestError {
  return new BadRequestError(
    "This XML is not what WebDAV expects here.",
    "bad-xml",
  );
}
