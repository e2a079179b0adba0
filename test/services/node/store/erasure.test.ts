import test from "ava";
import fc from "fast-check";
import {
  codedLength,
  fragmentsIn,
  openSegment,
  restoreSegment,
  sealSegment,
  tagSize,
} from "../../../../services/node/store/coding.ts";
import {
  ErasureCode,
  TooFewFragmentsError,
} from "../../../../services/node/store/erasure.ts";
import { merkleRoot } from "../../../../services/node/store/merkle.ts";
import { randomFrom } from "./simulated-disk.ts";

const cipher = { key: Buffer.alloc(32, 7), nonce: Buffer.alloc(12, 3) };

/** `count` of the numbers below `total`. */
function choose(total: number, count: number, seed: number): number[] {
  const random = randomFrom(seed);
  return Array.from({ length: total }, (_, index) => ({ index, at: random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
}

test("any k of k + m fragments restore the segment, and its names tell what is rotten", (t) => {
  const cases = fc
    .tuple(
      fc.oneof(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 200 }),
      ),
      fc.integer({ min: 0, max: 54 }),
    )
    .chain(([k, m]) =>
      fc.record({
        k: fc.constant(k),
        m: fc.constant(m),
        bytes: fc.uint8Array({ minLength: 1, maxLength: 5000 }),
        seed: fc.integer(),
        missing: fc.integer({ min: 0, max: m }),
      }),
    );
  fc.assert(
    fc.property(cases, ({ k, m, bytes, seed, missing }) => {
      const cut = { k, m, segmentLength: bytes.length + tagSize };
      const memory = Buffer.alloc(codedLength(cut), 0xee);
      memory.set(bytes);
      const names = sealSegment(memory, cut, cipher);
      const whole = Buffer.from(memory);
      for (const [index, fragment] of fragmentsIn(memory, cut).entries())
        t.deepEqual(
          merkleRoot(fragment),
          names.subarray(index * 32, index * 32 + 32),
        );
      // Some are missing, as many as there is parity left are rotten.
      const bad = choose(k + m, m, seed);
      const lost = bad.slice(0, missing);
      for (const [index, fragment] of fragmentsIn(memory, cut).entries())
        if (bad.includes(index)) fragment[0] = (fragment[0] ?? 0) ^ 1;
      const result = restoreSegment(memory, cut, names, lost);
      t.true(result.whole);
      t.deepEqual(
        result.rotten,
        bad.filter((index) => !lost.includes(index)),
      );
      t.deepEqual(memory, whole);
      const opened = Buffer.from(memory);
      t.true(openSegment(opened, cut, cipher, []));
      t.deepEqual(opened.subarray(0, bytes.length), Buffer.from(bytes));
      // A reader does without the names.
      for (const [index, fragment] of fragmentsIn(memory, cut).entries())
        if (bad.includes(index)) fragment.fill(0);
      t.true(openSegment(memory, cut, cipher, bad));
      t.deepEqual(memory.subarray(0, bytes.length), Buffer.from(bytes));
    }),
    { numRuns: 150 },
  );
});

test("one fragment more than the code tolerates cannot be restored", (t) => {
  const cut = { k: 4, m: 2, segmentLength: 1000 };
  const memory = Buffer.alloc(codedLength(cut), 5);
  const names = sealSegment(memory, cut, cipher);
  t.false(restoreSegment(memory, cut, names, [0, 2, 5]).whole);
  memory[0] = (memory[0] ?? 0) ^ 1;
  t.deepEqual(restoreSegment(memory, cut, names, [2, 5]), {
    rotten: [0],
    whole: false,
  });
  const error = t.throws(
    () => ErasureCode.of(4, 2).restore(fragmentsIn(memory, cut), [0, 2, 5]),
    { instanceOf: TooFewFragmentsError },
  );
  t.regex(error.message, /3 of 6 fragments are left and 4 are needed/);
});

test("a segment that was changed does not open", (t) => {
  const cut = { k: 4, m: 2, segmentLength: 1000 };
  const memory = Buffer.alloc(codedLength(cut), 5);
  sealSegment(memory, cut, cipher);
  memory[500] = (memory[500] ?? 0) ^ 1;
  t.false(openSegment(memory, cut, cipher, []));
});

test("codes that do not exist are refused", (t) => {
  for (const [k, m] of [
    [0, 2],
    [200, 100],
    [4, -1],
    [1.5, 1],
  ] as const)
    t.throws(() => ErasureCode.of(k, m), { instanceOf: RangeError });
  t.notThrows(() => ErasureCode.of(254, 1));
});
