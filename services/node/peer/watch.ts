import type { Agreements } from "./agreements.ts";
import {
  Auditor,
  leavesAtOnce,
  leavesPerDay,
  type Verdict,
} from "./auditor.ts";
import type { Friend } from "./friend.ts";
import type { Friends } from "./friends.ts";
import type { Lines } from "./lines.ts";
import { listKept } from "./listing.ts";
import type { Holding, Locations } from "./locations.ts";
import { reconcile } from "./reconcile.ts";
import type { Standings } from "./standing.ts";

const hour = 3_600_000;
const auditEvery = (24 * hour * leavesAtOnce) / leavesPerDay;
/** A friend that was not heard of for so long is told of. */
const tellAfter = 24 * hour;

/** What the watch is kept with. */
export interface WatchInit {
  friends: Friends;
  standings: Standings;
  locations: Locations;
  agreements: Agreements;
  lines(): Lines;
  /** Something has to be placed anew. */
  soon(): void;
  signal: AbortSignal;
}

/** Keeps an eye on what friends keep, and draws the consequences: four findings, four consequences. */
export class Watch {
  #init: WatchInit;
  #auditor: Auditor;
  #due = new Map<string, number>();

  constructor(init: WatchInit) {
    this.#init = init;
    this.#auditor = new Auditor(
      init.locations,
      async (id, question) =>
        await init.lines().ask(id, "audit", question, "scrub", init.signal),
    );
  }

  /** Audits a friend now. @returns what came of it */
  async audit(id: string, count = leavesAtOnce): Promise<Verdict[]> {
    const verdicts = await this.#auditor.audit(id, count);
    await this.take(id, verdicts);
    return verdicts;
  }

  /** Audits a friend where it is time to. @param now milliseconds since 1970 */
  async auditIfDue(id: string, now: number): Promise<void> {
    const due = this.#due.get(id) ?? now + Math.random() * auditEvery;
    this.#due.set(id, due);
    if (now < due) return;
    this.#due.set(id, now + auditEvery);
    await this.audit(id);
  }

  /** Counts whether a friend is there, and tells of one that is away for long. */
  async observe(
    friend: Friend,
    id: string,
    online: boolean,
    now: number,
  ): Promise<void> {
    const { standings } = this.#init;
    await standings.observed(id, online, now);
    const { seen } = standings.get(id);
    const away = now - seen;
    if (online || seen === 0 || away < tellAfter || friend.phase !== "active")
      return;
    await standings.find({
      id,
      kind: "unreachable",
      at: now,
      evidence: `Not heard of for ${Math.floor(away / hour)} hours. After 72 hours what it keeps is no longer counted on, and is made anew elsewhere when too little is left.`,
      ours: false,
    });
  }

  /** Draws the consequences of what was found. */
  async take(id: string, verdicts: readonly Verdict[]): Promise<void> {
    const { standings, lines, signal, soon } = this.#init;
    for (const { outcome, holding, evidence } of verdicts) {
      if (outcome !== "unreachable") await standings.audited(id, outcome);
      if (outcome === "passed") continue;
      if (holding && outcome === "lost") await this.#unhold(id, holding);
      const fresh = await standings.find({
        id,
        kind: outcome,
        at: Date.now(),
        evidence,
        ours: false,
      });
      if (fresh)
        await lines()
          .ask(id, "finding", { kind: outcome, evidence }, "scrub", signal)
          .catch(() => {});
      if (outcome === "lying") await this.#expel(id, evidence);
    }
    if (verdicts.some(({ outcome }) => outcome === "lost")) {
      // One lost fragment is seldom alone: a disk may be gone. What fails now is found by the next audit.
      await this.reconcile(id).catch(() => {});
      soon();
    }
  }

  /** Finds out what a friend lacks, and what it keeps for nothing. @throws UnreachableError, LateError, RefusedError */
  async reconcile(id: string): Promise<void> {
    const { locations, standings, lines, signal } = this.#init;
    const { lacking } = await reconcile(
      id,
      {
        locations,
        list: () => listKept(lines(), id, "repair", signal),
        drop: async (places) => await this.drop(id, places),
      },
      signal,
    );
    await standings.lacks(id, lacking);
  }

  /** Lets a friend forget fragments. @throws UnreachableError, LateError, RefusedError */
  async drop(id: string, places: readonly Holding[]): Promise<void> {
    await this.#init.lines().ask(
      id,
      "drop",
      {
        places: places.map(({ block, segment, index }) => [
          block,
          segment,
          index,
        ]),
      },
      "rebalance",
      this.#init.signal,
    );
  }

  /** Only a lie ends a contract at once. */
  async #expel(id: string, evidence: string): Promise<void> {
    const { friends, agreements, soon, signal } = this.#init;
    if (friends.require(id).phase === "expelled") return;
    const { mine } = await friends.change(id, () => ({ phase: "expelled" }));
    if (mine)
      await agreements.end(id, "mine", evidence.slice(0, 500), true, signal);
    soon();
  }

  /** What a friend has lost is sent to it again, or to another. */
  async #unhold(id: string, { block, segment, index }: Holding): Promise<void> {
    const { locations } = this.#init;
    const location = locations.get(block, segment);
    if (location?.holders[index]?.id !== id) return;
    const holders = location.holders.with(index, undefined);
    await locations.set([{ ...location, holders }]);
  }
}
