/** What two friends' boxes say to each other after the hello: CBOR, a question and an answer at a time. */
import { type Static, type TSchema, Type } from "typebox";
import { Bytes } from "../../shared/cbor.ts";
import { FileName, largestFile, largestManifest } from "../../shared/update.ts";
import { largestPart } from "../../shared/version-source.ts";
import { Conditions } from "./contract.ts";

/** The protocol of calls between friends. */
export const callProtocol = "/coppice/friend/1";
/** Bytes of the largest message between friends: a whole copy of the largest header that the tree writes, and what stands around it. */
export const largestMessage = 17 * 2 ** 20;
/** Questions of one friend that are worked on at once. */
export const mostQuestions = 64;

const Count = Type.Integer({ minimum: 0, maximum: 2 ** 48 });
const Index = Type.Integer({ minimum: 0, maximum: 254 });
const Segment = Type.Integer({ minimum: 0, maximum: 0xffffffff });

/** Where a fragment of the asker's belongs: block, segment, index. */
export const PlaceTuple = Type.Tuple([Bytes(16), Segment, Index]);
/** What must be known of a fragment: where it belongs, k, m, bytes of its segment, its name. */
export const FragmentTuple = Type.Tuple([
  Bytes(16),
  Segment,
  Index,
  Type.Integer({ minimum: 1, maximum: 255 }),
  Type.Integer({ minimum: 0, maximum: 254 }),
  Type.Integer({ minimum: 1, maximum: 16 * 2 ** 20 }),
  Bytes(32),
]);
export type FragmentTuple = Static<typeof FragmentTuple>;

/** What each act is asked with, and answered with. */
export const acts = {
  /** Whether anybody is there. */
  ping: { question: Type.Object({}), answer: Type.Object({}) },
  /** The first step of an attestation, in which the asker judges the answerer: its keys. */
  introduce: {
    question: Type.Object({}),
    answer: Type.Object({ introduction: Bytes(1, 65_536) }),
  },
  /** The second: evidence for the asker's challenge. */
  prove: {
    question: Type.Object({ challenge: Bytes(1, 16_384) }),
    answer: Type.Object({ evidence: Bytes(1, 3 * 2 ** 20) }),
  },
  /** Fragments to keep, with their bytes; the answer is a receipt (COSE_Sign1) for all of them. */
  put: {
    question: Type.Object({
      fragments: Type.Array(
        Type.Tuple([FragmentTuple, Bytes(1, 16 * 2 ** 20)]),
        {
          minItems: 1,
          maxItems: 256,
        },
      ),
    }),
    answer: Type.Object({ receipt: Bytes(1, 4096) }),
  },
  /** One fragment back. */
  get: {
    question: Type.Object({ place: PlaceTuple }),
    answer: Type.Object({
      fragment: FragmentTuple,
      bytes: Bytes(1, 16 * 2 ** 20),
    }),
  },
  /** What is kept for the asker behind a place, in order. */
  list: {
    question: Type.Object({
      after: Type.Union([PlaceTuple, Type.Null()]),
      limit: Type.Integer({ minimum: 1, maximum: 5000 }),
    }),
    answer: Type.Object({
      fragments: Type.Array(FragmentTuple, { maxItems: 5000 }),
      done: Type.Boolean(),
    }),
  },
  /** Fragments that are not needed any more. */
  drop: {
    question: Type.Object({
      places: Type.Array(PlaceTuple, { minItems: 1, maxItems: 1000 }),
    }),
    answer: Type.Object({ dropped: Count }),
  },
  /** One leaf of each of some fragments, with what proves it; nothing for those that are not there. */
  audit: {
    question: Type.Object({
      nonce: Bytes(16),
      leaves: Type.Array(Type.Tuple([PlaceTuple, Count]), {
        minItems: 1,
        maxItems: 64,
      }),
    }),
    answer: Type.Object({
      nonce: Bytes(16),
      leaves: Type.Array(
        Type.Union([
          Type.Tuple([
            Bytes(1, 16 * 1024),
            Type.Array(Bytes(32), { maxItems: 32 }),
          ]),
          Type.Null(),
        ]),
        { maxItems: 64 },
      ),
    }),
  },
  /** What this box still offers. */
  terms: {
    question: Type.Object({}),
    answer: Type.Object({
      ...Conditions.properties,
      /** Bytes that may still be agreed on. */
      offered: Count,
      /** Milliseconds since 1970. */
      time: Count,
    }),
  },
  /** A contract that the asker has signed; answered with the other signature, or refused. */
  contract: {
    question: Type.Object({ contract: Bytes(1, 8192) }),
    answer: Type.Object({ contract: Bytes(1, 8192) }),
  },
  /** The asker ends a contract: signed by one of its two. */
  end: {
    question: Type.Object({ ending: Bytes(1, 4096) }),
    answer: Type.Object({}),
  },
  /** What the asker found about what the other keeps, with its evidence in words, for the owner to read. */
  finding: {
    question: Type.Object({
      kind: Type.Union([
        Type.Literal("unreachable"),
        Type.Literal("late"),
        Type.Literal("lost"),
        Type.Literal("lying"),
      ]),
      evidence: Type.String({ maxLength: 1000 }),
    }),
    answer: Type.Object({}),
  },
  /** The signed manifest of the version that the answerer runs; null where it could not hand it on. */
  version: {
    question: Type.Object({}),
    answer: Type.Object({
      manifest: Type.Union([Bytes(1, largestManifest), Type.Null()]),
    }),
  },
  /** Bytes of a file of that version. */
  part: {
    question: Type.Object({
      name: FileName,
      offset: Type.Integer({ minimum: 0, maximum: largestFile }),
      length: Type.Integer({ minimum: 1, maximum: largestPart }),
    }),
    answer: Type.Object({ bytes: Bytes(0, largestPart) }),
  },
  /** The asker's box goes away, or will not keep anything more. */
  leave: { question: Type.Object({}), answer: Type.Object({}) },
} as const satisfies Record<string, { question: TSchema; answer: TSchema }>;

export type Act = keyof typeof acts;
export type Question<A extends Act> = Static<(typeof acts)[A]["question"]>;
export type Answer<A extends Act> = Static<(typeof acts)[A]["answer"]>;

/** What goes first: the owner waits for it; it mends; it moves; it checks. */
export const priorities = [
  "interactive",
  "repair",
  "rebalance",
  "scrub",
] as const;
export type Priority = (typeof priorities)[number];
