import { randomBytes } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import {
  type Chain,
  demand,
  issueCap,
  isUnder,
  type Right,
  readRevocations,
  rights,
  signRevocations,
  verifyChain,
} from "../../../../services/node/tree/capability.ts";
import {
  BrokenChainError,
  ExpiredCapError,
  ForgedError,
  NoRightError,
  RefusedError,
  RevokedCapError,
} from "../../../../services/node/tree/errors.ts";
import { Person } from "../../../../services/node/tree/person.ts";
import { encodeCbor } from "../../../../services/shared/cbor.ts";

const none = new Map<string, number>();
const hour = 3_600_000;
const chainsAtLeast = 100_000;

const root = Person.create();
const people = Array.from({ length: 6 }, () => Person.create());
const paths = ["/", "/a", "/a/b", "/a/bc", "/a/b/c", "/d"];

/** One link that somebody writes, whether or not he may. */
const link = fc.record({
  issuer: fc.nat(people.length),
  subject: fc.nat(people.length - 1),
  path: fc.constantFrom(...paths),
  rights: fc.subarray([...rights]),
  expires: fc.integer({ min: 1, max: 10 }),
});
type Link = {
  issuer: number;
  subject: number;
  path: string;
  rights: Right[];
  expires: number;
};

function signer(number: number): Person {
  return number === people.length ? root : (people[number] as Person);
}

/** A cap as anybody may sign it: the checks of `issueCap` left out. */
function forge({
  issuer,
  subject,
  path,
  rights: given,
  expires,
}: Link): Buffer {
  const by = signer(issuer);
  const to = signer(subject);
  return by.sign(
    encodeCbor({
      type: "coppice cap 1",
      root: root.principal,
      serial: randomBytes(16),
      issuer: by.principal,
      issuerKey: by.signing,
      subject: to.principal,
      signing: to.signing,
      encryption: to.encryption,
      path,
      rights: given,
      issued: 0,
      expires: expires * hour,
    }),
  );
}

/** What a chain gives, worked out as plainly as can be: nothing where any link gives more than it got. */
function plainly(
  links: readonly Link[],
  at: number,
): { path: string; rights: Right[] } | undefined {
  let who = people.length;
  let path = "/";
  let given: Right[] = [...rights];
  let expires = Number.POSITIVE_INFINITY;
  for (const one of links) {
    const wider = one.rights.some((right) => !given.includes(right));
    if (one.issuer !== who || !given.includes("delegate") || wider)
      return undefined;
    if (!isUnder(one.path, path) || one.expires * hour > expires)
      return undefined;
    if (one.expires * hour < at) return undefined;
    ({ subject: who, path, rights: given } = one);
    expires = one.expires * hour;
  }
  return { path, rights: given };
}

test("no chain of caps gives a right that the root did not give: 100,000 random ones beside a plain reckoning", (t) => {
  t.timeout(170_000);
  // Caps are signed once and put together in ever new chains.
  const links = fc.sample(link, 3000) as Link[];
  const signed = links.map(forge);
  let accepted = 0;
  let tried = 0;
  fc.assert(
    fc.property(
      fc.array(fc.nat(links.length - 1), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 0, max: 9 }),
      (numbers, hours) => {
        // Most of the chains of chance do not even begin at the root: let half of them go on where the last ended.
        const joined: number[] = [];
        let who = people.length;
        for (const number of numbers) {
          const fitting = links.findIndex(
            (one, index) => index >= number && one.issuer === who,
          );
          const next = fitting >= 0 && number % 4 > 0 ? fitting : number;
          joined.push(next);
          who = (links[next] as Link).subject;
        }
        tried++;
        const at = hours * hour;
        const wanted = plainly(
          joined.map((number) => links[number] as Link),
          at,
        );
        try {
          const grant = verifyChain(
            joined.map((number) => signed[number] as Buffer),
            root,
            at,
            none,
          );
          accepted++;
          return (
            wanted?.path === grant.path &&
            wanted.rights.length === grant.rights.size &&
            wanted.rights.every((right) => grant.rights.has(right))
          );
        } catch (error) {
          return wanted === undefined && error instanceof RefusedError;
        }
      },
    ),
    { numRuns: chainsAtLeast },
  );
  t.true(tried >= chainsAtLeast);
  t.true(accepted > 500, "and honest ones are not refused");
  t.log(`${accepted} of ${tried} chains give something`);
});

test("every way in which a chain can be wrong has its own error", (t) => {
  const [ada, bob, eve] = people as [Person, Person, Person];
  const terms = {
    path: "/a",
    rights: ["read", "write", "delegate"] as const,
    expires: 5 * hour,
  };
  const chain = issueCap(root, [], root, ada, terms, 0);
  const longer = issueCap(ada, chain, root, bob, { ...terms, path: "/a/b" }, 0);
  const grant = verifyChain(longer, root, hour, none);
  t.is(grant.path, "/a/b");
  t.notThrows(() => demand(grant, "write", "/a/b/c"));
  t.throws(() => demand(grant, "write", "/a/bc"), { instanceOf: NoRightError });
  t.throws(() => demand(grant, "list", "/a/b"), { instanceOf: NoRightError });
  const refused = (
    what: Chain,
    kind: new (...args: never[]) => Error,
    at = hour,
    revoked: ReadonlyMap<string, number> = none,
  ): void => {
    t.throws(() => verifyChain(what, root, at, revoked), { instanceOf: kind });
  };
  const wider = (more: object) => () =>
    issueCap(ada, chain, root, bob, { ...terms, ...more }, 0);
  for (const more of [
    { path: "/" },
    { rights: ["read", "list"] as const },
    { expires: 6 * hour },
  ])
    t.throws(wider(more), { instanceOf: BrokenChainError });
  t.throws(() => issueCap(eve, chain, root, bob, terms, 0), {
    instanceOf: BrokenChainError,
  });
  refused(longer, ExpiredCapError, 6 * hour);
  refused(longer.slice(1), BrokenChainError);
  for (const name of [
    grant.serials[0] as string,
    grant.serials[1] as string,
    ada.principal.toString("hex"),
    bob.principal.toString("hex"),
  ]) {
    refused(longer, RevokedCapError, hour, new Map([[name, hour]]));
    t.notThrows(() =>
      verifyChain(longer, root, hour - 1, new Map([[name, hour]])),
    );
  }
  const cap = longer[1] as Buffer;
  for (let at = 0; at < cap.length; at += 7) {
    const bad = Buffer.from(cap);
    bad[at] = (bad[at] ?? 0) ^ 1;
    t.throws(() => verifyChain([longer[0] as Buffer, bad], root, hour, none), {
      instanceOf: RefusedError,
    });
  }
  refused([Buffer.from("nonsense")], ForgedError);
});

test("the revocation list opens for its owner's key alone", (t) => {
  const revoked = new Map([["ab".repeat(16), 5]]);
  const list = signRevocations(root, 3, revoked);
  t.deepEqual(readRevocations(list, root), { number: 3, revoked });
  const [eve] = people;
  if (!eve) return;
  t.throws(() => readRevocations(list, eve), { instanceOf: ForgedError });
  t.throws(() => readRevocations(signRevocations(eve, 4, revoked), root), {
    instanceOf: ForgedError,
  });
});
