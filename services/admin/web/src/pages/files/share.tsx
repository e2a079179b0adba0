import { Copy } from "lucide-preact";
import { useState } from "preact/hooks";
import { renderSVG } from "uqr";
import type { Entry, NewShare } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { Dialog, Field, Form, Notice } from "../../ui.tsx";
import { joined } from "./path.ts";

const day = 86_400_000;
const terms = [
  { days: 7, words: "a week" },
  { days: 30, words: "a month" },
  { days: 365, words: "a year" },
];

/** Shares an entry with somebody, and shows the link once. */
export function ShareDialog({
  folder,
  entry,
  close,
  done,
}: {
  folder: string;
  entry: Entry;
  close: () => void;
  done: () => Promise<void>;
}) {
  const [name, setName] = useState("");
  const [write, setWrite] = useState(false);
  const [days, setDays] = useState(30);
  const [made, setMade] = useState<NewShare>();
  if (made) {
    const link = `${location.origin}/shared#${made.secret}`;
    return (
      <Dialog title={`The link for ${made.share.name}`} close={done}>
        <p>
          It is shown this once. Whoever has it{" "}
          {write ? "reads and changes" : "reads"} {entry.name} until{" "}
          {new Date(made.share.expires).toLocaleDateString()}.
        </p>
        <Field label="Link" readOnly value={link} />
        <div
          class="qr"
          role="img"
          aria-label="The link as a QR code"
          dangerouslySetInnerHTML={{ __html: renderSVG(link) }}
        />
        <div class="actions start">
          <button
            type="button"
            class="primary"
            onClick={() => void navigator.clipboard.writeText(link)}
          >
            <Copy size={18} aria-hidden="true" /> Copy the link
          </button>
          <button type="button" onClick={done}>
            I have passed it on
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={`Share ${entry.name}`} close={close}>
      <Form
        action="Make a link"
        submit={async () =>
          setMade(
            await api<NewShare>("POST", "/shares", {
              path: joined(folder, entry.name),
              name,
              write,
              expires: Date.now() + days * day,
            }),
          )
        }
      >
        <Field
          label="For whom?"
          hint="So that you know later whom you gave it."
          required
          maxLength={100}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <fieldset class="tabs">
          <legend>May they change it?</legend>
          <button
            type="button"
            aria-pressed={!write}
            onClick={() => setWrite(false)}
          >
            Only read
          </button>
          <button
            type="button"
            aria-pressed={write}
            onClick={() => setWrite(true)}
          >
            Read and change
          </button>
        </fieldset>
        <fieldset class="tabs">
          <legend>For how long?</legend>
          {terms.map((one) => (
            <button
              key={one.days}
              type="button"
              aria-pressed={days === one.days}
              onClick={() => setDays(one.days)}
            >
              {one.words}
            </button>
          ))}
        </fieldset>
        <Notice kind="info">
          The link works where this page does: on your network, until friends'
          boxes can pass it on.
        </Notice>
      </Form>
    </Dialog>
  );
}
