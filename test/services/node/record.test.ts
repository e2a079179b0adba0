import test from "ava";
import fc from "fast-check";
import {
  decodeRecordHeader,
  encodeRecordHeader,
  recordHeaderSize,
} from "../../../services/node/store/record.ts";

const header = fc.record({
  fragment: fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes)),
  block: fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => Buffer.from(bytes)),
  segment: fc.integer({ min: 0, max: 0xffffffff }),
  index: fc.integer({ min: 0, max: 254 }),
  k: fc.integer({ min: 1, max: 255 }),
  m: fc.integer({ min: 0, max: 255 }),
  segmentLength: fc.integer({ min: 0, max: 2 ** 22 }),
  length: fc.integer({ min: 0, max: 2 ** 22 }),
});

test("a header comes back as it was written", (t) => {
  fc.assert(
    fc.property(header, (value) =>
      t.deepEqual(decodeRecordHeader(encodeRecordHeader(value)), value),
    ),
  );
});

test("a header with any flipped bit, and any other bytes, are refused", (t) => {
  fc.assert(
    fc.property(
      header,
      fc.integer({ min: 0, max: recordHeaderSize * 8 - 1 }),
      (value, bit) => {
        const bytes = encodeRecordHeader(value);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        t.is(decodeRecordHeader(bytes), undefined);
      },
    ),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
      t.is(decodeRecordHeader(Buffer.from(bytes)), undefined),
    ),
  );
});
