import { Copy } from "lucide-preact";
import { useState } from "preact/hooks";
import type { NewShare } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { Dialog, Field, Form, Notice, QrCode, Tabs } from "../../ui.tsx";
import { nameOf } from "./path.ts";
import { ShareOnDrive } from "./share-on-drive.tsx";

const day = 86_400_000;
const ownersRoute = "/shares";
const terms = [
  { days: 7, words: "a week" },
  { days: 30, words: "a month" },
  { days: 365, words: "a year" },
];

/** Shows the link of a share, once; to the owner with what else it may become. */
export function LinkDialog({
  made,
  owners,
  done,
}: {
  made: NewShare;
  owners: boolean;
  done: () => Promise<void>;
}) {
  const { share, secret } = made;
  const link = `${location.origin}/shared#${secret}`;
  return (
    <Dialog title={`The link for ${share.name}`} close={done}>
      <p>
        It is shown this once. Whoever has it{" "}
        {share.rights.includes("write") ? "reads and changes" : "reads"}{" "}
        {share.path} until {new Date(share.expires).toLocaleDateString()}.
      </p>
      <Field label="Link" readOnly value={link} />
      <QrCode label="The link as a QR code" text={link} />
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
      {owners && <ShareOnDrive made={made} />}
    </Dialog>
  );
}

/** Shares something with somebody, and shows the link once. */
export function ShareDialog({
  path,
  route = ownersRoute,
  may = ["write", "delegate"],
  latest = Number.POSITIVE_INFINITY,
  close,
  done,
}: {
  path: string;
  /** Where it is asked for: a guest passes on what he has. */
  route?: string;
  /** What may be given beside reading. */
  may?: readonly string[];
  /** When it ends at the latest, milliseconds since 1970. */
  latest?: number;
  close: () => void;
  done: () => Promise<void>;
}) {
  const [name, setName] = useState("");
  const [write, setWrite] = useState(false);
  const [delegate, setDelegate] = useState(false);
  const [days, setDays] = useState(30);
  const [made, setMade] = useState<NewShare>();
  if (made)
    return (
      <LinkDialog made={made} owners={route === ownersRoute} done={done} />
    );
  return (
    <Dialog title={`Share ${nameOf(path)}`} close={close}>
      <Form
        action="Make a link"
        submit={async () =>
          setMade(
            await api<NewShare>("POST", route, {
              path,
              name,
              write,
              delegate,
              expires: Math.min(Date.now() + days * day, latest),
            }),
          )
        }
      >
        <Field
          label="For whom?"
          hint="So that the owner knows later who was given it."
          required
          maxLength={100}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        {may.includes("write") && (
          <Choice
            legend="May they change it?"
            no="Only read"
            yes="Read and change"
            value={write}
            set={setWrite}
          />
        )}
        {may.includes("delegate") && (
          <Choice
            legend="May they pass it on?"
            no="No"
            yes="Yes"
            value={delegate}
            set={setDelegate}
          />
        )}
        <Tabs
          legend="For how long?"
          options={terms.map((one) => [one.days, one.words] as const)}
          value={days}
          choose={setDays}
        />
        <Notice kind="info">
          {latest < Number.POSITIVE_INFINITY
            ? `It ends on ${new Date(latest).toLocaleDateString()} at the latest, as yours does, and with yours.`
            : "The link works where this page does: on your network, until friends' boxes can pass it on."}
        </Notice>
      </Form>
    </Dialog>
  );
}

function Choice({
  legend,
  no,
  yes,
  value,
  set,
}: {
  legend: string;
  no: string;
  yes: string;
  value: boolean;
  set: (value: boolean) => void;
}) {
  return (
    <Tabs
      legend={legend}
      options={
        [
          [false, no],
          [true, yes],
        ] as const
      }
      value={value}
      choose={set}
    />
  );
}
