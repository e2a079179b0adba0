import type { Info } from "lucide-preact";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Channel, NoticesState } from "../../../../notices/api.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { Card, Notice, Spinner } from "../../ui.tsx";

/** What a way of telling says of itself. */
interface Words {
  title: string;
  Icon: typeof Info;
  words: string;
  /** Asks how it is set; what it is given closes it. */
  change: (close: () => void) => JSX.Element;
}

/** Something that is tried by a button. */
interface Trial {
  busy: boolean;
  /** Why the last try failed. */
  problem: string | undefined;
  start: () => Promise<void>;
  /** Says nothing more of the last try. */
  forget: () => void;
}

/** Tries what may fail when it is asked to. */
export function useTrial(act: () => Promise<void>): Trial {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const forget = (): void => setProblem(undefined);
  const start = async (): Promise<void> => {
    setBusy(true);
    try {
      await act();
      forget();
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  };
  return { busy, problem, start, forget };
}

/** A way of telling: what it is, how it goes with it, a button to try it, and how it is set. @param last why it did not go the last time. @param line how it went. @param action words of the button */
export function Way({
  title,
  Icon,
  words,
  change,
  isSet,
  last,
  line,
  action,
  trial: { busy, problem, start },
}: Words & {
  isSet: boolean;
  last: string | null;
  line: string;
  action: string;
  trial: Trial;
}) {
  const [changing, setChanging] = useState(false);
  const shown = problem ?? last;
  return (
    <Card title={title} Icon={Icon}>
      <p>{words}</p>
      {isSet && shown && <Notice kind="error">{shown}</Notice>}
      {isSet && <p class="quiet-text">{line}</p>}
      <div class="actions start">
        <button type="button" onClick={() => setChanging(true)}>
          {isSet ? "Change" : "Set it up"}
        </button>
        {isSet && (
          <button type="button" disabled={busy} onClick={start}>
            {busy ? <Spinner label={action} /> : action}
          </button>
        )}
      </div>
      {changing && change(() => setChanging(false))}
    </Card>
  );
}

/** A way by which notices are told. */
export function ChannelWay({
  channel,
  state,
  told,
  ...words
}: Words & {
  channel: Channel;
  state: NoticesState;
  told: (state: NoticesState) => void;
}) {
  const trial = useTrial(async () =>
    told(await api<NoticesState>("POST", "/notices/test", { channel })),
  );
  const { waiting, sent, problem } = state.channels[channel];
  const went =
    sent === null
      ? "Nothing was sent yet."
      : `The last message went out on ${moment(sent)}.`;
  const rest =
    waiting > 0
      ? ` ${waiting} ${waiting === 1 ? "waits" : "wait"} to be sent.`
      : "";
  return (
    <Way
      {...words}
      isSet={state.settings[channel] !== null}
      last={problem}
      line={went + rest}
      action="Send a test"
      trial={trial}
    />
  );
}
