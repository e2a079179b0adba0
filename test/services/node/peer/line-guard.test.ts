/** The guard of the household's line, on a line that queues as a router's does. */
import test from "ava";
import { LineGuard } from "../../../../services/node/peer/line-guard.ts";
import { Shaper } from "../../../../services/node/peer/shaper.ts";

const step = 0.01;
/** Friends' round trips over an empty line, milliseconds: next door, far away, and a box that is slow by itself. */
const friends = { near: 4, far: 120, slow: 900 };

interface Line {
  /** Bytes a second. */
  rate: number;
  /** Seconds that the router's buffer holds. */
  buffer: number;
  /** What the household sends itself, bytes a second, at a second. */
  household?: (second: number) => number;
  seconds: number;
}

/** Sends as much as the guard allows. @returns for each second: bytes that went through, and the longest queue in milliseconds */
function send({ rate, buffer, household = () => 0, seconds }: Line): {
  guard: LineGuard;
  each: { passed: number; queue: number }[];
} {
  const guard = new LineGuard();
  for (const [id, base] of Object.entries(friends)) guard.learn(id, base, -1e4);
  let [queue, tokens] = [0, 0];
  const each: { passed: number; queue: number }[] = [];
  for (let second = 0; second < seconds; second++) {
    let [passed, longest] = [0, 0];
    for (let at = 0; at < 1; at += step) {
      const room = rate * buffer - queue;
      const theirs = Math.min(household(second) * step, room);
      tokens = Math.min(
        guard.allowed * 0.1,
        tokens + Math.min(guard.allowed, 1e12) * step,
      );
      const mine = Math.max(0, Math.min(tokens, room - theirs));
      tokens -= mine;
      passed += mine;
      queue = Math.max(0, queue + theirs + mine - rate * step);
      longest = Math.max(longest, queue);
    }
    each.push({ passed, queue: (longest / rate) * 1000 });
    const trips = new Map(
      Object.entries(friends).map(([id, base], index) => [
        id,
        base + (queue / rate) * 1000 + ((second * 7 + index * 3) % 5),
      ]),
    );
    const pause = guard.measured(trips, passed, second * 1000);
    if (pause > 0) tokens = -(guard.allowed * pause) / 1000;
  }
  return { guard, each };
}

function mean(numbers: number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

for (const megabits of [1, 10, 100, 1000])
  for (const buffer of [0.1, 1])
    test(`a line of ${megabits} Mbit/s with a buffer of ${buffer} s: found out, used, and not made slow`, (t) => {
      const rate = (megabits * 1e6) / 8;
      const { each } = send({ rate, buffer, seconds: 300 });
      const later = each.slice(30);
      t.true(mean(later.map(({ passed }) => passed)) > rate * 0.93);
      const queues = later.map(({ queue }) => queue).sort((a, b) => a - b);
      t.true((queues[Math.floor(queues.length * 0.5)] as number) < 40);
      t.true((queues[Math.floor(queues.length * 0.95)] as number) < 150);
    });

test("whoever uses the line at home gets it, and what they leave is used; afterwards all of it again", (t) => {
  const rate = 1_250_000;
  const { each } = send({
    rate,
    buffer: 0.5,
    seconds: 400,
    household: (second) => (second > 100 && second < 200 ? rate * 0.6 : 0),
  });
  const between = (from: number, to: number): number =>
    mean(each.slice(from, to).map(({ passed }) => passed)) / rate;
  t.true(between(40, 100) > 0.9);
  t.true(between(120, 200) < 0.4);
  t.true(between(120, 200) > 0.2);
  t.true(between(300, 400) > 0.9);
});

test("without a limit of the owner's all goes whole and at once, until the line is full twice", async (t) => {
  const shaper = new Shaper(() => 0);
  const { signal } = new AbortController();
  shaper.learn("near", 5);
  t.false(shaper.wasBusy());
  for (let round = 0; round < 2; round++) {
    t.is(shaper.grain, Number.MAX_SAFE_INTEGER);
    await shaper.take(100_000, signal);
    t.true(shaper.wasBusy());
    shaper.measured(new Map([["near", 500]]));
  }
  t.true(shaper.grain < Number.MAX_SAFE_INTEGER);
  t.is(shaper.total, 200_000);
  await t.throwsAsync(shaper.take(2 ** 40, AbortSignal.abort()));
  t.is(shaper.total, 200_000, "what was not let through does not count");
});

test("a friend that is slow by itself does not hold back the others", (t) => {
  const guard = new LineGuard();
  for (let second = 0; second < 60; second++)
    guard.measured(
      new Map([
        ["near", 5],
        ["nearer", 3],
        ["far", second < 10 ? 100 : 4000],
      ]),
      1e6,
      second * 1000,
    );
  t.is(guard.allowed, Number.POSITIVE_INFINITY);
  t.is(guard.share, 1);
});

test("a full line that nothing relieves leaves a little, and says so; a way that became longer is not one for ever", (t) => {
  const guard = new LineGuard();
  guard.learn("near", 5, 0);
  const goOn = (from: number, to: number): void => {
    for (let second = from; second < to; second++)
      guard.measured(
        new Map([["near", 800]]),
        Math.min(1e6, guard.allowed),
        second * 1000,
      );
  };
  goOn(1, 200);
  t.true(guard.allowed > 30_000);
  t.true(guard.allowed < 100_000);
  t.true(guard.share < 0.1);
  goOn(200, 1200);
  t.true(guard.allowed > 1e6);
  t.is(guard.share, 1);
});
