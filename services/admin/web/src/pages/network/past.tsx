import { Undo2 } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { Network, NetworkState } from "../../../../../host/client.ts";
import type { RestoredSettings } from "../../../../client.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { Form } from "../../ui.tsx";
import { follow, Moving } from "./trial.tsx";

/** The changes that were kept, each of which can be gone back to; on a new box, all settings of the one before. */
export function Past({
  state: { history, current, document },
  choose,
  tried,
}: {
  state: NetworkState;
  choose: (past: Network) => void;
  /** Is told that a change is being tried. */
  tried: () => Promise<void>;
}) {
  const [moving, setMoving] = useState<string>();
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
  if (moving) return <Moving address={moving} />;
  if (current === 0)
    return (
      <>
        <p>The network is as it was on a new box.</p>
        {backup && (
          <Form
            action="As on the box before"
            icon={<Undo2 size={18} aria-hidden="true" />}
            submit={async () => {
              const taken = await api<RestoredSettings>(
                "POST",
                "/configuration/adopt",
              );
              if (!follow(document, taken, setMoving)) await tried();
            }}
          >
            <p>
              Your files' backup has its settings, and the key by which phones
              and friends' households know it. They are tried, and go back by
              themselves unless you keep them within 90 seconds.
            </p>
          </Form>
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
