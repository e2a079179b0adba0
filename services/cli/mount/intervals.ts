/** A piece of a file, from `start` to before `end`, in bytes. */
export interface Interval {
  start: number;
  end: number;
}

/** Adds a piece to others, which are sorted and apart; so is the result. */
export function add(list: readonly Interval[], piece: Interval): Interval[] {
  let { start, end } = piece;
  if (start >= end) return [...list];
  const before: Interval[] = [];
  const after: Interval[] = [];
  for (const one of list) {
    if (one.end < start) before.push(one);
    else if (one.start > end) after.push(one);
    else {
      start = Math.min(start, one.start);
      end = Math.max(end, one.end);
    }
  }
  return [...before, { start, end }, ...after];
}

/** What of a piece is in the list, and what is not, in order. */
export function split(
  list: readonly Interval[],
  { start, end }: Interval,
): (Interval & { inside: boolean })[] {
  const parts: (Interval & { inside: boolean })[] = [];
  let at = start;
  for (const one of list) {
    if (one.end <= at) continue;
    if (one.start >= end) break;
    if (one.start > at)
      parts.push({ start: at, end: one.start, inside: false });
    const stop = Math.min(end, one.end);
    parts.push({ start: Math.max(at, one.start), end: stop, inside: true });
    at = stop;
  }
  if (at < end) parts.push({ start: at, end, inside: false });
  return parts;
}

/** What lies before `end`. */
export function cutAt(list: readonly Interval[], end: number): Interval[] {
  return list
    .filter(({ start }) => start < end)
    .map((one) => ({ start: one.start, end: Math.min(one.end, end) }));
}
