/** What the owner is told of, and when: what lasts is told once, what flickers is not. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import type { NoticeKind } from "../../../services/admin/notices/api.ts";
import {
  type Condition,
  type Facts,
  judge,
} from "../../../services/admin/notices/conditions.ts";
import { mailOf } from "../../../services/admin/notices/letters.ts";
import { type News, Notices } from "../../../services/admin/notices/notices.ts";
import { HowToTell } from "../../../services/admin/notices/settings.ts";
import { temporaryFolder } from "../../folder.ts";

const minute = 60_000;
const hour = 60 * minute;
const start = Date.UTC(2026, 10, 29);

const lineDown: Condition = {
  kind: "line-down",
  subject: "line",
  tone: "trouble",
  words: "Nothing is connected to the WAN port.",
  advice: "Plug the cable in.",
  page: "/network",
};
const known = new Set<never>();

/** A folder's notices, which are asked minute by minute whether the line is down. */
async function follow(
  isDown: readonly boolean[],
): Promise<{ minute: number; what: News["what"] }[]> {
  await using folder = await temporaryFolder();
  const notices = await Notices.load(folder.path);
  const heard = [];
  for (const [at, down] of isDown.entries())
    for (const { what } of await notices.take(
      { conditions: down ? [lineDown] : [], unknown: known },
      start + at * minute,
    ))
      heard.push({ minute: at, what });
  return heard;
}

const minutes = (count: number, down: boolean): boolean[] =>
  Array.from({ length: count }, () => down);

test("an outage is told of after three minutes, and its end after three more", async (t) => {
  t.deepEqual(
    await follow([
      ...minutes(5, false),
      ...minutes(10, true),
      ...minutes(10, false),
    ]),
    [
      { minute: 8, what: "began" },
      { minute: 18, what: "ended" },
    ],
  );
  t.deepEqual(await follow([...minutes(2, true), ...minutes(30, false)]), []);
});

test("a line that comes and goes is told of once, and once more when it stays away", async (t) => {
  const flicker = Array.from({ length: 20 }, () => [
    ...minutes(5, true),
    ...minutes(5, false),
  ]).flat();
  t.deepEqual(
    (await follow(flicker)).map(({ what }) => what),
    ["began", "ended"],
  );
  const stays = await follow([...flicker, ...minutes(90, true)]);
  t.deepEqual(
    stays.map(({ what }) => what),
    ["began", "ended", "began"],
  );
  t.is(stays.at(-1)?.minute, flicker.length + 60);
});

test("whatever the line does, few words are lost on it, and no long outage goes untold", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          down: fc.boolean(),
          length: fc.integer({ min: 1, max: 120 }),
        }),
        { minLength: 1, maxLength: 40 },
      ),
      async (spells) => {
        const line = spells.flatMap(({ down, length }) =>
          minutes(length, down),
        );
        const heard = await follow(line);
        // By turns, and never more than one of each in an hour.
        for (const [index, { what, minute: at }] of heard.entries()) {
          t.is(what, index % 2 === 0 ? "began" : "ended");
          if (what === "began")
            t.true(line.slice(at - 3, at + 1).every((down) => down));
          const before = heard[index - 2];
          if (before && what === "began") t.true(at - before.minute >= 60);
        }
        let since = 0;
        for (const [at, down] of line.entries()) {
          if (!down) since = at + 1;
          // After an hour and three minutes of outage the owner knows.
          if (at - since === 64)
            t.is(
              heard.findLast(({ minute: then }) => then <= at)?.what,
              "began",
            );
        }
      },
    ),
    { numRuns: 40 },
  );
});

test("a service that is silent says nothing of what it looks after, and a restart tells nothing twice", async (t) => {
  await using folder = await temporaryFolder();
  const notices = await Notices.load(folder.path);
  const failing: Condition = {
    ...lineDown,
    kind: "disk-failing",
    subject: "A1",
  };
  const so = { conditions: [failing], unknown: known };
  const [first] = await notices.take(so, start);
  t.like(first, { what: "began", kind: "disk-failing" });
  t.true(notices.isTold("disk-failing", "A1"));
  const silent = {
    conditions: [],
    unknown: new Set(["disk-failing" as const]),
  };
  for (let at = 1; at < 300; at++)
    t.deepEqual(await notices.take(silent, start + at * minute), []);
  const later = await Notices.load(folder.path);
  t.deepEqual(await later.take(so, start + 5 * hour), []);
  t.like(later.list, [{ until: null, times: 1, seen: false }]);
  await later.see();
  t.true((await Notices.load(folder.path)).list[0]?.seen);
});

test("what happened is told of once, whatever the clock says, also after a restart; what was before the first look is old", async (t) => {
  await using folder = await temporaryFolder();
  const audit = (at: number): Condition => ({
    ...lineDown,
    kind: "audit-failed",
    subject: "bob lost",
    at,
  });
  const take = async (
    unknown: ReadonlySet<NoticeKind>,
    ...conditions: Condition[]
  ) =>
    (
      await (
        await Notices.load(folder.path)
      ).take({ conditions, unknown }, start)
    ).length;
  const silent = new Set(["audit-failed" as const]);
  t.is(await take(silent), 0, "the friends are not known yet");
  t.is(await take(known, audit(start + hour)), 0, "an old one");
  t.is(await take(silent), 0);
  t.is(await take(known, audit(start + hour)), 0);
  const another = audit(start - 366 * 24 * hour);
  t.is(await take(known, audit(start + hour), another), 1);
  t.is(await take(known, audit(start + hour), another), 0);
  t.is(await take(known, another), 0);
});

test("what another version left keeps nobody from the pages", async (t) => {
  await using folder = await temporaryFolder();
  for (const name of ["notices.json", "letters.json", "how-to-tell.json"])
    await writeFile(join(folder.path, name), '{"from":"the future"}');
  t.deepEqual((await Notices.load(folder.path)).list, []);
  t.deepEqual((await HowToTell.load(folder.path)).settings.silenced, []);
});

const nothing: Facts = {
  ...{ host: null, storage: null, tpm: null, store: null, network: null },
  ...{ friends: null, updates: null, refusals: 0 },
};
const never = (): boolean => false;

test("refused sign-ins are told of when they are no mistakes any more, and are over when they are few", (t) => {
  const told = (refusals: number, isTold: boolean): string[] =>
    judge({ ...nothing, refusals }, start, () => isTold)
      .conditions.filter(({ kind }) => kind === "guessing")
      .map(({ page }) => page);
  t.deepEqual(told(9, false), []);
  t.deepEqual(told(10, false), ["/system/access"]);
  t.deepEqual(told(5, true), ["/system/access"]);
  t.deepEqual(told(4, true), []);
});

test("a full disk is told of at nine tenths, and is over a little below", (t) => {
  const host = (used: number): Facts["host"] => ({
    ...{ version: "1", slot: "A", hostname: "coppice", uptime: 1 },
    cpu: { load: 0, cores: 2, model: "" },
    memory: { total: 1, used: 1 },
    temperature: null,
    ports: {
      wan: { present: true, link: true, addresses: [], received: 0, sent: 0 },
      lan: { present: true, link: true, addresses: [], received: 0, sent: 0 },
    },
    disks: [
      {
        ...{ name: "sda", model: "Birch", serial: "B1", size: 1000 },
        ...{ used, available: 1000 - used, role: "data", health: "failing" },
        ...{ uuid: null, temperature: null, hours: null, warnings: [] },
      },
    ],
  });
  const kinds = (used: number, isTold: boolean): string[] =>
    judge({ ...nothing, host: host(used) }, start, () => isTold)
      .conditions.filter(({ kind }) => kind !== "service-silent")
      .map(({ kind }) => kind);
  t.deepEqual(kinds(890, false), ["disk-failing"]);
  t.deepEqual(kinds(910, false), ["disk-failing", "space-low"]);
  t.deepEqual(kinds(890, true), ["disk-failing", "space-low"]);
  t.deepEqual(kinds(860, true), ["disk-failing"]);
});

test("of friends' boxes: away, lost, audits that failed, and promises that are not kept", (t) => {
  const friend = {
    ...{ id: "b0b", node: "", peer: "", name: "Bob", phase: "active" },
    ...{ online: false, roundTrip: null, relayed: false, joined: 1 },
    ...{ addresses: [], household: "", city: "", attested: null },
    ...{ availability: 1, score: 1, mending: 0, keepsForMe: 0, keptForThem: 0 },
    audits: { passed: 0, lost: 0, lying: 0, late: 0 },
    ...{ offer: 0, wish: 0, trouble: "", mine: null, theirs: null },
    asks: { price: 0, currency: "EUR", days: 90, bandwidth: 0 },
    pays: { price: 0, currency: "EUR" },
  };
  const friends = (away: number, current: boolean): Facts["friends"] =>
    ({
      me: { id: "", name: "", peer: "", addresses: [], reachable: true },
      behind: false,
      friends: [{ ...friend, seen: start - away }],
      invitations: [],
      findings: [
        {
          ...{ friend: "b0b", name: "Bob", kind: "lying", at: start },
          ...{ evidence: "Leaf 3 is another.", ours: false },
        },
      ],
      protection: [
        { path: "/", losses: 2, survives: 1, bytes: 100, waiting: 100 },
        { path: "/Empty", losses: 2, survives: null, bytes: 0, waiting: 0 },
      ],
      progress: { current, done: 1, total: 1, sent: 0, left: null },
      limits: { upload: 0, download: 0, quiet: null },
      apart: "household",
      line: { sent: 0, asked: 0, share: 1 },
    }) as unknown as Facts["friends"];
  const told = (away: number, current = true): string[] =>
    judge({ ...nothing, friends: friends(away, current) }, start, never)
      .conditions.filter(({ kind }) => kind !== "service-silent")
      .map(({ kind, subject }) => `${kind} ${subject}`);
  t.deepEqual(told(hour, false), ["audit-failed b0b lying"]);
  t.deepEqual(told(25 * hour), [
    "friend-away b0b",
    "audit-failed b0b lying",
    "promise-broken /",
  ]);
  t.true(told(73 * hour).includes("friend-lost b0b"));
  const { conditions, unknown } = judge(nothing, start, never);
  t.deepEqual(
    conditions.map(({ kind, subject }) => `${kind} ${subject}`),
    ["service-silent host", "service-silent storage", "service-silent tpm"],
  );
  t.true(unknown.has("friend-away") && !unknown.has("service-silent"));
});

test("an e-mail says what is wrong, since when, what to do and where, and what is over", (t) => {
  const notice = {
    ...lineDown,
    ...{ id: "1", since: start, until: null, times: 1, seen: false },
  };
  const { subject, text } = mailOf(
    [notice, { ...notice, until: start + hour }],
    "coppice",
  );
  t.is(subject, "[coppice] Nothing is connected to the WAN port. (and 1 more)");
  t.true(
    text.startsWith(
      [
        "Nothing is connected to the WAN port.",
        "Plug the cable in.",
        "Since 2026-11-29 00:00 UTC.",
        "https://coppice.local/network",
        "",
        "Over: Nothing is connected to the WAN port.",
        "From 2026-11-29 00:00 UTC to 2026-11-29 01:00 UTC.",
      ].join("\n"),
    ),
    text,
  );
});
