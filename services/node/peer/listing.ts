import type { Lines } from "./lines.ts";
import type { FragmentTuple, Priority } from "./messages.ts";

const page = 2000;

/** Lists what a friend keeps for this box's owner, in pages, in the order of blocks. @throws UnreachableError, LateError, RefusedError */
export async function* listKept(
  lines: Lines,
  id: string,
  priority: Priority,
  signal: AbortSignal,
): AsyncGenerator<readonly FragmentTuple[]> {
  let last: FragmentTuple | undefined;
  for (;;) {
    const { fragments, done } = await lines.ask(
      id,
      "list",
      { after: last ? [last[0], last[1], last[2]] : null, limit: page },
      priority,
      signal,
    );
    yield fragments;
    last = fragments.at(-1);
    if (done || !last) return;
  }
}
