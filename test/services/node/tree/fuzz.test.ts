import test from "ava";
import {
  openBlock,
  sealBlock,
  verifyBlock,
} from "../../../../services/node/tree/block.ts";
import {
  issueCap,
  readRevocations,
  signRevocations,
  verifyChain,
} from "../../../../services/node/tree/capability.ts";
import { readPage, writePage } from "../../../../services/node/tree/content.ts";
import {
  encodePieces,
  readPieces,
} from "../../../../services/node/tree/pieces.ts";
import { RootKey } from "../../../../services/node/tree/rootkey.ts";
import { CoppiceError } from "../../../../services/shared/errors.ts";
import { randomFrom } from "../store/simulated-disk.ts";

const inputs = 1_000_000;

const root = RootKey.create();
const id = Buffer.alloc(16, 1);
const parentKeys = [Buffer.alloc(32, 2)];
const block = sealBlock(
  {
    id,
    version: 1,
    header: {
      kind: "file",
      parent: Buffer.alloc(16),
      name: "a",
      path: "/a",
      previous: Buffer.alloc(0),
      time: 1,
      modified: 1,
      mode: 0o644,
      uid: 0,
      gid: 0,
      attributes: new Map(),
      conflict: 0,
      origin: "",
      chain: [],
      readers: [root.person],
      keys: [],
      target: "",
    },
  },
  root.person,
  root.principal,
  root.treeKey,
  parentKeys,
).bytes;
const chain = issueCap(
  root.person,
  [],
  root.person,
  root.person,
  { path: "/a", rights: ["read"], expires: 10 },
  1,
);
const body = {
  key: Buffer.alloc(32, 3),
  size: 50,
  segmentSize: 10,
  k: 4,
  m: 2,
  names: Buffer.alloc(32, 4),
  inline: Buffer.alloc(0),
};
const page = writePage({
  bodies: [{ id, body }],
  extents: [
    { length: 20, body: 0, from: 10 },
    { length: 30, body: -1, from: 0 },
  ],
});
const none = new Map<string, number>();

/** What each decoder is given when nothing is wrong, and the decoder. */
const decoders: readonly [
  string,
  Buffer,
  (bytes: Buffer) => unknown,
  (error: unknown) => boolean,
][] = [
  [
    "block",
    block,
    (bytes) => openBlock(bytes, { parentKeys }),
    (error) => error instanceof CoppiceError,
  ],
  [
    "cap",
    chain[0] as Buffer,
    (bytes) => verifyChain([bytes], root.person, 5, none),
    (error) => error instanceof CoppiceError,
  ],
  [
    "revocations",
    signRevocations(root.person, 1, new Map([["ab".repeat(16), 1]])),
    (bytes) => readRevocations(bytes, root.person),
    (error) => error instanceof CoppiceError,
  ],
  [
    "page",
    page,
    readPage,
    (error) => error instanceof CoppiceError || error instanceof RangeError,
  ],
];

test("a million damaged and random inputs: each is refused with an error that says so, or is what it was", (t) => {
  t.timeout(170_000);
  const random = randomFrom(Date.now() & 0xffff);
  let refused = 0;
  let tried = 0;
  const share = [0.1, 0.02, 0.02, 0.86];
  for (const [number, [name, sound, decode, expected]] of decoders.entries()) {
    t.notThrows(() => decode(sound), name);
    const count = Math.ceil(inputs * (share[number] ?? 0));
    for (let run = 0; run < count; run++) {
      const bad = damaged(sound, random);
      tried++;
      try {
        decode(bad);
      } catch (error) {
        refused++;
        if (!expected(error)) {
          t.fail(`${name} ${bad.toString("hex")}: ${(error as Error).stack}`);
          return;
        }
      }
    }
  }
  t.true(tried >= inputs);
  t.true(refused > tried * 0.4);
  t.log(`${refused} of ${tried} refused`);
});

test("no changed bit of a signed block is taken for the block", (t) => {
  const expected = {
    root: root.person,
    id,
    parent: Buffer.alloc(16),
    name: "a",
    path: "/a",
    version: 1,
    revoked: none,
  };
  t.notThrows(() => verifyBlock(block, { parentKeys }, expected));
  for (let bit = 0; bit < block.length * 8; bit++) {
    const bad = Buffer.from(block);
    bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    t.throws(() => verifyBlock(bad, { parentKeys }, expected), {
      instanceOf: CoppiceError,
    });
  }
});

test("pieces in a stream: what is cut, out of order or too much is refused", async (t) => {
  const sound = encodePieces([
    { at: 0, length: 5 },
    { at: 10, length: 1 },
  ]);
  const read = async (bytes: Buffer): Promise<unknown> =>
    (
      await readPieces(
        (async function* () {
          for (const byte of bytes) yield Buffer.of(byte);
        })(),
      )
    ).pieces;
  t.deepEqual(await read(sound), [
    { at: 0, length: 5 },
    { at: 10, length: 1 },
  ]);
  for (let length = 0; length < sound.length; length++)
    await t.throwsAsync(read(sound.subarray(0, length)), {
      instanceOf: CoppiceError,
    });
  for (const pieces of [
    [
      { at: 10, length: 1 },
      { at: 0, length: 5 },
    ],
    [{ at: 0, length: 0 }],
    [{ at: -1, length: 5 }],
    [{ at: 0.5, length: 5 }],
    [{ at: Number.NaN, length: 5 }],
  ])
    await t.throwsAsync(read(encodePieces(pieces)), {
      instanceOf: CoppiceError,
    });
  const random = randomFrom(3);
  for (let run = 0; run < 2000; run++)
    await read(damaged(sound, random)).catch((error: unknown) =>
      t.true(error instanceof CoppiceError),
    );
});

/** Bytes that were changed somewhere, cut, repeated, or are random altogether. */
function damaged(sound: Buffer, random: () => number): Buffer {
  const pick = (below: number): number => Math.floor(random() * below);
  const way = pick(5);
  if (way === 0)
    return Buffer.from(Array.from({ length: pick(80) }, () => pick(256)));
  if (way === 1) return sound.subarray(0, pick(sound.length));
  const bad = Buffer.from(sound);
  for (let times = 1 + pick(3); times > 0; times--)
    bad[pick(bad.length)] = pick(256);
  if (way === 2) return bad;
  const at = pick(bad.length);
  return way === 3
    ? Buffer.concat([bad.subarray(0, at), bad.subarray(pick(bad.length))])
    : Buffer.concat([bad, bad.subarray(at)]);
}
