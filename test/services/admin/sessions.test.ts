/** Browsers' sessions over hours, by a clock of the test's own. */
import test from "ava";
import fc from "fast-check";
import { pino } from "pino";
import { cookieName, guardRoutes } from "../../../services/admin/api/access.ts";
import { secureAnswers } from "../../../services/admin/api/https.ts";
import { Sessions } from "../../../services/admin/api/sessions.ts";
import { Tokens } from "../../../services/admin/api/tokens.ts";
import { createServer } from "../../../services/shared/server.ts";
import { temporaryFolder } from "../../folder.ts";

const minute = 60_000;
const origin = { address: "192.168.77.9", agent: "a browser" };

/** Sessions, and the clock that they go by. */
function sessionsAt(start: number) {
  const clock = { now: start };
  return { clock, sessions: new Sessions(() => clock.now) };
}

test("a browser gets another secret each quarter of an hour; the one before ends soon after that is used, and whoever has it then ends the session", (t) => {
  const { clock, sessions } = sessionsAt(1e12);
  const { secret, seconds } = sessions.open("owner", origin);
  t.is(seconds, 12 * 3600);
  clock.now += 15 * minute;
  t.is(sessions.find(secret, true)?.ticket, undefined);
  clock.now += 1;
  t.is(sessions.find(secret)?.ticket, undefined, "a file carries none");
  const found = sessions.find(secret, true);
  const next = found?.ticket?.secret as string;
  t.not(next, secret);
  t.is(found?.ticket?.seconds, 12 * 3600 - 15 * 60, "it lasts no longer");
  t.is(sessions.find(secret, true)?.ticket, undefined, "one is enough");
  t.is(sessions.find(next, true)?.session, found?.session);
  clock.now += 2 * minute - 1;
  t.truthy(sessions.find(secret), "what was under way");
  clock.now += 1;
  t.truthy(sessions.find(next));
  t.false(found?.session.ended.aborted);
  t.is(sessions.find(secret), undefined);
  t.true(found?.session.ended.aborted);
  t.is(sessions.find(next), undefined);
  t.deepEqual(sessions.list(), []);
});

test("an answer that is lost on its way signs nobody out", (t) => {
  const { clock, sessions } = sessionsAt(1e12);
  const { secret } = sessions.open("owner", origin);
  clock.now += 16 * minute;
  const lost = sessions.find(secret, true)?.ticket?.secret as string;
  clock.now += 60 * minute;
  const next = sessions.find(secret, true)?.ticket?.secret as string;
  t.truthy(next);
  t.truthy(sessions.find(next));
  clock.now += 3 * minute;
  t.truthy(sessions.find(next));
  t.is(sessions.find(lost), undefined, "it is in other hands, if in any");
});

test("a browser that does what it is told is never signed out before its time, whatever becomes of the answers", (t) => {
  const step = fc.record({
    wait: fc.integer({ min: 0, max: 20 * minute }),
    // Those asked at once, and milliseconds until each is answered; never, where there are none.
    answers: fc.array(fc.option(fc.integer({ min: 0, max: minute })), {
      minLength: 1,
      maxLength: 4,
    }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { clock, sessions } = sessionsAt(1e12);
      let { secret } = sessions.open("owner", origin);
      const under: { at: number; secret: string }[] = [];
      const end = clock.now + 12 * 3600_000;
      for (const { wait, answers } of steps) {
        clock.now += wait;
        if (clock.now >= end) break;
        under.sort((a, b) => a.at - b.at);
        while (under[0] && under[0].at <= clock.now)
          secret = under.shift()?.secret as string;
        for (const after of answers) {
          const found = sessions.find(secret, true);
          if (!found) return false;
          if (found.ticket && after !== null)
            under.push({ at: clock.now + after, ...found.ticket });
        }
      }
      return true;
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test("another secret comes with an answer of the API, as a cookie like the first, and not with a file", async (t) => {
  await using folder = await temporaryFolder();
  const { clock, sessions } = sessionsAt(Date.now());
  await using app = createServer(pino({ level: "silent" }));
  await secureAnswers(app);
  guardRoutes(app, sessions, await Tokens.load(folder.path), false);
  app.get("/api/thing", async () => "a thing");
  app.get("/file", async () => "a file");
  const { secret } = sessions.open("owner", origin);
  const ask = async (url: string, value: string) =>
    await app.inject({ url, cookies: { [cookieName]: value } });
  const quiet = await ask("/api/thing", secret);
  t.is(quiet.statusCode, 200);
  t.deepEqual(quiet.cookies, []);
  clock.now += 16 * minute;
  t.deepEqual((await ask("/file", secret)).cookies, []);
  const renewed = await ask("/api/thing", secret);
  t.like(renewed.cookies, [
    {
      ...{ name: cookieName, path: "/", maxAge: 12 * 3600 - 16 * 60 },
      ...{ httpOnly: true, secure: true, sameSite: "Strict" },
    },
  ]);
  const [next] = renewed.cookies;
  t.is((await ask("/api/thing", next?.value ?? "")).statusCode, 200);
  clock.now += 2 * minute;
  t.is((await ask("/api/thing", secret)).statusCode, 401);
  t.is((await ask("/api/thing", next?.value ?? "")).statusCode, 401);
});
