import test from "ava";
import fc from "fast-check";
import {
  ErasureCode,
  TooFewFragmentsError,
} from "../../../services/node/store/erasure.ts";

test("any k of k + m fragments restore the segment", async (t) => {
  const cases = fc.record({
    k: fc.integer({ min: 1, max: 12 }),
    m: fc.integer({ min: 0, max: 6 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 5000 }),
    seed: fc.integer(),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ k, m, bytes, seed }) => {
      const code = await ErasureCode.create(k, m);
      const fragments = await code.encode(Buffer.from(bytes));
      t.is(fragments.length, k + m);
      // Loses m of them, chosen by the seed.
      const order = fragments
        .map((_, index) => index)
        .sort((a, b) => Math.sin(seed + a * 7.3) - Math.sin(seed + b * 7.3));
      const lost = new Set(order.slice(0, m));
      const restored = await code.restore(
        fragments.map((fragment, index) =>
          lost.has(index) ? undefined : fragment,
        ),
      );
      t.deepEqual(restored, fragments);
      t.deepEqual(
        Buffer.concat(restored.slice(0, k)).subarray(0, bytes.length),
        Buffer.from(bytes),
      );
    }),
    { numRuns: 60 },
  );
});

test("with fewer than k fragments it says how many are left", async (t) => {
  const code = await ErasureCode.create(4, 2);
  const fragments = await code.encode(
    Buffer.from("a coppiced tree regrows from its stool"),
  );
  const error = await t.throwsAsync(
    code.restore(
      fragments.map((fragment, index) => (index < 3 ? undefined : fragment)),
    ),
    { instanceOf: TooFewFragmentsError },
  );
  t.regex(error.message, /3 of 6 fragments are left and 4 are needed/);
});

test("codes that do not exist are refused", async (t) => {
  for (const [k, m] of [
    [0, 2],
    [200, 100],
    [4, -1],
    [1.5, 1],
  ] as const)
    await t.throwsAsync(ErasureCode.create(k, m), { instanceOf: RangeError });
});
