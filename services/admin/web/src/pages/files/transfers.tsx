import { File as FileIcon, Upload, X } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { upload } from "../../api.ts";
import { bytes } from "../../format.ts";
import { Bar, Notice } from "../../ui.tsx";

interface Transfer {
  id: number;
  path: string;
  file: File;
  sent: number;
  state: "waiting" | "sending" | "failed";
  message?: string;
  cancel: AbortController;
}

/** Uploads, one after the other. @param done is called after each. @param route that takes them. */
export function useTransfers(
  done: () => void,
  route = "/api/files/content",
): {
  add: (folder: string, list: FileList | null) => void;
  count: number;
  list: preact.JSX.Element;
} {
  const [transfers, setTransfers] = useState<Transfer[]>([]);
  const queue = useRef<Transfer[]>([]);
  const running = useRef(false);
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
      const { id, path, file, cancel } = next;
      if (cancel.signal.aborted) continue;
      update(id, { state: "sending" });
      try {
        await upload(
          path,
          file,
          route,
          (sent) => update(id, { sent }),
          cancel.signal,
        );
        drop(id);
      } catch (error) {
        if (cancel.signal.aborted) drop(id);
        else update(id, { state: "failed", message: (error as Error).message });
      }
      done();
    }
    running.current = false;
  };
  const add = (folder: string, list: FileList | null): void => {
    const added = [...(list ?? [])].map(
      (file, index): Transfer => ({
        id: Date.now() + index / 1000,
        path: `${folder === "/" ? "" : folder}/${file.name}`,
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
  const list = (
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
  );
  return { add, count: transfers.length, list };
}

/** Lets somebody choose files to upload. */
export function UploadButton({
  add,
}: {
  add: (list: FileList | null) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
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
    </>
  );
}
