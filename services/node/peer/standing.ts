/** What was found of friends over time: reputation, availability, findings. */
import { EventEmitter } from "node:events";
import { type Static, Type } from "typebox";
import { encodeCbor, parseCbor } from "../../shared/cbor.ts";
import type { OrderedIndex } from "../store/ordered-index.ts";

export type FindingKind = "unreachable" | "late" | "lost" | "lying";

const Count = Type.Number({ minimum: 0 });

/** What is counted of a friend. */
export const StandingRow = Type.Object({
  /** Audits of leaves, by what came of them. */
  passed: Count,
  lost: Count,
  lying: Count,
  late: Count,
  /** A mean that forgets: share of audits that passed, 0 to 1. */
  score: Type.Number({ minimum: 0, maximum: 1 }),
  /** Share of the time that it was there, of late. */
  availability: Type.Number({ minimum: 0, maximum: 1 }),
  /** Milliseconds since 1970 when it was last there, and when that was last counted. */
  seen: Count,
  counted: Count,
  /** Lost fragments that are yet to be sent again. */
  mending: Count,
});
export type Standing = Static<typeof StandingRow>;

const Kept = Type.Object({
  id: Type.String(),
  kind: Type.Union([
    Type.Literal("unreachable"),
    Type.Literal("late"),
    Type.Literal("lost"),
    Type.Literal("lying"),
  ]),
  at: Type.Number(),
  evidence: Type.String(),
  /** Whether it is about this box, as a friend tells. */
  ours: Type.Boolean(),
});
/** Something that the owner should know of. */
export type Finding = Static<typeof Kept>;

/** Memory of the score, in audits; and of the availability, in milliseconds. */
const scoreMemory = 1000;
const availabilityMemory = 14 * 86_400_000;
/** A friend is taken for one that is up as STORAGE-AND-PEERS.md 4.4 expects of homes, until more is known. */
const assumed = 0.8;
/** The same finding is told once in this time. */
const tellAgain = 86_400_000;
const mostFindings = 500;

const fresh: Standing = {
  passed: 0,
  lost: 0,
  lying: 0,
  late: 0,
  score: 1,
  availability: assumed,
  seen: 0,
  counted: 0,
  mending: 0,
};

/** Keeps friends' standings and findings, durably. */
export class Standings {
  readonly found = new EventEmitter<{ finding: [Finding] }>();
  #index: OrderedIndex<"standings" | "findings">;

  constructor(index: OrderedIndex<"standings" | "findings">) {
    this.#index = index;
  }

  /** @param id a friend's. */
  get(id: string): Standing {
    const row = this.#index.get("standings", Buffer.from(id, "hex"));
    return row
      ? parseCbor(StandingRow, row, "a friend's standing")
      : { ...fresh };
  }

  /** Counts what came of an audit of one leaf. */
  async audited(
    id: string,
    outcome: "passed" | "lost" | "lying" | "late",
  ): Promise<void> {
    const before = this.get(id);
    const good = outcome === "passed" ? 1 : 0;
    await this.#set(id, {
      ...before,
      [outcome]: before[outcome] + 1,
      score: before.score + (good - before.score) / scoreMemory,
    });
  }

  /** Counts whether a friend is there, at this moment. @param now milliseconds since 1970 */
  async observed(id: string, online: boolean, now: number): Promise<void> {
    const before = this.get(id);
    const gap = before.counted === 0 ? 0 : now - before.counted;
    const weight = 1 - Math.exp(-Math.max(0, gap) / availabilityMemory);
    await this.#set(id, {
      ...before,
      seen: online ? now : before.seen,
      counted: now,
      availability:
        before.availability + weight * ((online ? 1 : 0) - before.availability),
    });
  }

  /** Says how many fragments a friend lost that are yet to be sent again. */
  async lacks(id: string, mending: number): Promise<void> {
    await this.#set(id, { ...this.get(id), mending });
  }

  /** Keeps a finding, unless the same was told of late; whether it is a new one. */
  async find(finding: Finding): Promise<boolean> {
    const again = this.findings.some(
      ({ id, kind, at, ours }) =>
        id === finding.id &&
        kind === finding.kind &&
        ours === finding.ours &&
        at > finding.at - tellAgain,
    );
    if (again) return false;
    const key = Buffer.alloc(8);
    key.writeDoubleBE(finding.at);
    const old = this.#index
      .range("findings", Buffer.alloc(1), mostFindings + 1)
      .slice(0, -(mostFindings - 1));
    await this.#index.commit([
      { table: "findings", key, value: encodeCbor(finding) },
      ...old.map(([row]) => ({ table: "findings" as const, key: row })),
    ]);
    this.found.emit("finding", finding);
    return true;
  }

  /** What was found, the newest first. */
  get findings(): Finding[] {
    return this.#index
      .range("findings", Buffer.alloc(1), mostFindings)
      .map(([, row]) => parseCbor(Kept, row, "a finding"))
      .reverse();
  }

  /** Forgets a friend. */
  async forget(id: string): Promise<void> {
    await this.#index.commit([
      { table: "standings", key: Buffer.from(id, "hex") },
    ]);
  }

  async #set(id: string, standing: Standing): Promise<void> {
    await this.#index.commit([
      {
        table: "standings",
        key: Buffer.from(id, "hex"),
        value: encodeCbor(standing),
      },
    ]);
  }
}
