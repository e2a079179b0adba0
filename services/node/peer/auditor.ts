import { randomBytes } from "node:crypto";
import { fragmentLength } from "../store/coding.ts";
import { isLeaf, leafCount } from "../store/merkle.ts";
import { LateError, RefusedError, UnreachableError } from "./errors.ts";
import type { Holding, Locations } from "./locations.ts";
import type { Answer, Question } from "./messages.ts";

/**
 * Leaves that each friend is asked for in a day: whoever dropped 1 % is asked for one of those with probability
 * 1 - 0.99^n, which is 0.999 for n = ln(0.001) / ln(0.99) = 688.
 */
export const leavesPerDay = 720;
/** Leaves of one question. */
export const leavesAtOnce = 6;
/** The same leaf is asked for so often before silence about it counts: else a cheat is silent about what it lacks. */
const askAgain = 3;

/** What came of one leaf. */
export type Outcome = "passed" | "lost" | "lying" | "late" | "unreachable";

/** A verdict, with what it rests on in words. */
export interface Verdict {
  outcome: Outcome;
  holding: Holding | undefined;
  evidence: string;
}

/** Asks friends for random leaves of what they keep. */
export class Auditor {
  #locations: Locations;
  #ask: (id: string, question: Question<"audit">) => Promise<Answer<"audit">>;
  /** Leaves about which a friend was silent, and how often. */
  #contained = new Map<
    string,
    { holding: Holding; leaf: number; times: number }[]
  >();

  constructor(
    locations: Locations,
    ask: (id: string, question: Question<"audit">) => Promise<Answer<"audit">>,
  ) {
    this.#locations = locations;
    this.#ask = ask;
  }

  /** Asks a friend for some leaves. @returns a verdict for each, or one for all where no answer came */
  async audit(id: string, count = leavesAtOnce): Promise<Verdict[]> {
    const contained = this.#contained.get(id) ?? [];
    const drawn = this.#locations
      .draw(id, Math.max(0, count - contained.length))
      .flatMap((holding) => {
        const known = this.#known(id, holding);
        return known
          ? [{ holding, leaf: randomBelow(leafCount(known.length)), times: 0 }]
          : [];
      });
    const asked = [...contained, ...drawn].slice(0, count);
    if (asked.length === 0) return [];
    const nonce = randomBytes(16);
    let answer: Answer<"audit">;
    try {
      answer = await this.#ask(id, {
        nonce,
        leaves: asked.map(({ holding: { block, segment, index }, leaf }) => [
          [block, segment, index],
          leaf,
        ]),
      });
    } catch (error) {
      return this.#silent(id, asked, error);
    }
    this.#contained.delete(id);
    if (!nonce.equals(answer.nonce) || answer.leaves.length !== asked.length)
      return [
        {
          outcome: "lying",
          holding: undefined,
          evidence:
            "It answered an audit with an answer to another one, as a recording would.",
        },
      ];
    return asked.map(({ holding, leaf }, at) =>
      this.#judge(id, holding, leaf, answer.leaves[at] ?? null),
    );
  }

  #judge(
    id: string,
    holding: Holding,
    number: number,
    answer: readonly [Uint8Array, readonly Uint8Array[]] | null,
  ): Verdict {
    const what = `piece ${number} of fragment ${holding.index} of segment ${holding.segment} of block ${holding.block.toString("hex").slice(0, 8)}`;
    const known = this.#known(id, holding);
    // It was dropped or moved while the question was on its way.
    if (!known) return { outcome: "passed", holding, evidence: "" };
    if (!answer)
      return {
        outcome: "lost",
        holding,
        evidence: `It says itself that it does not have ${what} any more, for which it has signed.`,
      };
    const [leaf, path] = answer;
    return isLeaf(known.name, known.length, number, leaf, path)
      ? { outcome: "passed", holding, evidence: "" }
      : {
          outcome: "lying",
          holding,
          evidence: `It sent other bytes in the place of ${what}: their hash does not lead to the name for which it has signed.`,
        };
  }

  #silent(
    id: string,
    asked: readonly { holding: Holding; leaf: number; times: number }[],
    error: unknown,
  ): Verdict[] {
    if (error instanceof RefusedError)
      return error.reason === "audit-budget"
        ? []
        : [
            {
              outcome: "late",
              holding: undefined,
              evidence: `It refused to be audited: ${error.message}`,
            },
          ];
    if (error instanceof UnreachableError)
      return [
        {
          outcome: "unreachable",
          holding: undefined,
          evidence: "It did not answer.",
        },
      ];
    if (!(error instanceof LateError)) throw error;
    const again = asked.map((one) => ({ ...one, times: one.times + 1 }));
    this.#contained.set(
      id,
      again.filter(({ times }) => times < askAgain),
    );
    const stubborn = again.filter(({ times }) => times >= askAgain);
    return [
      {
        outcome: "late",
        holding: undefined,
        evidence: `It did not answer an audit of ${asked.length} pieces in time.`,
      },
      ...stubborn.map(
        ({ holding }): Verdict => ({
          outcome: "lost",
          holding,
          evidence: `It was asked ${askAgain} times for the same piece of block ${holding.block.toString("hex").slice(0, 8)}, and was silent each time.`,
        }),
      ),
    ];
  }

  #known(
    id: string,
    { block, segment, index }: Holding,
  ): { name: Buffer; length: number } | undefined {
    const location = this.#locations.get(block, segment);
    const holder = location?.holders[index];
    return location && holder?.id === id
      ? { name: holder.name, length: fragmentLength(location.cut) }
      : undefined;
  }
}

function randomBelow(count: number): number {
  return Math.floor(Math.random() * count);
}
