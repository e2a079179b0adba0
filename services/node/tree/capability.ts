import { createHash, randomBytes } from "node:crypto";
import { Type } from "typebox";
import { Bytes, CborError, encodeCbor, parseCbor } from "../../shared/cbor.ts";
import {
  openCose,
  readCosePayload,
  SignatureError,
} from "../../shared/cose.ts";
import {
  BrokenChainError,
  ExpiredCapError,
  ForgedError,
  NoRightError,
  RevokedCapError,
} from "./errors.ts";
import {
  type Contact,
  isNode,
  type Person,
  principalOf,
  verificationKey,
} from "./person.ts";
import { remember } from "./tree-keys.ts";

/** What a cap lets its subject do beneath its path. */
export const rights = ["read", "write", "list", "delegate"] as const;
export type Right = (typeof rights)[number];

/** A longer chain is nobody's honest work. */
const longestChain = 16;

const Claims = Type.Object({
  type: Type.Literal("coppice cap 1"),
  root: Bytes(32),
  serial: Bytes(16),
  issuer: Bytes(32),
  issuerKey: Bytes(32, 600),
  subject: Bytes(32),
  signing: Bytes(32, 600),
  encryption: Bytes(0, 32),
  path: Type.String({ maxLength: 4096 }),
  rights: Type.Array(Type.Union(rights.map((right) => Type.Literal(right))), {
    maxItems: 4,
  }),
  issued: Type.Integer({ minimum: 0 }),
  expires: Type.Integer({ minimum: 0 }),
});

/** What a chain of caps gives to whom: the narrowest of all its links. */
export interface Grant {
  subject: Contact;
  /** Principal of the node that vouches for the subject's key, where one does. */
  node?: Buffer;
  /** `/` for the whole tree, `/a/b` for what is there and beneath. */
  path: string;
  rights: ReadonlySet<Right>;
  /** Milliseconds since 1970. */
  expires: number;
  /** Of each link, from the root's on, 16 bytes hex. */
  serials: readonly string[];
}

/** What was taken back: serials of caps and principals, hex, since when (milliseconds since 1970). */
export type Revoked = ReadonlyMap<string, number>;

/** Signed caps, from the one that the root key gave to the one that is used. Empty for the root key itself. */
export type Chain = readonly Buffer[];

/** Who acts, and with which caps; the owner has none. */
export interface Actor {
  person: Person;
  chain: Chain;
}

/** What a new cap is to give. */
export interface Terms {
  path: string;
  rights: readonly Right[];
  expires: number;
}

/**
 * Issues a cap that ends a chain which begins with `chain`.
 * @param root principal of the tree. @throws BrokenChainError where it would give more than the issuer has.
 */
export function issueCap(
  issuer: Person,
  chain: Chain,
  root: Contact,
  subject: Contact,
  terms: Terms,
  now = Date.now(),
): Chain {
  const cap = issuer.sign(draftCap(issuer, root, subject, terms, now));
  return extendChain(chain, cap, root, now);
}

/** A chain with one cap more. @throws BrokenChainError, ForgedError where that does not belong there */
export function extendChain(
  chain: Chain,
  cap: Buffer,
  root: Contact,
  now = Date.now(),
): Chain {
  const longer = [...chain, cap];
  verifyChain(longer, root, now, new Map());
  return longer;
}

/** What a cap says, for its issuer to sign: `issueCap` does both for a person, a node's TPM signs elsewhere. */
export function draftCap(
  issuer: Contact,
  root: Contact,
  subject: Contact,
  { path, rights: given, expires }: Terms,
  now = Date.now(),
): Buffer {
  return encodeCbor({
    type: "coppice cap 1",
    root: root.principal,
    serial: randomBytes(16),
    issuer: issuer.principal,
    issuerKey: issuer.signing,
    subject: subject.principal,
    signing: subject.signing,
    encryption: subject.encryption,
    path,
    rights: [...given],
    issued: now,
    expires,
  });
}

/**
 * What a chain gives. Each link is signed by the one before it, who may delegate, and gives no more than that one had.
 * @param at when it is used, milliseconds since 1970.
 * @throws ForgedError, BrokenChainError, ExpiredCapError, RevokedCapError
 */
export function verifyChain(
  chain: Chain,
  root: Contact,
  at: number,
  revoked: Revoked,
): Grant {
  if (chain.length > longestChain)
    throw new BrokenChainError(`it has more than ${longestChain} links`);
  let grant: Grant = {
    subject: root,
    path: "/",
    rights: new Set(rights),
    expires: Number.MAX_SAFE_INTEGER,
    serials: [],
  };
  for (const signed of chain) grant = narrow(grant, signed, root, at, revoked);
  return grant;
}

function narrow(
  from: Grant,
  signed: Buffer,
  root: Contact,
  at: number,
  revoked: Revoked,
): Grant {
  const claims = readClaims(signed, from.subject);
  const serial = Buffer.from(claims.serial).toString("hex");
  if (!Buffer.from(claims.root).equals(root.principal))
    throw new BrokenChainError("one is for another tree");
  if (!principalOf(claims.signing).equals(claims.subject))
    throw new BrokenChainError("one names a key that is not its subject's");
  if (!from.rights.has("delegate"))
    throw new BrokenChainError("somebody passed on what was not to be");
  if (!isUnder(claims.path, from.path))
    throw new BrokenChainError("one is for a wider path");
  if (claims.rights.some((right) => !from.rights.has(right)))
    throw new BrokenChainError("one gives more rights");
  if (claims.expires > from.expires)
    throw new BrokenChainError("one lasts longer");
  if (at > claims.expires) throw new ExpiredCapError(claims.expires);
  for (const name of [serial, Buffer.from(claims.subject).toString("hex")])
    if ((revoked.get(name) ?? Number.POSITIVE_INFINITY) <= at)
      throw new RevokedCapError();
  const subject = {
    principal: Buffer.from(claims.subject),
    signing: Buffer.from(claims.signing),
    encryption: Buffer.from(claims.encryption),
  };
  const node = isNode(subject) ? subject.principal : from.node;
  return {
    subject,
    ...(node ? { node } : {}),
    path: claims.path,
    rights: new Set(claims.rights),
    expires: claims.expires,
    serials: [...from.serials, serial],
  };
}

/** Sound caps: a tree has few of them, and each of its blocks bears some. */
const sound = new Map<string, Type.Static<typeof Claims>>();

function readClaims(
  signed: Buffer,
  issuer: Contact,
): Type.Static<typeof Claims> {
  const key = createHash("sha256")
    .update(issuer.principal)
    .update(createHash("sha256").update(issuer.signing).digest())
    .update(signed)
    .digest("base64");
  const claims = sound.get(key) ?? checkClaims(signed, issuer);
  remember(sound, key, claims);
  return claims;
}

function checkClaims(
  signed: Buffer,
  issuer: Contact,
): Type.Static<typeof Claims> {
  try {
    const claims = parseCbor(
      Claims,
      openCose(signed, issuer.principal, verificationKey(issuer.signing)),
      "a cap",
    );
    if (isPath(claims.path)) return claims;
  } catch (error) {
    if (!(error instanceof SignatureError || error instanceof CborError))
      throw error;
  }
  // Somebody else's signature may be a sound one that does not belong here.
  if (isSignedBySomebodyElse(signed, issuer))
    throw new BrokenChainError("one was issued by somebody else");
  throw new ForgedError("This cap");
}

function isSignedBySomebodyElse(signed: Buffer, issuer: Contact): boolean {
  try {
    const claims = parseCbor(Claims, readCosePayload(signed), "a cap");
    if (issuer.principal.equals(claims.issuer)) return false;
    openCose(signed, claims.issuer, verificationKey(claims.issuerKey));
    return principalOf(claims.issuerKey).equals(claims.issuer);
  } catch {
    return false;
  }
}

/** @throws NoRightError where a grant does not give a right at a path. */
export function demand(grant: Grant, right: Right, path: string): void {
  if (!grant.rights.has(right) || !isUnder(path, grant.path))
    throw new NoRightError(right, path);
}

/** Whether a path is another, or beneath it. */
export function isUnder(path: string, prefix: string): boolean {
  return prefix === "/" || path === prefix || path.startsWith(`${prefix}/`);
}

/** Whether this is `/`, or names with a slash before each. */
export function isPath(path: string): boolean {
  return (
    path === "/" ||
    (path.startsWith("/") &&
      path
        .slice(1)
        .split("/")
        .every((name) => name !== "" && name !== "." && name !== ".."))
  );
}

/** SHA-256 of a chain's last cap: what a share is called by. */
export function chainId(chain: Chain): string {
  return createHash("sha256")
    .update(chain.at(-1) ?? Buffer.alloc(0))
    .digest("hex")
    .slice(0, 32);
}

const List = Type.Object({
  type: Type.Literal("coppice revocations 1"),
  root: Bytes(32),
  number: Type.Integer({ minimum: 1 }),
  revoked: Type.Record(
    Type.String({ pattern: "^[0-9a-f]{32}([0-9a-f]{32})?$" }),
    Type.Integer({ minimum: 0 }),
  ),
});

/** The signed list of what was taken back. @param number grows with each list. */
export function signRevocations(
  root: Person,
  number: number,
  revoked: Revoked,
): Buffer {
  return root.sign(
    encodeCbor({
      type: "coppice revocations 1",
      root: root.principal,
      number,
      revoked: Object.fromEntries(revoked),
    }),
  );
}

/** Reads the list of what was taken back. @throws ForgedError */
export function readRevocations(
  signed: Buffer,
  root: Contact,
): { number: number; revoked: Map<string, number> } {
  try {
    const { number, revoked } = parseCbor(
      List,
      openCose(signed, root.principal, verificationKey(root.signing)),
      "a revocation list",
    );
    return { number, revoked: new Map(Object.entries(revoked)) };
  } catch (error) {
    if (error instanceof SignatureError || error instanceof CborError)
      throw new ForgedError("This revocation list");
    throw error;
  }
}
