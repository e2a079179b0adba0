/** How a promise in people's words becomes a code, and where its fragments go. Pure: no clock, no disk, no network. */
import { createHash } from "node:crypto";
import type { Code } from "../store/body.ts";

/** A friend's box as the placement sees it. */
export interface Box {
  /** The friend's id. */
  id: string;
  /** Its failure domain: boxes of one house, or where that is asked for of one city, are lost together. */
  domain: string;
  /** Bytes that it may still take. */
  free: number;
}

/** A segment may be out of reach for so much of the time, where a code can promise it. */
const unavailable = 0.005;
/** Spread over many boxes, the codes of STORAGE-AND-PEERS.md 4.4. */
const spread: readonly Code[] = [
  { k: 10, m: 6 },
  { k: 4, m: 2 },
  { k: 10, m: 10 },
  { k: 10, m: 20 },
  { k: 6, m: 12 },
  { k: 4, m: 8 },
  { k: 3, m: 6 },
];
/** Whole copies, where boxes are few: more than so many help little. */
const mostCopies = 3;

/** The probability that fewer than k of k + m boxes are up, each with probability `availability`, independent of the others. */
export function unavailability({ k, m }: Code, availability: number): number {
  const n = k + m;
  let sum = 0;
  let term = (1 - availability) ** n;
  for (let up = 0; up < k; up++) {
    sum += term;
    term *= ((n - up) / (up + 1)) * (availability / (1 - availability));
  }
  return Math.min(1, sum);
}

/**
 * The code for what friends' boxes keep: the one that needs the least room of those that survive the loss of `losses` of
 * them and are seldom out of reach; one fragment a box. With too few boxes, whole copies on as many as there are.
 * @param boxes how many take fragments, in different domains. @param availability their mean, 0 to 1
 */
export function codeFor(
  boxes: number,
  availability: number,
  losses: number,
): Code {
  const copies = Array.from(
    { length: Math.max(1, Math.min(boxes, Math.max(mostCopies, losses + 1))) },
    (_, m) => ({ k: 1, m }),
  );
  const possible = [...copies, ...spread].filter(
    ({ k, m }) => k + m <= Math.max(1, boxes) && m >= losses,
  );
  const p = Math.min(0.999, Math.max(0.01, availability));
  const good = possible.filter(
    (code) => unavailability(code, p) <= unavailable,
  );
  const overhead = ({ k, m }: Code): number => (k + m) / k;
  const [cheapest] = good.sort(
    (a, b) =>
      overhead(a) - overhead(b) || unavailability(a, p) - unavailability(b, p),
  );
  if (cheapest) return cheapest;
  const [best] = possible.sort(
    (a, b) => unavailability(a, p) - unavailability(b, p),
  );
  return best ?? (copies.at(-1) as Code);
}

/** A code that is there stays while it needs at most so much more room than the best one: to change it is to send everything anew. */
const patience = 1.25;

/** Whether a segment's code still keeps a promise with so many boxes, and wastes no room beside the best code. */
export function stillFits(
  { k, m }: Code,
  boxes: number,
  availability: number,
  losses: number,
  best: Code,
): boolean {
  const there = { k, m: Math.min(m, boxes - k) };
  const p = Math.min(0.999, Math.max(0.01, availability));
  return (
    there.m >= losses &&
    (unavailability(there, p) <= unavailable ||
      unavailability(there, p) <= unavailability(best, p)) &&
    (k + m) / k <= (patience * (best.k + best.m)) / best.k
  );
}

/** Below so many durable fragments a segment is mended: half of what it can lose is lost. */
export function repairBelow({ k, m }: Code): number {
  return k + Math.floor(m / 2);
}

/**
 * Where the fragments of a block go: the order of the boxes is drawn anew for each of 256 groups of blocks, weighted by the
 * room that they have (rendezvous hashing), so that a box that comes or goes moves little. No failure domain gets more than m
 * fragments of a segment, and no box two while another has none.
 * @param kept boxes by index that have their fragment and keep it. @returns by index, `undefined` where there is no box.
 */
export function placeOn(
  block: Buffer,
  { k, m }: Code,
  boxes: readonly Box[],
  kept: readonly (string | undefined)[],
  bytes: number,
): (string | undefined)[] {
  const placed = [...kept];
  const perDomain = new Map<string, number>();
  const taken = new Set<string>();
  const domains = new Map(boxes.map(({ id, domain }) => [id, domain]));
  for (const id of kept) {
    if (id === undefined) continue;
    taken.add(id);
    const domain = domains.get(id) ?? id;
    perDomain.set(domain, (perDomain.get(domain) ?? 0) + 1);
  }
  const group = block.subarray(0, 1);
  const order = boxes
    .filter(({ id, free }) => !taken.has(id) && free >= bytes)
    .map((box) => ({ box, score: scoreOf(group, box) }))
    .sort((a, b) => b.score - a.score);
  for (let index = 0; index < k + m; index++) {
    if (placed[index] !== undefined) continue;
    const at = order.findIndex(
      ({ box }) => (perDomain.get(box.domain) ?? 0) < Math.max(1, m),
    );
    const [next] = at < 0 ? [] : order.splice(at, 1);
    placed[index] = next?.box.id;
    if (next)
      perDomain.set(next.box.domain, (perDomain.get(next.box.domain) ?? 0) + 1);
  }
  return placed;
}

/** A weighted random number that is the same for the same group and box: -w / ln(u). */
function scoreOf(group: Buffer, { id, free }: Box): number {
  const digest = createHash("sha256").update(group).update(id).digest();
  const uniform = (digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 1);
  // Rooms of one order of magnitude weigh the same: a little use must not draw the order anew.
  return 2 ** Math.floor(Math.log2(Math.max(2, free))) / -Math.log(uniform);
}

/** How many boxes can be lost before a segment is: its own box counts as one where it has a whole copy. @param durable fragments on different boxes that can be counted on */
export function tolerates(
  { k }: Code,
  durable: number,
  local: boolean,
): number {
  return local ? Math.max(0, durable - k + 1) : Math.max(0, durable - k);
}
