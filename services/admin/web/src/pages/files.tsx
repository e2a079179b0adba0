import {
  Download,
  File as FileIcon,
  ShieldCheck,
  Trash2,
  Upload,
  X,
} from "lucide-preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { FileInfo } from "../../../../node/client.ts";
import { api, upload } from "../api.ts";
import { bytes, moment } from "../format.ts";
import { Bar, Dialog, Form, Notice, Spinner } from "../ui.tsx";

interface Transfer {
  id: number;
  file: File;
  sent: number;
  state: "waiting" | "sending" | "failed";
  message?: string;
  cancel: AbortController;
}

/** The owner's files: what is there and how it is kept, and what is on its way. */
export function Files() {
  const [files, setFiles] = useState<FileInfo[]>();
  const [problem, setProblem] = useState<string>();
  const [transfers, setTransfers] = useState<Transfer[]>([]);
  const [over, setOver] = useState(false);
  const [doomed, setDoomed] = useState<FileInfo>();
  const queue = useRef<Transfer[]>([]);
  const running = useRef(false);
  const input = useRef<HTMLInputElement>(null);

  const refresh = useCallback(async () => {
    try {
      setFiles(await api<FileInfo[]>("GET", "/files"));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  useEffect(() => void refresh(), [refresh]);

  const update = (id: number, change: Partial<Transfer>): void =>
    setTransfers((all) =>
      all.map((one) => (one.id === id ? { ...one, ...change } : one)),
    );
  const drop = (id: number): void =>
    setTransfers((all) => all.filter((one) => one.id !== id));

  const work = async (): Promise<void> => {
    if (running.current) return;
    running.current = true;
    for (let next = queue.current.shift(); next; next = queue.current.shift()) {
      const { id, file, cancel } = next;
      if (cancel.signal.aborted) continue;
      update(id, { state: "sending" });
      try {
        await upload(file, (sent) => update(id, { sent }), cancel.signal);
        drop(id);
      } catch (error) {
        if (cancel.signal.aborted) drop(id);
        else update(id, { state: "failed", message: (error as Error).message });
      }
      await refresh();
    }
    running.current = false;
  };

  const add = (list: FileList | null): void => {
    const added = [...(list ?? [])].map(
      (file, index): Transfer => ({
        id: Date.now() + index / 1000,
        file,
        sent: 0,
        state: "waiting",
        cancel: new AbortController(),
      }),
    );
    queue.current.push(...added);
    setTransfers((all) => [...all, ...added]);
    void work();
  };

  return (
    <>
      <div class="page-head">
        <h1>Files</h1>
        <button
          type="button"
          class="primary"
          onClick={() => input.current?.click()}
        >
          <Upload size={18} aria-hidden="true" /> Upload
        </button>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label="Files to upload"
          onChange={(event) => {
            add(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
      </div>
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
          add(event.dataTransfer?.files ?? null);
        }}
      >
        {problem && <Notice kind="error">{problem}</Notice>}
        {transfers.length > 0 && (
          <ul class="transfers" aria-label="Uploads">
            {transfers.map((transfer) => (
              <li key={transfer.id} class="card">
                <div class="file-line">
                  <FileIcon size={20} aria-hidden="true" />
                  <div class="grow">
                    <strong>{transfer.file.name}</strong>
                    {transfer.state === "failed" ? (
                      <Notice kind="error">{transfer.message}</Notice>
                    ) : (
                      <>
                        <Bar
                          label={`Upload of ${transfer.file.name}`}
                          value={transfer.sent}
                          of={transfer.file.size}
                        />
                        <span class="quiet-text">
                          {transfer.state === "waiting"
                            ? "waiting"
                            : transfer.sent >= transfer.file.size
                              ? "making it safe"
                              : `${bytes(transfer.sent)} of ${bytes(transfer.file.size)}`}
                        </span>
                      </>
                    )}
                  </div>
                  <button
                    type="button"
                    class="icon"
                    aria-label={
                      transfer.state === "failed"
                        ? `Dismiss ${transfer.file.name}`
                        : `Cancel the upload of ${transfer.file.name}`
                    }
                    onClick={() => {
                      transfer.cancel.abort();
                      if (transfer.state !== "sending") drop(transfer.id);
                    }}
                  >
                    <X size={18} aria-hidden="true" />
                  </button>
                </div>
              </li>
            ))}
          </ul>
        )}
        {!files && !problem && <Spinner label="Loading" />}
        {files?.length === 0 && transfers.length === 0 && (
          <div class="empty">
            <Upload size={40} aria-hidden="true" />
            <h2>No files yet</h2>
            <p>
              Drop files here, or press Upload. Each is encrypted and cut into
              fragments before it touches the disk.
            </p>
          </div>
        )}
        {files && files.length > 0 && (
          <ul class="files card">
            {files.map((file) => (
              <li key={file.name} class="file-line">
                <FileIcon size={20} aria-hidden="true" />
                <div class="grow">
                  <strong>{file.name}</strong>
                  <span class="quiet-text">
                    {bytes(file.size)} · {moment(file.modified)}
                  </span>
                  <span class="kept">
                    <ShieldCheck size={14} aria-hidden="true" />{" "}
                    {file.segments === 0
                      ? "empty, its name is kept the same way"
                      : `${file.fragments} fragments, any ${file.needed} restore it`}
                  </span>
                </div>
                <a
                  class="button icon"
                  href={`/api/files/${encodeURIComponent(file.name)}`}
                  download={file.name}
                  aria-label={`Download ${file.name}`}
                >
                  <Download size={18} aria-hidden="true" />
                </a>
                <button
                  type="button"
                  class="icon"
                  aria-label={`Delete ${file.name}`}
                  onClick={() => setDoomed(file)}
                >
                  <Trash2 size={18} aria-hidden="true" />
                </button>
              </li>
            ))}
          </ul>
        )}
      </section>
      {doomed && (
        <Dialog
          title={`Delete ${doomed.name}?`}
          close={() => setDoomed(undefined)}
        >
          <p>
            {bytes(doomed.size)} will be gone from this box. This cannot be
            undone.
          </p>
          <Form
            action="Delete"
            tone="danger"
            submit={async () => {
              await api("DELETE", `/files/${encodeURIComponent(doomed.name)}`);
              setDoomed(undefined);
              await refresh();
            }}
          />
        </Dialog>
      )}
    </>
  );
}
