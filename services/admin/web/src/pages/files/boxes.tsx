import { Router } from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Box } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { Dialog, Form, Notice } from "../../ui.tsx";

/** Which boxes sign in the owner's name, each with the key in its TPM. */
export function Boxes() {
  const [boxes, setBoxes] = useState<Box[]>();
  const [problem, setProblem] = useState<string>();
  const [doomed, setDoomed] = useState<Box>();
  const refresh = useCallback(async () => {
    try {
      setBoxes(await api<Box[]>("GET", "/boxes"));
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  useEffect(() => void refresh(), [refresh]);
  if (problem) return <Notice kind="error">{problem}</Notice>;
  if (!boxes || boxes.length === 0) return null;
  return (
    <section class="card">
      <h2>
        <Router size={20} aria-hidden="true" /> Boxes that sign for you
      </h2>
      <p>
        What you do is signed by the box that you do it on, with a key that its
        TPM vouches for and your root key allowed.
      </p>
      <ul class="files">
        {boxes.map((box) => (
          <li key={box.principal} class="file-line">
            <div class="grow">
              <strong>
                {box.own ? "This box" : "Another box"}
                {box.revoked && " · taken back"}
              </strong>
              <span class="quiet-text">
                {box.principal.slice(0, 16)}, since {moment(box.created)}
              </span>
            </div>
            {!box.own && !box.revoked && (
              <button
                type="button"
                aria-label={`Take back from the box ${box.principal.slice(0, 16)}`}
                onClick={() => setDoomed(box)}
              >
                Take back
              </button>
            )}
          </li>
        ))}
      </ul>
      {doomed && (
        <Dialog
          title="Refuse what this box signs?"
          close={() => setDoomed(undefined)}
        >
          <p>
            For a box that was lost, sold or stolen. What it signed until now
            counts; whatever it signs from now on is refused.
          </p>
          <Form
            action="Take it back"
            tone="danger"
            submit={async () => {
              await api("DELETE", `/boxes/${doomed.principal}`);
              setDoomed(undefined);
              await refresh();
            }}
          />
        </Dialog>
      )}
    </section>
  );
}
