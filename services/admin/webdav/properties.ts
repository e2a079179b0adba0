import type { Entry, Lock } from "../../node/client.ts";
import {
  dav,
  emptyElement,
  escapeXml,
  type PropertyName,
  type Wanted,
} from "./xml.ts";

/** How the names of WebDAV's dead properties begin among an entry's attributes. */
const attributePrefix = "dav ";

/** What is told of one resource. */
export interface Resource {
  /** Its address, already encoded. */
  href: string;
  entry: Entry;
  attributes: Readonly<Record<string, string>>;
  lock: Lock | undefined;
}

const supportedLock =
  "<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>";

/** The properties that every resource has (RFC 4918 section 15), by name; their values as XML. */
const live: Readonly<
  Record<string, (resource: Resource) => string | undefined>
> = {
  creationdate: ({ entry }) => new Date(entry.changed).toISOString(),
  displayname: ({ entry }) => escapeXml(entry.name),
  getcontentlength: ({ entry }) =>
    entry.kind === "directory" ? undefined : String(entry.size),
  getcontenttype: ({ entry }) =>
    entry.kind === "directory" ? undefined : "application/octet-stream",
  getetag: ({ entry }) => escapeXml(etagOf(entry)),
  getlastmodified: ({ entry }) => new Date(entry.modified).toUTCString(),
  lockdiscovery: ({ entry, lock, href }) =>
    lock ? activeLock(entry, lock, href) : "",
  resourcetype: ({ entry }) =>
    entry.kind === "directory" ? "<D:collection/>" : "",
  supportedlock: () => supportedLock,
};

/** Whether a property is the server's own, which nobody sets. */
export function isLive({ namespace, local }: PropertyName): boolean {
  return namespace === dav && local in live;
}

/** The attribute in which a dead property is kept. */
export function attributeOf({ namespace, local }: PropertyName): string {
  return `${attributePrefix}${namespace} ${local}`;
}

/** A version of a resource. */
export function etagOf({ id, version }: Entry): string {
  return `"${id}-${version}"`;
}

/** One response of a multistatus, as XML. */
export function responseOf(resource: Resource, wanted: Wanted): string {
  const found: string[] = [];
  const missing: string[] = [];
  const names = wanted === "all" || wanted === "names" ? all(resource) : wanted;
  for (const name of names) {
    const value =
      wanted === "names" ? emptyElement(name) : elementOf(resource, name);
    if (value === undefined) missing.push(emptyElement(name));
    else found.push(value);
  }
  return `<D:response><D:href>${escapeXml(resource.href)}</D:href>${propstat(found, "200 OK")}${propstat(missing, "404 Not Found")}</D:response>`;
}

/** Properties that share a status; nothing where there are none. */
export function propstat(
  properties: readonly string[],
  status: string,
): string {
  return properties.length === 0
    ? ""
    : `<D:propstat><D:prop>${properties.join("")}</D:prop><D:status>HTTP/1.1 ${status}</D:status></D:propstat>`;
}

/** A lock as WebDAV tells it. */
export function activeLock(entry: Entry, lock: Lock, href: string): string {
  const seconds = Math.max(0, Math.ceil((lock.expires - Date.now()) / 1000));
  return `<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:exclusive/></D:lockscope><D:depth>0</D:depth><D:owner>${escapeXml(lock.holder)}</D:owner><D:timeout>Second-${seconds}</D:timeout><D:locktoken><D:href>${lockToken(entry.id, lock.token)}</D:href></D:locktoken><D:lockroot><D:href>${escapeXml(href)}</D:href></D:lockroot></D:activelock>`;
}

/** A lock's name on the wire. */
export function lockToken(id: string, token: number): string {
  return `opaquelocktoken:${id}-${token}`;
}

/** The token for an entry among those that an If or Lock-Token header names. */
export function tokenIn(
  header: string | undefined,
  id: string,
): number | undefined {
  const match = new RegExp(`<opaquelocktoken:${id}-(\\d{1,15})>`).exec(
    header ?? "",
  );
  return match ? Number(match[1]) : undefined;
}

function all(resource: Resource): PropertyName[] {
  return [
    ...Object.keys(live)
      .filter((local) => live[local]?.(resource) !== undefined)
      .map((local) => ({ namespace: dav, local })),
    ...Object.keys(resource.attributes).flatMap((name) => {
      if (!name.startsWith(attributePrefix)) return [];
      const rest = name.slice(attributePrefix.length);
      const space = rest.lastIndexOf(" ");
      return { namespace: rest.slice(0, space), local: rest.slice(space + 1) };
    }),
  ];
}

function elementOf(resource: Resource, name: PropertyName): string | undefined {
  if (isLive(name)) {
    const value = live[name.local]?.(resource);
    return value === undefined
      ? undefined
      : `<D:${name.local}>${value}</D:${name.local}>`;
  }
  const kept = resource.attributes[attributeOf(name)];
  return kept === undefined
    ? undefined
    : Buffer.from(kept, "base64").toString("utf8");
}
