import { Undo2 } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { Network, NetworkState } from "../../../../../host/client.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";

/** The changes that were kept, each of which can be gone back to. */
export function Past({
  state: { history, current },
  choose,
}: {
  state: NetworkState;
  choose: (past: Network) => void;
}) {
  const [backup, setBackup] = useState<Network | null>(null);
  useEffect(() => {
    // A box without a disk yet has no backup either.
    api<{ document: Network | null }>("GET", "/network/backup").then(
      ({ document }) => setBackup(document),
      () => {},
    );
  }, []);
  const back = async (id: number): Promise<void> =>
    choose(await api<Network>("GET", `/network/history/${id}`));
  if (current === 0)
    return (
      <>
        <p>The network is as it was on a new box.</p>
        {backup && (
          <div class="actions start">
            <button
              type="button"
              onClick={async () => {
                // Its phones know the box by its key.
                await api("POST", "/configuration/adopt");
                choose(backup);
              }}
            >
              <Undo2 size={18} aria-hidden="true" /> As on the box before
            </button>
          </div>
        )}
      </>
    );
  return (
    <ul class="files">
      {history.map(({ id, at, who, what }) => (
        <li key={id} class="file-line wraps">
          <div class="grow">
            <strong>{what.join(", ")}</strong>
            <span class="quiet-text">
              {moment(at)} · {who}
            </span>
          </div>
          {id === current ? (
            <span class="badge good">in force</span>
          ) : (
            <GoBack
              words={`to change ${id}`}
              act={async () => await back(id)}
            />
          )}
        </li>
      ))}
      <li class="file-line wraps">
        <div class="grow">
          <strong>A new box</strong>
        </div>
        <GoBack
          words="to a new box's network"
          act={async () => await back(0)}
        />
      </li>
    </ul>
  );
}

function GoBack({ words, act }: { words: string; act: () => Promise<void> }) {
  return (
    <button
      type="button"
      class="icon"
      title="Go back to this"
      aria-label={`Go back ${words}`}
      onClick={act}
    >
      <Undo2 size={18} aria-hidden="true" />
    </button>
  );
}
