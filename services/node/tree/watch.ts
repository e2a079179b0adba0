import type { TreeEvent } from "./draft.ts";
import { join, type Places } from "./places.ts";
import type { TreeState } from "./tree-state.ts";

/** Events that wait for a reader. */
const mostWaiting = 10_000;

/** Something that happened at a path. */
export interface Happening {
  kind: TreeEvent["kind"];
  path: string;
}

/** What happens beneath a directory, or to a file, as it happens. @param top its id. Ends when `signal` aborts. */
export async function* watch(
  state: TreeState,
  places: Places,
  top: Buffer,
  signal: AbortSignal,
): AsyncGenerator<Happening> {
  const queue: Happening[] = [];
  let wake: () => void = () => {};
  using _listening = state.listen(({ kind, from, to }) => {
    // A reader who is far too slow gets no list of what he missed, but that it was something.
    if (queue.length > mostWaiting) queue.splice(1);
    for (const where of kind === "moved" ? [from, to] : [to ?? from])
      if (where && places.isBeneath(where.parent, top))
        queue.push({
          kind:
            kind === "moved" ? (where === to ? "written" : "removed") : kind,
          path: join(places.pathOf(where.parent), where.name),
        });
    wake();
  });
  const stop = (): void => wake();
  signal.addEventListener("abort", stop, { once: true });
  while (!signal.aborted) {
    const event = queue.shift();
    if (event) yield event;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}
