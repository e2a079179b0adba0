import {
  DownloadCloud,
  RotateCw,
  Search,
  Settings2,
  Usb,
  Users,
} from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type {
  UpdateSettings,
  UpdateState,
} from "../../../../../host/client.ts";
import { api } from "../../api.ts";
import { bytes, moment } from "../../format.ts";
import { Checkbox, Dialog, Field, Form, Notice, Spinner } from "../../ui.tsx";

/** Milliseconds between two looks, while something goes on and while nothing does. */
export const busyPeriod = 2000;
export const idlePeriod = 20_000;

/** What goes on in a phase, in words. */
export const working: Partial<Record<UpdateState["phase"], string>> = {
  looking: "Looking for a newer version",
  comparing: "Comparing it with what runs",
  downloading: "It comes, while the household goes on",
  installing: "Writing it beside the version that runs",
  proving: "Seeing that the new version does all it should",
};

/** What can be broken off, and goes on later. */
const stoppable: readonly UpdateState["phase"][] = [
  "looking",
  "comparing",
  "downloading",
];

/** The box's versions: what runs, what is newer, and what became of those before. */
export function Updates({ restarting }: { restarting: () => void }) {
  const [state, setState] = useState<UpdateState>();
  const [problem, setProblem] = useState<string>();
  const [changing, setChanging] = useState(false);
  const refresh = useCallback(async (): Promise<void> => {
    try {
      setState(await api<UpdateState>("GET", "/updates"));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  const busy = state !== undefined && working[state.phase] !== undefined;
  useEffect(() => {
    void refresh();
    const timer = setInterval(refresh, busy ? busyPeriod : idlePeriod);
    return () => clearInterval(timer);
  }, [refresh, busy]);
  const act = async (path: string, body?: unknown): Promise<void> => {
    try {
      await api("POST", `/updates/${path}`, body);
      await refresh();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <section class="card wide">
      <h2>
        <DownloadCloud size={20} aria-hidden="true" /> Updates
      </h2>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!state && !problem && <Spinner label="Loading" />}
      {state && (
        <>
          <Now state={state} />
          <div class="actions start">
            {(state.phase === "idle" || state.phase === "found") && (
              <button
                type="button"
                disabled={state.settings.source === null}
                onClick={() => act("check", { download: true, from: "source" })}
              >
                <Search size={18} aria-hidden="true" />{" "}
                {state.phase === "found" ? "Bring it here" : "Look now"}
              </button>
            )}
            {(state.phase === "idle" || state.phase === "found") && (
              <button
                type="button"
                onClick={() =>
                  act("check", { download: true, from: "friends" })
                }
              >
                <Users size={18} aria-hidden="true" /> Ask friends' boxes
              </button>
            )}
            {(state.phase === "idle" || state.phase === "found") && (
              <button
                type="button"
                onClick={() => act("check", { download: true, from: "stick" })}
              >
                <Usb size={18} aria-hidden="true" /> Look on a USB stick
              </button>
            )}
            {stoppable.includes(state.phase) && (
              <button type="button" onClick={() => act("stop")}>
                Stop
              </button>
            )}
            {state.phase === "ready" && (
              <button
                type="button"
                class="primary"
                onClick={() => act("install")}
              >
                Install version {state.found?.version}
              </button>
            )}
            {state.phase === "restart" && (
              <button
                type="button"
                class="primary"
                onClick={async () => {
                  await act("restart");
                  restarting();
                }}
              >
                <RotateCw size={18} aria-hidden="true" /> Restart into it now
              </button>
            )}
            <button type="button" onClick={() => setChanging(true)}>
              <Settings2 size={18} aria-hidden="true" /> How the box updates
            </button>
          </div>
          <Past state={state} />
          {changing && (
            <Change
              settings={state.settings}
              close={() => setChanging(false)}
              changed={(next) => {
                setState(next);
                setChanging(false);
              }}
            />
          )}
        </>
      )}
    </section>
  );
}

function Now({ state }: { state: UpdateState }) {
  const { phase, found, came, version, checked, settings, problem } = state;
  const words = working[phase];
  return (
    <>
      <p>
        Version <strong>{version}</strong> runs.{" "}
        {settings.source === null && !settings.friends
          ? "The box knows nobody to ask for newer ones."
          : checked !== null && phase === "idle"
            ? `Nothing newer was known on ${moment(checked)}.`
            : ""}
      </p>
      {problem && <Notice kind="error">{problem.words}</Notice>}
      {found && phase !== "proving" && (
        <>
          <h3>Version {found.version}</h3>
          {found.notes && <p class="notes">{found.notes}</p>}
          <p class="quiet-text">
            {bytes(found.size)} in all
            {came > 0 &&
              (came < found.size
                ? `, ${bytes(came)} of it came; the rest was here`
                : ", all of which came")}
            .
          </p>
        </>
      )}
      {phase === "restart" && (
        <Notice kind="info">
          {settings.automatic
            ? "It is written, and starts when the box restarts in its quiet hours."
            : "It is written, and starts when you restart the box."}{" "}
          If it does not do all that it should, the box goes back by itself.
        </Notice>
      )}
      {words && <Spinner label={words} />}
    </>
  );
}

function Past({ state: { history } }: { state: UpdateState }) {
  const [last] = history;
  if (!last) return null;
  return (
    <>
      {!last.good && (
        <Notice kind="error">
          Version {last.version} was tried on {moment(last.at)}. {last.words}
        </Notice>
      )}
      <details>
        <summary>Versions before</summary>
        <ul class="files">
          {history.map((one) => (
            <li key={one.at} class="file-line">
              <div class="grow">
                <strong>
                  {one.version} {one.good ? "works" : "failed"}
                </strong>
                <span class="quiet-text">
                  {moment(one.at)}. {one.words}
                </span>
              </div>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

function Change({
  settings,
  close,
  changed,
}: {
  settings: UpdateSettings;
  close: () => void;
  changed: (state: UpdateState) => void;
}) {
  const [source, setSource] = useState(settings.source ?? "");
  const [friends, setFriends] = useState(settings.friends);
  const [automatic, setAutomatic] = useState(settings.automatic);
  const [from, setFrom] = useState(clockOf(settings.quiet.from));
  const [to, setTo] = useState(clockOf(settings.quiet.to));
  return (
    <Dialog title="How the box updates" close={close}>
      <Form
        action="Keep this"
        submit={async () => {
          changed(
            await api<UpdateState>("PUT", "/updates/settings", {
              source: source.trim() === "" ? null : source.trim(),
              friends,
              automatic,
              quiet: { from: minuteOf(from), to: minuteOf(to) },
            }),
          );
        }}
      >
        <Field
          label="Where newer versions are"
          type="url"
          placeholder="https://"
          maxLength={512}
          value={source}
          onInput={(event) => setSource(event.currentTarget.value)}
        />
        <p class="quiet-text">
          A folder on any web server. What is in it is signed: the box takes
          nothing but what its own builder made.
        </p>
        <Checkbox checked={friends} change={setFriends}>
          Ask friends' boxes too
        </Checkbox>
        <Checkbox checked={automatic} change={setAutomatic}>
          Install by itself, and restart in the quiet hours
        </Checkbox>
        <p class="quiet-text">
          The quiet hours are those of the box's clock: its time zone is on this
          page, under Clock.
        </p>
        <Field
          label="Quiet from"
          type="time"
          required
          value={from}
          onInput={(event) => setFrom(event.currentTarget.value)}
        />
        <Field
          label="Quiet until"
          type="time"
          required
          value={to}
          onInput={(event) => setTo(event.currentTarget.value)}
        />
      </Form>
    </Dialog>
  );
}

/** A minute of the day, as a field for times has it. */
function clockOf(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return hours * 60 + minutes;
}
