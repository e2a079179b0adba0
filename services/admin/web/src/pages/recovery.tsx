import {
  Download,
  Eraser,
  FileLock2,
  HardDriveDownload,
  KeyRound,
  LifeBuoy,
  Power,
  RotateCw,
  Stethoscope,
  Usb,
} from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { RecoveryState } from "../../../recovery/recovery-routes.ts";
import { api } from "../api.ts";
import type { Session } from "../app.tsx";
import { Form, Notice, Spinner } from "../ui.tsx";
import {
  BackupFields,
  backupOf,
  noBackup,
  settingsBackup,
} from "./backup-fields.tsx";
import { CodeField } from "./code-field.tsx";
import { type Absence, Gone } from "./gone.tsx";
import { chosen, NewPassword, nothingChosen } from "./new-password.tsx";
import { ConfirmReset, Outcome } from "./system/reset.tsx";
import { busyPeriod, idlePeriod, working } from "./system/updates.tsx";

/** The whole admin while the box is in its recovery: the few acts that help a box which does not do what it should. */
export function Recovery({
  session,
  refresh,
}: {
  session: Session;
  refresh: () => Promise<void>;
}) {
  const [gone, setGone] = useState<Absence>();
  return (
    <main class="narrow setup">
      <div class="brand large">
        <img src="/icon.svg" width="40" height="40" alt="" /> Coppice
      </div>
      {gone ? (
        <Gone act={gone} />
      ) : session.access === "setup" ? (
        <Acts leave={setGone} refresh={refresh} />
      ) : (
        <Code refresh={refresh} />
      )}
    </main>
  );
}

function Code({ refresh }: { refresh: () => Promise<void> }) {
  const [code, setCode] = useState("");
  return (
    <div class="card">
      <h1>Recovery</h1>
      <p>
        The box started its recovery: somebody asked for it, or it could not
        open its own storage. Nothing of yours is lost by that. Enter the code
        that its console shows now, to show that you stand before it. If nobody
        does within a quarter of an hour, the box restarts as always.
      </p>
      <Form
        action="Continue"
        submit={async () => {
          await api("POST", "/recovery/code", { code });
          await refresh();
        }}
      >
        <CodeField
          label="Recovery code"
          hint="Eight letters and digits, another eight at each start."
          value={code}
          change={setCode}
        />
      </Form>
    </div>
  );
}

function Acts({
  leave,
  refresh: refreshSession,
}: {
  leave: (act: Absence) => void;
  refresh: () => Promise<void>;
}) {
  const [state, setState] = useState<RecoveryState>();
  const [problem, setProblem] = useState<string>();
  const refresh = useCallback(async (): Promise<void> => {
    try {
      setState(await api<RecoveryState>("GET", "/recovery"));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
      await refreshSession();
    }
  }, [refreshSession]);
  const busy =
    state !== undefined && working[state.updates.phase] !== undefined;
  useEffect(() => {
    void refresh();
    const timer = setInterval(refresh, busy ? busyPeriod : idlePeriod);
    return () => clearInterval(timer);
  }, [refresh, busy]);
  const restart = async (act: "reboot" | "power-off"): Promise<void> => {
    await api("POST", "/recovery/power", { act });
    leave(act);
  };
  return (
    <>
      <section class="card">
        <h1>
          <LifeBuoy size={26} aria-hidden="true" /> Recovery
        </h1>
        {problem && <Notice kind="error">{problem}</Notice>}
        {!state && !problem && <Spinner label="Loading" />}
        {state && <Found state={state} />}
        <Form
          action="Restart as always"
          icon={<RotateCw size={18} aria-hidden="true" />}
          submit={async () => restart("reboot")}
        />
        <Form
          action="Switch off"
          tone="danger"
          icon={<Power size={18} aria-hidden="true" />}
          submit={async () => restart("power-off")}
        />
      </section>
      {state && (
        <>
          {state.opens && state.claimed && !state.locked && (
            <>
              <Password left={state.left.password} refresh={refresh} />
              <Settings left={state.left.settings} refresh={refresh} />
            </>
          )}
          <Stick state={state} refresh={refresh} leave={leave} />
          <section class="card">
            <h2>
              <Stethoscope size={20} aria-hidden="true" /> Diagnostics
            </h2>
            <p>
              What the box says of itself, with the log of the starts before
              this one where its storage opens: for somebody who helps you.
              There are no passwords and no keys in it.
            </p>
            <div class="actions start">
              <a class="button" href="/api/recovery/diagnostics" download>
                <Download size={18} aria-hidden="true" /> Save the diagnostics
              </a>
            </div>
          </section>
          <Reset state={state} leave={leave} />
        </>
      )}
    </>
  );
}

function Found({
  state: { opens, claimed, locked, updates },
}: {
  state: RecoveryState;
}) {
  return (
    <>
      <p>
        Version <strong>{updates.version}</strong>, read and proven from the
        disk. Files, friends and all else are there again when the box restarts
        as always.
      </p>
      {!opens && (
        <Notice kind="error">
          The box's own storage does not open: its TPM was cleared or replaced,
          or the storage is damaged. If a restart does not help, a factory reset
          makes it anew; what friends' boxes keep for you comes back with your
          24 words.
        </Notice>
      )}
      {opens && (
        <Notice kind="good">
          The box's own storage opens
          {claimed ? "." : ", and the box has no owner yet."}
        </Notice>
      )}
      {opens && claimed && locked && (
        <Notice kind="info">
          Its owner wants nobody to set a password or settings here.
        </Notice>
      )}
    </>
  );
}

function Password({
  left,
  refresh,
}: {
  left: boolean;
  refresh: () => Promise<void>;
}) {
  const [password, setPassword] = useState(nothingChosen);
  return (
    <section class="card">
      <h2>
        <KeyRound size={20} aria-hidden="true" /> A new password
      </h2>
      {left && (
        <Notice kind="good">
          The new password holds from the next start on.
        </Notice>
      )}
      <p>For the owner of this box, whose name stays as it is.</p>
      <Form
        action="Set the password"
        icon={<KeyRound size={18} aria-hidden="true" />}
        submit={async () => {
          await api("POST", "/recovery/password", {
            password: chosen(password),
          });
          setPassword(nothingChosen);
          await refresh();
        }}
      >
        <NewPassword
          label="New password"
          name=""
          value={password}
          change={setPassword}
        />
      </Form>
    </section>
  );
}

function Settings({
  left,
  refresh,
}: {
  left: boolean;
  refresh: () => Promise<void>;
}) {
  const [backup, setBackup] = useState(noBackup);
  return (
    <section class="card">
      <h2>
        <FileLock2 size={20} aria-hidden="true" /> The settings of a backup
      </h2>
      {left && (
        <Notice kind="good">
          These settings are put into force at the next start.
        </Notice>
      )}
      <p>
        The network with its Wi-Fi and its devices, the clock, and how the box
        updates, as you saved them in {settingsBackup.name}.
      </p>
      <Form
        action="Restore the settings"
        icon={<FileLock2 size={18} aria-hidden="true" />}
        submit={async () => {
          await api(
            "POST",
            "/recovery/settings",
            await backupOf(backup, settingsBackup),
          );
          setBackup(noBackup);
          await refresh();
        }}
      >
        <BackupFields value={backup} change={setBackup} />
      </Form>
    </section>
  );
}

function Stick({
  state: { updates },
  refresh,
  leave,
}: {
  state: RecoveryState;
  refresh: () => Promise<void>;
  leave: (act: Absence) => void;
}) {
  const { phase, found, problem } = updates;
  const busy = working[phase];
  return (
    <section class="card">
      <h2>
        <HardDriveDownload size={20} aria-hidden="true" /> A newer version from
        a USB stick
      </h2>
      <p>
        It is written beside the version that runs, and the box goes back to
        this one if it does not do all that it should.
      </p>
      {problem && <Notice kind="error">{problem.words}</Notice>}
      {busy && <Spinner label={busy} />}
      {(phase === "idle" || phase === "found") && (
        <Form
          action="Look on the stick"
          icon={<Usb size={18} aria-hidden="true" />}
          submit={async () => {
            await api("POST", "/recovery/updates/check");
            await refresh();
          }}
        />
      )}
      {phase === "ready" && found && (
        <Form
          action={`Install version ${found.version}`}
          submit={async () => {
            await api("POST", "/recovery/updates/install");
            await refresh();
          }}
        />
      )}
      {phase === "restart" && (
        <Form
          action="Restart into it"
          icon={<RotateCw size={18} aria-hidden="true" />}
          submit={async () => {
            await api("POST", "/recovery/power", { act: "reboot" });
            leave("reboot");
          }}
        />
      )}
    </section>
  );
}

function Reset({
  state: { hostname, dataDisks, resets },
  leave,
}: {
  state: RecoveryState;
  leave: (act: Absence) => void;
}) {
  const [asking, setAsking] = useState(false);
  const [last] = resets;
  return (
    <section class="card">
      <h2>
        <Eraser size={20} aria-hidden="true" /> Factory reset
      </h2>
      <p>
        The box forgets its owner, and destroys its keys. Data disks stay as
        they are unless you say otherwise.
      </p>
      {last?.failed && (
        <Notice kind="error">
          <Outcome outcome={last} />
        </Notice>
      )}
      <div class="actions start">
        <button type="button" class="danger" onClick={() => setAsking(true)}>
          <Eraser size={18} aria-hidden="true" /> Reset this box
        </button>
      </div>
      {asking && (
        <ConfirmReset
          name={hostname}
          disks={dataDisks}
          close={() => setAsking(false)}
          submit={async (choice) => {
            await api("POST", "/recovery/reset", choice);
            leave("reset");
          }}
        />
      )}
    </section>
  );
}
