import {
  Copy,
  Download,
  FolderInput,
  History,
  Pencil,
  Share2,
  Trash2,
} from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { Act, Entry, EntryVersion } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { bytes, moment } from "../../format.ts";
import { Dialog, Field, Form, Notice, Spinner } from "../../ui.tsx";
import { above, contentOf, joined } from "./path.ts";
import { ShareDialog } from "./share.tsx";

/** What can be done to an entry. */
export type Wish =
  | "menu"
  | "rename"
  | "move"
  | "copy"
  | "versions"
  | "share"
  | "remove";

interface Props {
  folder: string;
  entry: Entry;
  close: () => void;
  done: () => Promise<void>;
}

/** Does something to an entry. */
export async function act(body: Act): Promise<void> {
  await api("POST", "/files/act", body);
}

/** The dialog for what the owner wants to do with an entry. */
export function EntryDialog({
  wish,
  choose,
  ...props
}: Props & { wish: Wish; choose: (wish: Wish) => void }) {
  if (wish === "rename") return <Rename {...props} />;
  if (wish === "move" || wish === "copy")
    return <Move {...props} copying={wish === "copy"} />;
  if (wish === "versions") return <Versions {...props} />;
  if (wish === "share") {
    const path = joined(props.folder, props.entry.name);
    return <ShareDialog path={path} close={props.close} done={props.done} />;
  }
  if (wish === "remove") return <Remove {...props} />;
  const { entry, folder, close } = props;
  return (
    <Dialog title={entry.name} close={close}>
      <div class="choices">
        {entry.kind === "file" && (
          <a
            class="button"
            href={contentOf(joined(folder, entry.name))}
            download={entry.name}
            onClick={close}
          >
            <Download size={18} aria-hidden="true" /> Download
          </a>
        )}
        <button type="button" onClick={() => choose("rename")}>
          <Pencil size={18} aria-hidden="true" /> Rename
        </button>
        <button type="button" onClick={() => choose("move")}>
          <FolderInput size={18} aria-hidden="true" /> Move
        </button>
        <button type="button" onClick={() => choose("copy")}>
          <Copy size={18} aria-hidden="true" /> Copy
        </button>
        {entry.kind === "file" && (
          <button type="button" onClick={() => choose("versions")}>
            <History size={18} aria-hidden="true" /> Versions
          </button>
        )}
        <button type="button" onClick={() => choose("share")}>
          <Share2 size={18} aria-hidden="true" /> Share
        </button>
        <button type="button" onClick={() => choose("remove")}>
          <Trash2 size={18} aria-hidden="true" /> Delete
        </button>
      </div>
    </Dialog>
  );
}

function Rename({ folder, entry, close, done }: Props) {
  const [name, setName] = useState(entry.name);
  return (
    <Dialog title={`Rename ${entry.name}`} close={close}>
      <Form
        action="Rename"
        submit={async () => {
          await act({ act: "move", at: entry.id, parent: folder, name });
          await done();
        }}
      >
        <Field
          label="New name"
          required
          maxLength={255}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </Form>
    </Dialog>
  );
}

function Move({
  folder,
  entry,
  close,
  done,
  copying,
}: Props & { copying: boolean }) {
  const [target, setTarget] = useState(folder);
  const [folders, setFolders] = useState<Entry[]>();
  const [problem, setProblem] = useState<string>();
  const [name, setName] = useState(
    copying ? `Copy of ${entry.name}` : entry.name,
  );
  useEffect(() => {
    api<{ entries: Entry[] }>(
      "GET",
      `/files?${new URLSearchParams({ path: target })}`,
    ).then(
      ({ entries }) =>
        setFolders(
          entries.filter(
            ({ kind, id }) => kind === "directory" && id !== entry.id,
          ),
        ),
      (error: Error) => setProblem(error.message),
    );
  }, [target, entry.id]);
  const word = copying ? "Copy" : "Move";
  return (
    <Dialog title={`${word} ${entry.name}`} close={close}>
      <Form
        action={`${word} to ${target}`}
        submit={async () => {
          await act(
            copying
              ? { act: "copy", at: entry.id, parent: target, name }
              : { act: "move", at: entry.id, parent: target, name },
          );
          await done();
        }}
      >
        {problem && <Notice kind="error">{problem}</Notice>}
        <ul class="choices" aria-label="Folders">
          {above(target)
            .slice(-1)
            .map((path) => (
              <li key={path}>
                <button type="button" onClick={() => setTarget(path)}>
                  Up to {path === "/" ? "Files" : path}
                </button>
              </li>
            ))}
          {folders?.map(({ id, name: child }) => (
            <li key={id}>
              <button
                type="button"
                onClick={() => setTarget(joined(target, child))}
              >
                {child}
              </button>
            </li>
          ))}
        </ul>
        {copying && (
          <Field
            label="Name of the copy"
            required
            maxLength={255}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Form>
    </Dialog>
  );
}

function Versions({ folder, entry, close, done }: Props) {
  const [versions, setVersions] = useState<EntryVersion[]>();
  const [problem, setProblem] = useState<string>();
  const path = joined(folder, entry.name);
  useEffect(() => {
    api<EntryVersion[]>(
      "GET",
      `/files/history?${new URLSearchParams({ path })}`,
    ).then(setVersions, (error: Error) => setProblem(error.message));
  }, [path]);
  return (
    <Dialog title={`Versions of ${entry.name}`} close={close}>
      {problem && <Notice kind="error">{problem}</Notice>}
      {entry.conflict && (
        <Notice kind="info">
          <p>
            Two people wrote this file without knowing of each other. The later
            one counts; the other one is kept below. Look at both.
          </p>
          <button
            type="button"
            onClick={async () => {
              await act({ act: "settle", at: entry.id });
              await done();
            }}
          >
            It is settled
          </button>
        </Notice>
      )}
      {!versions && !problem && <Spinner label="Loading" />}
      <ul class="files">
        {versions?.map(({ version, size, modified, conflict }, index) => (
          <li key={version} class="file-line">
            <div class="grow">
              <strong>
                {index === 0 ? "Now" : `Version ${version}`}
                {versions.some((one) => one.conflict === version) &&
                  " · in conflict"}
                {conflict > 0 && ` · wrote over version ${conflict}`}
              </strong>
              <span class="quiet-text">
                {bytes(size)} · {moment(modified)}
              </span>
            </div>
            <a
              class="button icon"
              href={contentOf(path, { version })}
              download={entry.name}
              aria-label={`Download version ${version}`}
            >
              <Download size={18} aria-hidden="true" />
            </a>
            {index > 0 && (
              <button
                type="button"
                aria-label={`Restore version ${version}`}
                onClick={async () => {
                  try {
                    await act({
                      act: "restore-version",
                      at: entry.id,
                      version,
                    });
                    await done();
                  } catch (error) {
                    setProblem((error as Error).message);
                  }
                }}
              >
                Restore
              </button>
            )}
          </li>
        ))}
      </ul>
      <p class="quiet-text">The last 50 versions are kept, each for 90 days.</p>
    </Dialog>
  );
}

function Remove({ entry, close, done }: Props) {
  return (
    <Dialog title={`Delete ${entry.name}?`} close={close}>
      <p>
        {entry.kind === "directory"
          ? "The folder and all that is in it go into the bin."
          : `${bytes(entry.size)} go into the bin.`}{" "}
        There it stays for 30 days, and can be restored.
      </p>
      <Form
        action="Delete"
        tone="danger"
        submit={async () => {
          await act({ act: "remove", at: entry.id });
          await done();
        }}
      />
    </Dialog>
  );
}
