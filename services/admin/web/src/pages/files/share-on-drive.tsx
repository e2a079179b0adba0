import { HardDriveDownload } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { EntryDetails, NewShare } from "../../../../../node/client.ts";
import type { Admission, AllDoors } from "../../../../api/door-routes.ts";
import { api } from "../../api.ts";
import { DriveAddress } from "../../drive-address.tsx";
import { Notice } from "../../ui.tsx";

/** Offers a folder that was just shared as a network drive too: it takes the secret, which is here only now. */
export function ShareOnDrive({ made: { share, secret } }: { made: NewShare }) {
  const [drive, setDrive] = useState<AllDoors["drive"]>();
  const [admission, setAdmission] = useState<Admission>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const look = async (): Promise<void> => {
      const { entry } = await api<EntryDetails>(
        "GET",
        `/files/entry?path=${encodeURIComponent(share.path)}`,
      );
      if (entry.kind === "directory")
        setDrive((await api<AllDoors>("GET", "/doors")).drive);
    };
    look().catch((error: Error) => setProblem(error.message));
  }, [share.path]);
  if (problem) return <Notice kind="error">{problem}</Notice>;
  if (!drive) return null;
  if (!drive.open)
    return (
      <p class="quiet-text">
        To share it as a network drive too, switch the drive on first (System
        page) and make a new link then.
      </p>
    );
  if (admission)
    return (
      <>
        <p>
          As a network drive: <DriveAddress drive={drive} /> The password is
          shown this once.
        </p>
        <dl class="facts">
          <dt>Name</dt>
          <dd>
            <output class="secret" aria-label="Their name at the drive">
              {admission.name}
            </output>
          </dd>
          <dt>Password</dt>
          <dd>
            <output class="secret" aria-label="Their password for the drive">
              {admission.password}
            </output>
          </dd>
        </dl>
      </>
    );
  return (
    <div class="actions start">
      <button
        type="button"
        disabled={busy}
        onClick={async () => {
          setBusy(true);
          try {
            setAdmission(
              await api<Admission>("POST", "/doors/drive/people", { secret }),
            );
          } catch (error) {
            setProblem((error as Error).message);
          }
          setBusy(false);
        }}
      >
        <HardDriveDownload size={18} aria-hidden="true" /> Also as a network
        drive
      </button>
    </div>
  );
}
