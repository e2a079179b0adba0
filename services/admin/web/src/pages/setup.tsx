import {
  Check,
  Download,
  HardDrive,
  KeyRound,
  Printer,
  RotateCcw,
  ShieldCheck,
  Upload,
} from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Disk } from "../../../../host/client.ts";
import type { SetupProgress } from "../../../claim.ts";
import { api, ProblemError } from "../api.ts";
import type { Session } from "../app.tsx";
import { bytes } from "../format.ts";
import { type Strength, strengthOf } from "../strength.ts";
import { Bar, Dialog, Field, Form, Notice, Spinner, saveText } from "../ui.tsx";

type Advance = (progress: SetupProgress) => void;

const steps = [
  { id: "code", name: "Setup code" },
  { id: "owner", name: "Owner" },
  { id: "disk", name: "Disk" },
  { id: "recovery", name: "Recovery key" },
  { id: "root-key", name: "Root key" },
  { id: "finish", name: "Finish" },
] as const;

/** The wizard that gives a box its owner. Where it stands is the box's to say, so reload and back do no harm. */
export function Setup({
  session,
  refresh,
}: {
  session: Session;
  refresh: () => Promise<void>;
}) {
  const [progress, setProgress] = useState<SetupProgress>();
  const [elsewhere, setElsewhere] = useState<string>();
  const lost = useCallback((error: unknown) => {
    setProgress(undefined);
    setElsewhere(
      error instanceof ProblemError && error.status === 401
        ? "The setup goes on in another browser, or this page was open for long. Enter the code again to go on here."
        : (error as Error).message,
    );
  }, []);
  useEffect(() => {
    if (session.access === "setup")
      api<SetupProgress>("GET", "/setup").then(setProgress, lost);
  }, [session.access, lost]);
  useEffect(() => {
    if (!progress?.work) return;
    const events = new EventSource("/api/setup/events");
    events.addEventListener("message", ({ data }) =>
      setProgress(JSON.parse(data) as SetupProgress),
    );
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED)
        api<SetupProgress>("GET", "/setup").then(setProgress, lost);
    });
    return () => events.close();
  }, [progress?.work !== undefined, lost]);

  const step = progress?.step ?? "code";
  const at = steps.findIndex(({ id }) => id === step);
  return (
    <main class="narrow setup">
      <div class="brand large">
        <img src="/icon.svg" width="40" height="40" alt="" /> Coppice
      </div>
      <ol class="steps" aria-label="Steps of the setup">
        {steps.map(({ id, name }, index) => (
          <li
            key={id}
            class={index < at ? "past" : index === at ? "now" : ""}
            aria-current={index === at ? "step" : undefined}
          >
            <span class="dot">
              {index < at ? <Check size={14} aria-label="done" /> : index + 1}
            </span>
            <span class="name">{name}</span>
          </li>
        ))}
      </ol>
      <div class="card">
        {step === "code" && <Code advance={setProgress} why={elsewhere} />}
        {step === "owner" && <OwnerStep advance={setProgress} />}
        {step === "disk" && progress && (
          <DiskStep progress={progress} advance={setProgress} />
        )}
        {step === "recovery" && progress && (
          <Recovery progress={progress} advance={setProgress} />
        )}
        {step === "root-key" && <RootKey advance={setProgress} />}
        {step === "finish" && progress && (
          <Finish progress={progress} refresh={refresh} />
        )}
      </div>
      {progress && !progress.work && step !== "owner" && (
        <StartOver advance={setProgress} />
      )}
    </main>
  );
}

function Code({ advance, why }: { advance: Advance; why: string | undefined }) {
  const [code, setCode] = useState("");
  return (
    <>
      <h1>Welcome</h1>
      <p>
        This box has no owner yet. Enter the setup code from its label, or from
        its console, to show that you are the one who holds it.
      </p>
      {why && <Notice kind="info">{why}</Notice>}
      <Form
        action="Continue"
        submit={async () =>
          advance(await api<SetupProgress>("POST", "/setup/code", { code }))
        }
      >
        <Field
          label="Setup code"
          class="code"
          required
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          placeholder="XXXX-XXXX"
          maxLength={20}
          value={code}
          onInput={(event) => setCode(event.currentTarget.value)}
          hint="Eight letters and digits. Capitals and dashes do not matter."
        />
      </Form>
    </>
  );
}

function OwnerStep({ advance }: { advance: Advance }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [strength, setStrength] = useState<Strength>();
  useEffect(() => {
    let current = true;
    if (password)
      void strengthOf(password, name).then(
        (value) => current && setStrength(value),
      );
    else setStrength(undefined);
    return () => {
      current = false;
    };
  }, [password, name]);
  return (
    <>
      <h1>Who owns this box?</h1>
      <p>
        You sign in with this name and password. The password never leaves the
        box, and nobody can send you a new one.
      </p>
      <Form
        action="Continue"
        submit={async () => {
          if (password !== again)
            throw new Error(
              "The two passwords differ. Type the same one twice.",
            );
          advance(
            await api<SetupProgress>("POST", "/setup/owner", {
              name,
              password,
            }),
          );
        }}
      >
        <Field
          label="Name"
          required
          autocomplete="username"
          maxLength={64}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <Field
          label="Password"
          type="password"
          required
          minLength={10}
          autocomplete="new-password"
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
          hint={
            strength ? (
              <StrengthBar strength={strength} short={password.length < 10} />
            ) : (
              "At least 10 characters. Three or four unrelated words are easy to remember."
            )
          }
        />
        <Field
          label="Password again"
          type="password"
          required
          autocomplete="new-password"
          value={again}
          onInput={(event) => setAgain(event.currentTarget.value)}
        />
      </Form>
    </>
  );
}

function StrengthBar({
  strength,
  short,
}: {
  strength: Strength;
  short: boolean;
}) {
  const words = ["very weak", "weak", "fair", "good", "strong"];
  return (
    <div class={`strength s${short ? 0 : strength.score}`} role="status">
      <div class="meter">
        <i />
        <i />
        <i />
        <i />
      </div>
      <span>
        {short ? "too short yet" : words[strength.score]}
        {strength.advice && `. ${strength.advice}`}
      </span>
    </div>
  );
}

function DiskStep({
  progress,
  advance,
}: {
  progress: SetupProgress;
  advance: Advance;
}) {
  const [disks, setDisks] = useState<Disk[]>();
  const [problem, setProblem] = useState<string>();
  const [chosen, setChosen] = useState<string>();
  const [typed, setTyped] = useState("");
  const load = useCallback(async () => {
    try {
      const list = await api<Disk[]>("GET", "/setup/disks");
      setDisks(list);
      setProblem(undefined);
      // Only an empty disk may be chosen beforehand, and only where there is no other to confuse it with.
      const [only, ...others] = list;
      if (only && others.length === 0 && only.contents.length === 0)
        setChosen(only.id);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  useEffect(() => void load(), [load]);
  const { work } = progress;
  if (work) {
    return (
      <>
        <h1>Preparing the disk</h1>
        <p>{work.step}. If the power goes now, the setup goes on from here.</p>
        <Bar label="Preparing the disk" value={work.done} of={work.of} />
      </>
    );
  }
  const disk = disks?.find(({ id }) => id === chosen);
  return (
    <>
      <h1>Choose the disk for your files</h1>
      <p>
        It is encrypted. This box's TPM opens it; elsewhere only the recovery
        key does. <strong>All that is on it now will be erased.</strong>
      </p>
      {progress.failure && <Notice kind="error">{progress.failure}</Notice>}
      {problem && <Notice kind="error">{problem}</Notice>}
      {!disks && !problem && <Spinner label="Looking for disks" />}
      {disks?.length === 0 && (
        <Notice kind="info">
          No disk was found beside the one that the system is on. Plug one in,
          then look again.
        </Notice>
      )}
      <fieldset class="choices">
        <legend class="hidden">Disks</legend>
        {disks?.map((one) => (
          <label
            key={one.id}
            class={one.id === chosen ? "choice chosen" : "choice"}
          >
            <input
              type="radio"
              name="disk"
              checked={one.id === chosen}
              onChange={() => {
                setChosen(one.id);
                setTyped("");
              }}
            />
            <HardDrive size={24} aria-hidden="true" />
            <span class="grow">
              <strong>{one.model}</strong>
              <span class="quiet-text">
                {bytes(one.size)}
                {one.serial && ` · serial ${one.serial}`}
              </span>
              <span class={one.contents.length > 0 ? "holds" : "quiet-text"}>
                {one.contents.length > 0
                  ? `Holds: ${one.contents.join(", ")}`
                  : "Empty"}
              </span>
            </span>
          </label>
        ))}
      </fieldset>
      <button type="button" class="quiet" onClick={load}>
        <RotateCcw size={18} aria-hidden="true" /> Look again
      </button>
      {disk && (
        <Form
          action="Erase and use this disk"
          tone="danger"
          disabled={typed !== disk.name}
          submit={async () =>
            advance(
              await api<undefined>("POST", "/setup/disk", {
                id: disk.id,
                name: typed,
              }).then(() => api<SetupProgress>("GET", "/setup")),
            )
          }
        >
          <Field
            label={`Type ${disk.name} to erase this disk`}
            required
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </Form>
      )}
    </>
  );
}

function Recovery({
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

function RootKey({ advance }: { advance: Advance }) {
  const [way, setWay] = useState<"new" | "restore">("new");
  const [passphrase, setPassphrase] = useState("");
  const [backup, setBackup] = useState<string>();
  const [file, setFile] = useState<File>();
  if (backup) {
    return (
      <>
        <h1>Keep the backup</h1>
        <p>
          The root key is made. Save its backup somewhere else than on this box:
          with it and your passphrase, a new box becomes yours again.
        </p>
        <div class="actions start">
          <button
            type="button"
            class="primary"
            onClick={() => saveText("coppice-root-key.age", backup)}
          >
            <Download size={18} aria-hidden="true" /> Download the backup
          </button>
        </div>
        <Form
          action="I have saved it"
          submit={async () =>
            advance(await api<SetupProgress>("POST", "/setup/root-key/confirm"))
          }
        />
      </>
    );
  }
  return (
    <>
      <h1>Your root key</h1>
      <p>
        All your files hang on this key. It stays in the box; its backup is a
        file that a passphrase protects.
      </p>
      <fieldset class="tabs">
        <legend class="hidden">New or from a backup</legend>
        <button
          type="button"
          aria-pressed={way === "new"}
          onClick={() => setWay("new")}
        >
          Make a new one
        </button>
        <button
          type="button"
          aria-pressed={way === "restore"}
          onClick={() => setWay("restore")}
        >
          I have a backup
        </button>
      </fieldset>
      {way === "new" ? (
        <Form
          action="Make the root key"
          icon={<KeyRound size={18} aria-hidden="true" />}
          submit={async () =>
            setBackup(
              (
                await api<{ backup: string }>("POST", "/setup/root-key", {
                  passphrase,
                })
              ).backup,
            )
          }
        >
          <Field
            label="Passphrase for the backup"
            type="password"
            required
            minLength={10}
            autocomplete="new-password"
            value={passphrase}
            onInput={(event) => setPassphrase(event.currentTarget.value)}
            hint="At least 10 characters. It may be another one than your password; without it the backup is worth nothing."
          />
        </Form>
      ) : (
        <Form
          action="Restore the root key"
          icon={<Upload size={18} aria-hidden="true" />}
          submit={async () => {
            if (!file) throw new Error("Choose the backup file first.");
            if (file.size > 16384)
              throw new Error(
                "This file is too large to be the backup of a root key. Choose coppice-root-key.age.",
              );
            advance(
              await api<SetupProgress>("POST", "/setup/root-key/restore", {
                backup: await file.text(),
                passphrase,
              }),
            );
          }}
        >
          <Field
            label="Backup file"
            type="file"
            required
            accept=".age"
            onChange={(event) => setFile(event.currentTarget.files?.[0])}
          />
          <Field
            label="Its passphrase"
            type="password"
            required
            minLength={10}
            autocomplete="off"
            value={passphrase}
            onInput={(event) => setPassphrase(event.currentTarget.value)}
          />
        </Form>
      )}
    </>
  );
}

function Finish({
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

function StartOver({ advance }: { advance: Advance }) {
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
