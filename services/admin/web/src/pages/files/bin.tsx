import { RotateCcw, Trash2 } from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { BinEntry } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { bytes, moment } from "../../format.ts";
import { Dialog, Form, Notice, Spinner } from "../../ui.tsx";
import { act } from "./acts.tsx";
import { nameOf } from "./path.ts";

/** What was thrown away, to be restored or to be gone for good. */
export function Bin({ changed }: { changed: () => Promise<void> }) {
  const [entries, setEntries] = useState<BinEntry[]>();
  const [problem, setProblem] = useState<string>();
  const [doomed, setDoomed] = useState<BinEntry>();
  const refresh = useCallback(async () => {
    try {
      setEntries(await api<BinEntry[]>("GET", "/files/bin"));
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  useEffect(() => void refresh(), [refresh]);
  const restore = async (id: string): Promise<void> => {
    try {
      await act({ act: "restore", id });
      await refresh();
      await changed();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!entries && !problem && <Spinner label="Loading" />}
      {entries?.length === 0 && (
        <div class="empty">
          <Trash2 size={40} aria-hidden="true" />
          <h2>The bin is empty</h2>
          <p>What you delete stays here for 30 days.</p>
        </div>
      )}
      {entries && entries.length > 0 && (
        <ul class="files card">
          {entries.map((one) => (
            <li key={one.entry.id} class="file-line">
              <div class="grow">
                <strong>{nameOf(one.origin)}</strong>
                <span class="quiet-text">
                  {one.entry.kind === "file" && `${bytes(one.entry.size)} · `}
                  was {one.origin} · deleted {moment(one.removed)}
                </span>
              </div>
              <button
                type="button"
                class="icon"
                aria-label={`Restore ${nameOf(one.origin)}`}
                onClick={() => restore(one.entry.id)}
              >
                <RotateCcw size={18} aria-hidden="true" />
              </button>
              <button
                type="button"
                class="icon"
                aria-label={`Delete ${nameOf(one.origin)} for good`}
                onClick={() => setDoomed(one)}
              >
                <Trash2 size={18} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {doomed && (
        <Dialog
          title={`Delete ${nameOf(doomed.origin)} for good?`}
          close={() => setDoomed(undefined)}
        >
          <p>It will be gone with all its versions. This cannot be undone.</p>
          <Form
            action="Delete for good"
            tone="danger"
            submit={async () => {
              await act({ act: "purge", id: doomed.entry.id });
              setDoomed(undefined);
              await refresh();
            }}
          />
        </Dialog>
      )}
    </>
  );
}
