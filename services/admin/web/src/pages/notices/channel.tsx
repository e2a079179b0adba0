import { useState } from "preact/hooks";
import type { Channel, NoticesState } from "../../../../notices/api.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { Notice, Spinner } from "../../ui.tsx";

/** How it goes with a way of telling, and a button to try it. */
export function ChannelLine({
  channel,
  state,
  told,
  change,
}: {
  channel: Channel;
  state: NoticesState;
  told: (state: NoticesState) => void;
  change: () => void;
}) {
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
