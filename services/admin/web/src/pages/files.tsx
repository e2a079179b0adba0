import {
  ChevronRight,
  EllipsisVertical,
  File as FileIcon,
  Folder,
  FolderPlus,
  Link2,
  Share2,
  ShieldCheck,
  Trash2,
  TriangleAlert,
  Upload,
} from "lucide-preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Entry, EntryDetails } from "../../../../node/client.ts";
import { api } from "../api.ts";
import { bytes, moment } from "../format.ts";
import { Dialog, Field, Form, Notice, Spinner } from "../ui.tsx";
import { act, EntryDialog, type Wish } from "./files/acts.tsx";
import { Bin } from "./files/bin.tsx";
import { above, joined, nameOf } from "./files/path.ts";
import { Preview } from "./files/preview.tsx";
import { Shares } from "./files/shares.tsx";
import { UploadButton, useTransfers } from "./files/transfers.tsx";

const slice = 200;

interface Listing {
  folder: EntryDetails;
  entries: Entry[];
  /** Whether there are more behind these. */
  more: boolean;
}

/** The owner's files: a folder, what is in it, and what can be done with it. */
export function Files() {
  const [path, setPath] = useState(
    () => new URLSearchParams(location.search).get("path") ?? "/",
  );
  const [listing, setListing] = useState<Listing>();
  const [problem, setProblem] = useState<string>();
  const [over, setOver] = useState(false);
  const [making, setMaking] = useState(false);
  const [view, setView] = useState<"files" | "bin" | "shares">("files");
  const [wish, setWish] = useState<{ entry: Entry; wish: Wish }>();
  const [look, setLook] = useState<Entry>();
  const shown = useRef(slice);

  const refresh = useCallback(async () => {
    try {
      const { folder, entries } = await api<Omit<Listing, "more">>(
        "GET",
        `/files?${new URLSearchParams({ path, limit: String(shown.current + 1) })}`,
      );
      setListing({
        folder,
        entries: entries.slice(0, shown.current),
        more: entries.length > shown.current,
      });
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, [path]);
  const transfers = useTransfers(() => void refresh());
  useEffect(() => void refresh(), [refresh]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const events = new EventSource(
      `/api/files/watch?${new URLSearchParams({ path })}`,
    );
    // Many changes at once are one look.
    events.addEventListener("message", () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void refresh();
      }, 500);
    });
    return () => {
      clearTimeout(timer);
      events.close();
    };
  }, [path, refresh]);
  useEffect(() => {
    const back = (): void =>
      setPath(new URLSearchParams(location.search).get("path") ?? "/");
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);

  const go = (to: string): void => {
    shown.current = slice;
    history.pushState(null, "", `/files?${new URLSearchParams({ path: to })}`);
    setView("files");
    setListing(undefined);
    setPath(to);
  };
  const done = async (): Promise<void> => {
    setWish(undefined);
    setMaking(false);
    await refresh();
  };
  const open = (entry: Entry): void => {
    if (entry.kind === "directory") go(joined(path, entry.name));
    else setLook(entry);
  };
  const { entries, folder } = listing ?? {};

  return (
    <>
      <div class="page-head">
        <h1>Files</h1>
        <div class="actions">
          <button
            type="button"
            aria-label="Bin"
            aria-pressed={view === "bin"}
            onClick={() => setView(view === "bin" ? "files" : "bin")}
          >
            <Trash2 size={18} aria-hidden="true" /> <span>Bin</span>
          </button>
          <button
            type="button"
            aria-label="Shared"
            aria-pressed={view === "shares"}
            onClick={() => setView(view === "shares" ? "files" : "shares")}
          >
            <Share2 size={18} aria-hidden="true" /> <span>Shared</span>
          </button>
          <button
            type="button"
            aria-label="New folder"
            onClick={() => setMaking(true)}
          >
            <FolderPlus size={18} aria-hidden="true" /> <span>New folder</span>
          </button>
          <UploadButton add={(list) => transfers.add(path, list)} />
        </div>
      </div>
      {view === "bin" && <Bin changed={refresh} />}
      {view === "shares" && <Shares />}
      {view === "files" && (
        <section
          aria-label="Drop files here to upload them"
          class={over ? "drop over" : "drop"}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            transfers.add(path, event.dataTransfer?.files ?? null);
          }}
        >
          {path !== "/" && (
            <nav class="path" aria-label="Folders above">
              {above(path).map((one) => (
                <>
                  <button
                    key={one}
                    type="button"
                    class="quiet"
                    onClick={() => go(one)}
                  >
                    {one === "/" ? "Files" : nameOf(one)}
                  </button>
                  <ChevronRight size={16} aria-hidden="true" />
                </>
              ))}
              <span aria-current="page">{nameOf(path)}</span>
            </nav>
          )}
          {problem && <Notice kind="error">{problem}</Notice>}
          {transfers.count > 0 && transfers.list}
          {!entries && !problem && <Spinner label="Loading" />}
          {entries?.length === 0 && transfers.count === 0 && (
            <div class="empty">
              <Upload size={40} aria-hidden="true" />
              <h2>{path === "/" ? "No files yet" : "This folder is empty"}</h2>
              <p>
                Drop files here, or press Upload. Each is encrypted and cut into
                fragments before it touches the disk.
              </p>
            </div>
          )}
          {entries && entries.length > 0 && (
            <ul class="files card">
              {entries.map((entry) => (
                <li key={entry.id} class="file-line">
                  <Line entry={entry} open={() => open(entry)} />
                  <button
                    type="button"
                    class="icon"
                    aria-label={`More for ${entry.name}`}
                    onClick={() => setWish({ entry, wish: "menu" })}
                  >
                    <EllipsisVertical size={18} aria-hidden="true" />
                  </button>
                </li>
              ))}
            </ul>
          )}
          {listing?.more && (
            <div class="actions start">
              <button
                type="button"
                onClick={() => {
                  shown.current += slice;
                  void refresh();
                }}
              >
                Show more
              </button>
            </div>
          )}
          {folder && entries && entries.length > 0 && (
            <p class="kept">
              <ShieldCheck size={14} aria-hidden="true" />
              Each is kept as {folder.fragments} fragments, any {folder.needed}{" "}
              restore it
            </p>
          )}
        </section>
      )}
      {making && (
        <NewFolder path={path} close={() => setMaking(false)} done={done} />
      )}
      {wish && (
        <EntryDialog
          key={wish.wish}
          wish={wish.wish}
          entry={wish.entry}
          folder={path}
          choose={(next) => setWish({ entry: wish.entry, wish: next })}
          close={() => setWish(undefined)}
          done={done}
        />
      )}
      {look && (
        <Preview
          path={joined(path, look.name)}
          entry={look}
          close={() => setLook(undefined)}
        />
      )}
    </>
  );
}

function Line({ entry, open }: { entry: Entry; open: () => void }) {
  const Icon = { file: FileIcon, directory: Folder, link: Link2 }[entry.kind];
  return (
    <button type="button" class="entry" onClick={open}>
      <Icon size={20} aria-hidden="true" />
      <span>
        <strong>{entry.name}</strong>
        <span class="quiet-text">
          {entry.kind === "file" && `${bytes(entry.size)} · `}
          {moment(entry.modified)}
          {entry.shared && " · shared"}
        </span>
        {entry.conflict && (
          <span class="kept doubt">
            <TriangleAlert size={14} aria-hidden="true" /> two versions: look at
            them
          </span>
        )}
      </span>
    </button>
  );
}

function NewFolder({
  path,
  close,
  done,
}: {
  path: string;
  close: () => void;
  done: () => Promise<void>;
}) {
  const [name, setName] = useState("");
  return (
    <Dialog title="New folder" close={close}>
      <Form
        action="Make the folder"
        submit={async () => {
          await act({ act: "directory", parent: path, name });
          await done();
        }}
      >
        <Field
          label="Its name"
          required
          maxLength={255}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </Form>
    </Dialog>
  );
}
