import { Clock as ClockFace, Settings2 } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { ClockState } from "../../../../../host/client.ts";
import { api } from "../../api.ts";
import { Choice } from "../../choice.tsx";
import { moment, zoneHere } from "../../format.ts";
import { Dialog, Fact, Field, Form, Notice, Spinner } from "../../ui.tsx";

/** Milliseconds between two looks at what the box says. */
const period = 20_000;

/** The box's clock: what it shows, in which zone, and who sets it. */
export function Clock() {
  const [state, setState] = useState<ClockState>();
  const [problem, setProblem] = useState<string>();
  const [changing, setChanging] = useState(false);
  useEffect(() => {
    const refresh = (): void =>
      void api<ClockState>("GET", "/clock").then(
        (next) => {
          setState(next);
          setProblem(undefined);
        },
        (error: Error) => setProblem(error.message),
      );
    refresh();
    const timer = setInterval(refresh, period);
    return () => clearInterval(timer);
  }, []);
  return (
    <section class="card">
      <h2>
        <ClockFace size={20} aria-hidden="true" /> Clock
      </h2>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!state && !problem && <Spinner label="Loading" />}
      {state && (
        <>
          <dl class="facts">
            <Fact name="The box's time">{face(state)}</Fact>
            <Fact name="Time zone">{state.settings.zone}</Fact>
            <Fact name="Set by">{source(state)}</Fact>
          </dl>
          {state.settings.zone !== zoneHere() && (
            <p class="quiet-text">This browser is in {zoneHere()}.</p>
          )}
          <div class="actions start">
            <button type="button" onClick={() => setChanging(true)}>
              <Settings2 size={18} aria-hidden="true" /> Set the clock
            </button>
          </div>
        </>
      )}
      {state && changing && (
        <Change
          state={state}
          close={() => setChanging(false)}
          changed={(next) => {
            setState(next);
            setChanging(false);
          }}
        />
      )}
    </section>
  );
}

/** Weekday, hours and minutes on the box's wall. */
function face({ time, settings: { zone } }: ClockState): string {
  return new Date(time).toLocaleString(undefined, {
    timeZone: zone,
    weekday: "long",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
}

function source({ set, server }: ClockState): string {
  if (set === null) return "no time server since the start";
  return `${server ?? "a time server"}, last on ${moment(set)}`;
}

function Change({
  state: { settings },
  close,
  changed,
}: {
  state: ClockState;
  close: () => void;
  changed: (state: ClockState) => void;
}) {
  // Most boxes stand where their owner sits; UTC is what a box has that nobody told.
  const [zone, setZone] = useState(
    settings.zone === "UTC" ? zoneHere() : settings.zone,
  );
  const [servers, setServers] = useState(settings.servers.join(" "));
  const zones = Object.fromEntries(
    [settings.zone, zoneHere(), "UTC", ...Intl.supportedValuesOf("timeZone")]
      .sort()
      .map((name) => [name, name.replaceAll("_", " ")]),
  );
  return (
    <Dialog title="Set the clock" close={close}>
      <Form
        action="Keep this"
        submit={async () =>
          changed(
            await api<ClockState>("PUT", "/clock", {
              zone,
              servers: servers.split(/[\s,]+/).filter((name) => name !== ""),
            }),
          )
        }
      >
        <p>
          Quiet hours, and limits by the hour, go by this zone, in summer and in
          winter.
        </p>
        <Choice
          label="Time zone"
          value={zone}
          options={zones}
          change={setZone}
        />
        <Field
          label="Time servers"
          hint="Names or addresses, up to four. Empty: those of the line, or Debian's."
          maxLength={1100}
          value={servers}
          onInput={(event) => setServers(event.currentTarget.value)}
        />
      </Form>
    </Dialog>
  );
}
