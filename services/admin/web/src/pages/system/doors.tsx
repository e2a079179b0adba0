import { FolderSymlink, HardDriveDownload } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { AllDoors, SharedDrive } from "../../../../api/door-routes.ts";
import type { OpenDoors } from "../../../../api/doors.ts";
import { api } from "../../api.ts";
import { DriveAddress } from "../../drive-address.tsx";
import { moment } from "../../format.ts";
import { Dialog, Form, Notice, Spinner } from "../../ui.tsx";

/** Opens and closes the other doors to the files: the network drive and WebDAV. */
export function Doors() {
  const [doors, setDoors] = useState<AllDoors>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    api<AllDoors>("GET", "/doors").then(setDoors, (error: Error) =>
      setProblem(error.message),
    );
  }, []);
  return (
    <section class="card wide">
      <h2>
        <FolderSymlink size={20} aria-hidden="true" /> Files on other devices
      </h2>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!doors && !problem && <Spinner label="Loading" />}
      {doors && (
        <>
          <NetworkDrive
            drive={doors.drive}
            changed={(drive) => setDoors({ ...doors, drive })}
          />
          <WebDav
            open={doors.webdav}
            changed={(open) => setDoors({ ...doors, ...open })}
          />
        </>
      )}
    </section>
  );
}

function NetworkDrive({
  drive,
  changed,
}: {
  drive: SharedDrive;
  changed: (drive: SharedDrive) => void;
}) {
  const [act, setAct] = useState<"open" | "renew" | "close">();
  const [password, setPassword] = useState<string>();
  return (
    <>
      <h3>Network drive</h3>
      {drive.open ? (
        <p>
          It is on. <DriveAddress drive={drive} /> You sign in with any name
          {drive.people.length > 0 && " but those below"}, and the drive's own
          password.
        </p>
      ) : (
        <p>
          Computers and phones at home show your files as a drive (SMB 3,
          encrypted). It is switched off.
        </p>
      )}
      <div class="actions start">
        {drive.open ? (
          <>
            <button type="button" onClick={() => setAct("renew")}>
              New password for the drive
            </button>
            <button type="button" onClick={() => setAct("close")}>
              Switch the drive off
            </button>
          </>
        ) : (
          <button type="button" onClick={() => setAct("open")}>
            <HardDriveDownload size={18} aria-hidden="true" /> Switch the drive
            on
          </button>
        )}
      </div>
      <DrivePeople drive={drive} changed={changed} />
      {act && (
        <Dialog
          title={titles[act]}
          close={() => {
            setAct(undefined);
            setPassword(undefined);
          }}
        >
          {password ? (
            <>
              <p>
                This is the only time that the password is shown. Type it on
                each device that is to use the drive.
              </p>
              <output class="secret" aria-label="The drive's password">
                {password}
              </output>
            </>
          ) : (
            <>
              <p>{consequences[act]}</p>
              <Form
                action={actions[act]}
                submit={async () => {
                  if (act === "close") {
                    changed(await api<SharedDrive>("DELETE", "/doors/drive"));
                    setAct(undefined);
                    return;
                  }
                  const { password: drawn, ...opened } = await api<
                    SharedDrive & { password: string }
                  >("POST", "/doors/drive");
                  changed(opened);
                  setPassword(drawn);
                }}
              />
            </>
          )}
        </Dialog>
      )}
    </>
  );
}

/** Who else uses the drive. */
function DrivePeople({
  drive: { people },
  changed,
}: {
  drive: SharedDrive;
  changed: (drive: SharedDrive) => void;
}) {
  const [doomed, setDoomed] = useState<SharedDrive["people"][number]>();
  if (people.length === 0) return null;
  return (
    <>
      <ul class="files">
        {people.map((person) => (
          <li key={person.share.id} class="file-line wraps">
            <div class="grow">
              <strong>{person.share.name}</strong>
              <span class="quiet-text">
                {person.share.state === "active"
                  ? `signs in as ${person.name}, ${person.share.rights.includes("write") ? "changes" : "reads"} ${person.share.path} until ${moment(person.share.expires)}`
                  : "sees nothing any more: what was shared has ended"}
              </span>
            </div>
            <div class="actions">
              <button
                type="button"
                aria-label={`Remove ${person.share.name} from the drive`}
                onClick={() => setDoomed(person)}
              >
                Remove
              </button>
            </div>
          </li>
        ))}
      </ul>
      {doomed && (
        <Dialog
          title={`Take the drive from ${doomed.share.name}?`}
          close={() => setDoomed(undefined)}
        >
          <p>
            Their password stops working at once. The link that they have goes
            on; Files, Shared takes that back. What anybody is copying on the
            drive now breaks off.
          </p>
          <Form
            action="Take it"
            tone="danger"
            submit={async () => {
              changed(
                await api<SharedDrive>(
                  "DELETE",
                  `/doors/drive/people/${doomed.share.id}`,
                ),
              );
              setDoomed(undefined);
            }}
          />
        </Dialog>
      )}
    </>
  );
}

const titles = {
  open: "Switch the network drive on?",
  renew: "A new password for the drive?",
  close: "Switch the network drive off?",
} as const;
const consequences = {
  open: "Whoever is in your network and has the password can read and change all your files. The box draws the password and shows it once.",
  renew:
    "The old password stops working at once, on every device. What is being copied now breaks off.",
  close:
    "What is being copied now breaks off. The password is forgotten, and those of others too: switching it on again draws another one.",
} as const;
const actions = {
  open: "Switch it on",
  renew: "Draw a new password",
  close: "Switch it off",
} as const;

function WebDav({
  open,
  changed,
}: {
  open: boolean;
  changed: (open: OpenDoors) => void;
}) {
  const [problem, setProblem] = useState<string>();
  return (
    <>
      <h3>WebDAV</h3>
      {problem && <Notice kind="error">{problem}</Notice>}
      <p>
        {open ? (
          <>
            It is on: add <code>{`${location.origin}/dav`}</code> as a network
            folder. Any name signs in, with an API token as password.
          </>
        ) : (
          "Apps that speak WebDAV show your files as a network folder. It is switched off."
        )}
      </p>
      <div class="actions start">
        <button
          type="button"
          onClick={async () => {
            try {
              changed(await api<OpenDoors>("PUT", "/doors", { webdav: !open }));
            } catch (error) {
              setProblem((error as Error).message);
            }
          }}
        >
          {open ? "Switch WebDAV off" : "Switch WebDAV on"}
        </button>
      </div>
    </>
  );
}
