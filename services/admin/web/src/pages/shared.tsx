import {
  ChevronRight,
  Download,
  File as FileIcon,
  Folder,
  Link2,
  Share2,
  Trash2,
} from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Entry, EntryDetails } from "../../../../node/client.ts";
import type { GuestShare } from "../../../api/share-routes.ts";
import { api, type ProblemError } from "../api.ts";
import { bytes, moment } from "../format.ts";
import { Dialog, Field, Form, Notice, Spinner } from "../ui.tsx";
import { joined, nameOf } from "./files/path.ts";
import { ShareDialog } from "./files/share.tsx";
import { UploadButton, useTransfers } from "./files/transfers.tsx";
import { SharedAccount } from "./shared-account.tsx";

interface Listing {
  folder: EntryDetails;
  entries: Entry[];
}

/** What somebody sees who came with a link: the shared folder or file, and nothing else of the box. */
export function Shared() {
  const [share, setShare] = useState<GuestShare>();
  const [path, setPath] = useState("");
  const [listing, setListing] = useState<Listing>();
  const [problem, setProblem] = useState<string>();
  const [asking, setAsking] = useState(false);
  const [asked, setAsked] = useState(false);
  const [passing, setPassing] = useState(false);

  useEffect(() => {
    const secret = location.hash.slice(1);
    // The secret stays out of the history and of what is bookmarked by chance.
    history.replaceState(null, "", "/shared");
    const opening =
      secret === ""
        ? api<GuestShare>("GET", "/shared")
        : api<GuestShare>("POST", "/shared/session", { secret });
    opening.then(
      (found) => {
        setShare(found);
        setPath(found.path);
      },
      (error: Error) => setProblem(error.message),
    );
  }, []);
  const refresh = useCallback(async () => {
    if (path === "") return;
    try {
      setListing(
        await api<Listing>(
          "GET",
          `/shared/files?${new URLSearchParams({ path })}`,
        ),
      );
      setShare(await api<GuestShare>("GET", "/shared"));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as ProblemError).message);
    }
  }, [path]);
  useEffect(() => void refresh(), [refresh]);
  const transfers = useTransfers(() => void refresh(), "/api/shared/content");

  if (!share)
    return (
      <main class="narrow">
        {problem ? (
          <>
            <Notice kind="error">{problem}</Notice>
            <a class="button" href="/">
              Sign in with a name and a password
            </a>
          </>
        ) : (
          <Spinner label="Opening" />
        )}
      </main>
    );
  const writes = share.rights.includes("write");
  const folder = listing?.folder.entry.kind === "directory";
  const shown = !listing
    ? []
    : folder
      ? listing.entries
      : [listing.folder.entry];
  const pathOf = (entry: Entry): string =>
    folder ? joined(path, entry.name) : path;
  const above = path
    .slice(share.path.length)
    .split("/")
    .slice(1)
    .map((_, depth, names) => ({
      name: names[depth] ?? "",
      path: `${share.path}/${names.slice(0, depth + 1).join("/")}`,
    }));
  return (
    <main class="guest">
      <div class="page-head">
        <h1>{nameOf(share.path)}</h1>
        <div class="actions">
          {writes && folder && (
            <UploadButton add={(list) => transfers.add(path, list)} />
          )}
          {share.rights.includes("delegate") && (
            <button type="button" onClick={() => setPassing(true)}>
              <Share2 size={18} aria-hidden="true" /> Pass it on
            </button>
          )}
          <SharedAccount share={share} changed={refresh} />
          {!writes && !asked && (
            <button type="button" onClick={() => setAsking(true)}>
              Ask to be allowed to change
            </button>
          )}
        </div>
      </div>
      {passing && (
        <ShareDialog
          path={path}
          route="/shared/pass-on"
          may={share.rights}
          latest={share.expires}
          close={() => setPassing(false)}
          done={async () => setPassing(false)}
        />
      )}
      {asked && (
        <Notice kind="good">
          The owner sees your request. Look again later.
        </Notice>
      )}
      {problem && <Notice kind="error">{problem}</Notice>}
      {above.length > 0 && (
        <nav class="path" aria-label="Folders above">
          <button
            type="button"
            class="quiet"
            onClick={() => setPath(share.path)}
          >
            {nameOf(share.path)}
          </button>
          {above.map((one) => (
            <>
              <ChevronRight key={one.path} size={16} aria-hidden="true" />
              <button
                key={one.name}
                type="button"
                class="quiet"
                onClick={() => setPath(one.path)}
              >
                {one.name}
              </button>
            </>
          ))}
        </nav>
      )}
      {transfers.count > 0 && transfers.list}
      {listing && shown.length === 0 && (
        <div class="empty">
          <h2>Nothing is in here</h2>
        </div>
      )}
      {shown.length > 0 && (
        <ul class="files card">
          {shown.map((entry) => {
            const Icon = { file: FileIcon, directory: Folder, link: Link2 }[
              entry.kind
            ];
            return (
              <li key={entry.id} class="file-line">
                <button
                  type="button"
                  class="entry"
                  onClick={() =>
                    entry.kind === "directory" && setPath(pathOf(entry))
                  }
                >
                  <Icon size={20} aria-hidden="true" />
                  <span>
                    <strong>{entry.name}</strong>
                    <span class="quiet-text">
                      {entry.kind === "file" && `${bytes(entry.size)} · `}
                      {moment(entry.modified)}
                    </span>
                  </span>
                </button>
                {entry.kind === "file" && (
                  <a
                    class="button icon"
                    href={`/api/shared/content?${new URLSearchParams({ path: pathOf(entry) })}`}
                    download={entry.name}
                    aria-label={`Download ${entry.name}`}
                  >
                    <Download size={18} aria-hidden="true" />
                  </a>
                )}
                {writes && folder && (
                  <button
                    type="button"
                    class="icon"
                    aria-label={`Delete ${entry.name}`}
                    onClick={async () => {
                      try {
                        await api("POST", "/shared/remove", {
                          path: pathOf(entry),
                        });
                        await refresh();
                      } catch (error) {
                        setProblem((error as Error).message);
                      }
                    }}
                  >
                    <Trash2 size={18} aria-hidden="true" />
                  </button>
                )}
              </li>
            );
          })}
        </ul>
      )}
      <p class="quiet-text">
        {share.name}: {writes ? "you may read and change" : "you may read"} this
        until {moment(share.expires)}.
      </p>
      {share.webdav && folder && (
        <p class="quiet-text">
          As a folder on a phone or computer: add a WebDAV server with the
          address {location.origin}/dav, any name, and as password what is
          behind # in your link.
        </p>
      )}
      {asking && (
        <Ask
          close={() => setAsking(false)}
          done={() => {
            setAsking(false);
            setAsked(true);
          }}
        />
      )}
    </main>
  );
}

function Ask({ close, done }: { close: () => void; done: () => void }) {
  const [words, setWords] = useState("");
  return (
    <Dialog title="Ask to be allowed to change" close={close}>
      <Form
        action="Ask the owner"
        submit={async () => {
          await api("POST", "/shared/request", { words });
          done();
        }}
      >
        <Field
          label="What do you want to do?"
          maxLength={500}
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
      </Form>
    </Dialog>
  );
}
