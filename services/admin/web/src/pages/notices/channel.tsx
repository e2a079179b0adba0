import type { Info } from "lucide-preact";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Channel, NoticesState } from "../../../../notices/api.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { Card, Notice, Spinner } from "../../ui.tsx";

/** What a way of telling is made of. */
interface Parts {
  channel: Channel;
  title: string;
  Icon: typeof Info;
  words: string;
  state: NoticesState;
  told: (state: NoticesState) => void;
  /** Asks how it is set; what it is given closes it. */
  change: (close: () => void) => JSX.Element;
}

/** A way of telling: what it is, how it goes with it, a button to try it, and how it is set. */
export function Way({ title, Icon, words, change, ...line }: Parts) {
  const [changing, setChanging] = useState(false);
  return (
    <Card title={title} Icon={Icon}>
      <p>{words}</p>
      <ChannelLine {...line} change={() => setChanging(true)} />
      {changing && change(() => setChanging(false))}
    </Card>
  );
}

function ChannelLine({
  channel,
  state,
  told,
  change,
}: Pick<Parts, "channel" | "state" | "told"> & { change: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const { waiting, sent, problem: last } = state.channels[channel];
  const isSet = state.settings[channel] !== null;
  const test = async (): Promise<void> => {
    setBusy(true);
    try {
      told(await api<NoticesState>("POST", "/notices/test", { channel }));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  };
  const shown = problem ?? last;
  return (
    <>
      {isSet && shown && <Notice kind="error">{shown}</Notice>}
      {isSet && (
        <p class="quiet-text">
          {sent === null
            ? "Nothing was sent yet."
            : `The last message went out on ${moment(sent)}.`}
          {waiting > 0 &&
            ` ${waiting} ${waiting === 1 ? "waits" : "wait"} to be sent.`}
        </p>
      )}
      <div class="actions start">
        <button type="button" onClick={change}>
          {isSet ? "Change" : "Set it up"}
        </button>
        {isSet && (
          <button type="button" disabled={busy} onClick={test}>
            {busy ? <Spinner label="Send a test" /> : "Send a test"}
          </button>
        )}
      </div>
    </>
  );
}
