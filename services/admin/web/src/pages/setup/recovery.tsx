import { Download, KeyRound, Printer } from "lucide-preact";
import { useState } from "preact/hooks";
import type { SetupProgress } from "../../../../claim.ts";
import { api } from "../../api.ts";
import { Field, Form, saveText } from "../../ui.tsx";
import type { Advance } from "./advance.ts";

/** Shows the recovery key once, and has one group of it typed. */
export function Recovery({
  progress,
  advance,
}: {
  progress: SetupProgress;
  advance: Advance;
}) {
  const [key, setKey] = useState<{ recoveryKey: string; group: number }>();
  const [typed, setTyped] = useState("");
  if (!key) {
    return (
      <>
        <h1>The disk's recovery key</h1>
        <p>
          If this box breaks, the recovery key opens its disk on any Linux
          computer. It is shown once, so have a printer, a password manager or a
          pen ready.
        </p>
        <Form
          action="Show the recovery key"
          icon={<KeyRound size={18} aria-hidden="true" />}
          submit={async () => setKey(await api("POST", "/setup/recovery-key"))}
        />
      </>
    );
  }
  const text = `Coppice recovery key of the disk ${progress.disk ?? ""}\n\n${key.recoveryKey}\n\nOpen the disk with: cryptsetup open /dev/DISK photos\nMade ${new Date().toISOString().slice(0, 10)}. Keep this where a burglar of the box does not find it.\n`;
  return (
    <>
      <h1>Keep this recovery key</h1>
      <p>
        Print it or save it somewhere else than on this box. It is not shown
        again; until you confirm it you can draw a new one, which voids this
        one.
      </p>
      <output class="secret groups" aria-label="Recovery key">
        {key.recoveryKey.split("-").map((group, index) => (
          <span key={group}>
            <small>{index + 1}</small>
            {group}
          </span>
        ))}
      </output>
      <div class="actions start no-print">
        <button
          type="button"
          onClick={() => saveText("coppice-recovery-key.txt", text)}
        >
          <Download size={18} aria-hidden="true" /> Download
        </button>
        <button type="button" onClick={() => print()}>
          <Printer size={18} aria-hidden="true" /> Print
        </button>
      </div>
      <div class="no-print">
        <Form
          action="I have kept it"
          submit={async () =>
            advance(
              await api<SetupProgress>("POST", "/setup/recovery-key/confirm", {
                group: typed,
              }),
            )
          }
        >
          <Field
            label={`Type group ${key.group} from what you kept`}
            required
            autocomplete="off"
            spellcheck={false}
            autocapitalize="none"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </Form>
      </div>
    </>
  );
}
