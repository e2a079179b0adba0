import { Check, HardDrive, RotateCcw, ShieldCheck } from "lucide-preact";
import { useState } from "preact/hooks";
import type { SetupProgress } from "../../../../claim.ts";
import { api } from "../../api.ts";
import { Dialog, Form } from "../../ui.tsx";
import type { Advance } from "./advance.ts";

/** Says what was chosen, and claims the box. */
export function Finish({
  progress,
  refresh,
}: {
  progress: SetupProgress;
  refresh: () => Promise<void>;
}) {
  return (
    <>
      <h1>All is ready</h1>
      <ul class="summary">
        <li>
          <Check size={18} aria-hidden="true" /> {progress.ownerName} owns this
          box
        </li>
        <li>
          <HardDrive size={18} aria-hidden="true" /> Files go to {progress.disk}
          , encrypted
        </li>
        <li>
          <ShieldCheck size={18} aria-hidden="true" /> Recovery key and root key
          are kept
        </li>
      </ul>
      <Form
        action="Take possession of the box"
        submit={async () => {
          await api("POST", "/setup/finish");
          history.replaceState(null, "", "/");
          await refresh();
        }}
      />
    </>
  );
}

/** Lets the setup begin anew. */
export function StartOver({ advance }: { advance: Advance }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        class="quiet no-print"
        onClick={() => setAsking(true)}
      >
        <RotateCcw size={18} aria-hidden="true" /> Start the setup over
      </button>
      {asking && (
        <Dialog title="Start the setup over?" close={() => setAsking(false)}>
          <p>
            Name, password, recovery key and root key of this setup are
            forgotten. What was saved of them opens nothing any more.
          </p>
          <Form
            action="Start over"
            tone="danger"
            submit={async () => {
              advance(await api<SetupProgress>("POST", "/setup/restart"));
              setAsking(false);
            }}
          />
        </Dialog>
      )}
    </>
  );
}
