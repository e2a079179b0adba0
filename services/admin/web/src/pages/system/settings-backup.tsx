import { Download, FileLock2, Upload } from "lucide-preact";
import { useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import type { Network, NetworkState } from "../../../../../host/client.ts";
import { api } from "../../api.ts";
import { Dialog, Form, Notice, saveText } from "../../ui.tsx";
import { NewPassphrase, settingsBackup } from "../backup-fields.tsx";
import { Restore } from "../network/restore.tsx";
import { Moving } from "../network/trial.tsx";

/** The box's settings as a file, and back. */
export function SettingsBackup() {
  const [saving, setSaving] = useState(false);
  const [before, setBefore] = useState<Network>();
  const [moving, setMoving] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [passphrase, setPassphrase] = useState("");
  const [, navigate] = useLocation();
  const look = async (): Promise<void> => {
    try {
      setBefore((await api<NetworkState>("GET", "/network")).document);
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <section class="card">
      <h2>
        <FileLock2 size={20} aria-hidden="true" /> Backup of the settings
      </h2>
      {problem && <Notice kind="error">{problem}</Notice>}
      <p>
        The network with its Wi-Fi and its devices, the way home for your
        phones, the clock, and how the box updates. Friends' boxes keep them
        too, with your files.
      </p>
      <div class="actions start">
        <button type="button" onClick={() => setSaving(true)}>
          <Download size={18} aria-hidden="true" /> Save them in a file
        </button>
        <button type="button" onClick={look}>
          <Upload size={18} aria-hidden="true" /> Restore from a file
        </button>
      </div>
      {saving && (
        <Dialog title="Save the settings" close={() => setSaving(false)}>
          <Form
            action="Save the file"
            icon={<Download size={18} aria-hidden="true" />}
            submit={async () => {
              const { backup } = await api<{ backup: string }>(
                "POST",
                "/configuration/backup",
                { passphrase },
              );
              saveText(settingsBackup.name, backup);
              setPassphrase("");
              setSaving(false);
            }}
          >
            <NewPassphrase
              label="Passphrase for the file"
              hint="The passwords of your Wi-Fi and your provider are in the file; without the passphrase nobody reads them, you neither."
              value={passphrase}
              change={setPassphrase}
            />
          </Form>
        </Dialog>
      )}
      {before && (
        <Dialog title="Restore the settings" close={() => setBefore(undefined)}>
          {moving ? (
            <Moving address={moving} />
          ) : (
            <>
              <p>
                The network is tried, and goes back by itself unless you keep it
                within 90 seconds.
              </p>
              <Restore
                path="/configuration/restore"
                before={before}
                moving={setMoving}
                stays={async () => navigate("/network")}
              />
            </>
          )}
        </Dialog>
      )}
    </section>
  );
}
