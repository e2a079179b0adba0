import test from "ava";
import fc from "fast-check";
import {
  decodePackHeader,
  decodeRecordHeader,
  encodePackHeader,
  encodeRecordHeader,
  recordHeaderSize,
  saltOf,
} from "../../../../services/node/store/record.ts";

const disk = "00112233-4455-6677-8899-aabbccddeeff";
const salt = saltOf(disk);
const bytes = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((value) => Buffer.from(value));
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const header = fc.record({
  kind: fc.constantFrom(
    "fragment" as const,
    "tombstone" as const,
    "grave" as const,
  ),
  account: bytes(16),
  block: bytes(16),
  segment: fc.integer({ min: 0, max: 0xffffffff }),
  index: fc.integer({ min: 0, max: 255 }),
  sequence: time,
  k: fc.integer({ min: 0, max: 255 }),
  m: fc.integer({ min: 0, max: 255 }),
  segmentLength: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  length: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  created: time,
  expires: time,
  name: bytes(32),
});

test("a header comes back as it was written, and only as what it is", (t) => {
  fc.assert(
    fc.property(header, fc.boolean(), (value, end) => {
      const encoded = encodeRecordHeader(value, salt, end);
      t.is(encoded.length, recordHeaderSize);
      t.deepEqual(decodeRecordHeader(encoded, salt, end), value);
      t.is(decodeRecordHeader(encoded, salt, !end), undefined);
      t.is(decodeRecordHeader(encoded, Buffer.alloc(16), end), undefined);
    }),
  );
});

test("a header with any flipped bit, and any other bytes, are refused", (t) => {
  fc.assert(
    fc.property(
      header,
      fc.integer({ min: 0, max: recordHeaderSize * 8 - 1 }),
      (value, bit) => {
        const encoded = encodeRecordHeader(value, salt, false);
        encoded[bit >> 3] = (encoded[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        t.is(decodeRecordHeader(encoded, salt), undefined);
      },
    ),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (value) => {
      t.is(decodeRecordHeader(Buffer.from(value), salt), undefined);
      t.is(decodePackHeader(Buffer.from(value)), undefined);
    }),
    { numRuns: 1000 },
  );
});

test("a pack's header tells its number and its disk", (t) => {
  const encoded = encodePackHeader(77, disk);
  t.deepEqual(decodePackHeader(encoded), { number: 77, disk });
  encoded[9] = 1;
  t.is(decodePackHeader(encoded), undefined);
});
