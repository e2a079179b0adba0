import { Download } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { Entry } from "../../../../../node/client.ts";
import { bytes, moment } from "../../format.ts";
import { Dialog, Spinner } from "../../ui.tsx";
import { contentOf } from "./path.ts";

const largestText = 256 * 1024;

type Look = "image" | "video" | "audio" | "pdf" | "text" | "none";

/** How a file can be looked at in the page. */
export function lookOf({ name, size }: Entry): Look {
  const end = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  if (["avif", "gif", "jpeg", "jpg", "png", "webp"].includes(end))
    return "image";
  if (["mp4", "webm"].includes(end)) return "video";
  if (["flac", "m4a", "mp3", "ogg", "wav"].includes(end)) return "audio";
  if (end === "pdf") return "pdf";
  return /^(c|cfg|conf|css|csv|h|html|ini|js|json|log|md|py|rs|sh|svg|toml|ts|tsx|txt|xml|yaml|yml)$/.test(
    end,
  ) && size <= largestText
    ? "text"
    : "none";
}

/** Shows a file without saving it. */
export function Preview({
  path,
  entry,
  close,
}: {
  path: string;
  entry: Entry;
  close: () => void;
}) {
  const look = lookOf(entry);
  const source = contentOf(path, { show: true });
  return (
    <Dialog title={entry.name} close={close}>
      <div class="preview">
        {look === "image" && <img src={source} alt={entry.name} />}
        {/* biome-ignore lint/a11y/useMediaCaption: the owner's own film has no captions */}
        {look === "video" && <video src={source} controls preload="metadata" />}
        {/* biome-ignore lint/a11y/useMediaCaption: the owner's own recording has no captions */}
        {look === "audio" && <audio src={source} controls preload="metadata" />}
        {look === "pdf" && <iframe src={source} title={entry.name} />}
        {look === "text" && <Text source={source} />}
        {look === "none" && (
          <p>This kind of file cannot be shown here. Download it to open it.</p>
        )}
      </div>
      <p class="quiet-text">
        {bytes(entry.size)} · {moment(entry.modified)}
      </p>
      <div class="actions start">
        <a class="button primary" href={contentOf(path)} download={entry.name}>
          <Download size={18} aria-hidden="true" /> Download
        </a>
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

function Text({ source }: { source: string }) {
  const [text, setText] = useState<string>();
  useEffect(() => {
    const gone = new AbortController();
    fetch(source, { signal: gone.signal })
      .then(async (answer) => setText(await answer.text()))
      .catch(() => setText("The text could not be read. Try again."));
    return () => gone.abort();
  }, [source]);
  if (text === undefined) return <Spinner label="Loading" />;
  // A field, because a long text must scroll by keyboard.
  return <textarea readOnly rows={18} aria-label="Text" value={text} />;
}
