import { Check, Undo2 } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type {
  Network,
  NetworkState,
  Trial,
} from "../../../../../host/client.ts";
import type { RestoredSettings } from "../../../../client.ts";
import { api } from "../../api.ts";
import { Form, Notice, NumberField, Spinner } from "../../ui.tsx";

/** Takes the browser to where the box is now; that the page comes up there keeps the change. */
function goTo(address: string, token: string): void {
  location.assign(
    `https://${address}${location.port ? `:${location.port}` : ""}/network#keep=${token}`,
  );
}

/** Where this page is after a change of the box's address; undefined where it stays or is reached by a name. */
function newAddress(before: Network, after: Network): string | undefined {
  const [old, fresh] = [before, after].map(
    ({ lans }) => lans[0]?.address.split("/")[0],
  );
  return old !== fresh && location.hostname === old ? fresh : undefined;
}

/** Takes the browser to where the box is with other settings. @returns whether it moves */
export function follow(
  before: Network,
  { trial, document }: RestoredSettings,
  moving: (address: string) => void,
): boolean {
  const address = newAddress(before, document);
  if (!trial || address === undefined) return false;
  moving(address);
  goTo(address, trial.token);
  return true;
}

/** What is to be seen until the page comes up at the box's new address. */
export function Moving({ address }: { address: string }) {
  return (
    <Notice kind="info">
      <Spinner label={`Going to https://${address}`} /> Your browser asks again
      whether you trust the box there. If this page does not come up, wait:
      everything goes back by itself.
    </Notice>
  );
}

/** Asks for a trial of what was changed. */
export function Pending({
  draft,
  before,
  discard,
  tried,
}: {
  draft: Network;
  before: Network;
  discard: () => void;
  tried: () => Promise<void>;
}) {
  const [seconds, setSeconds] = useState("90");
  const [moving, setMoving] = useState<string>();
  if (moving) return <Moving address={moving} />;
  return (
    <section class="card pending" aria-label="Changes that are not in force">
      <Form
        action="Try these changes"
        submit={async () => {
          const trial = await api<Trial>("POST", "/network/trial", {
            document: draft,
            seconds: Number(seconds),
          });
          follow(before, { trial, document: draft }, setMoving);
          await tried();
        }}
      >
        <p>
          Nothing is in force yet. What you try goes back by itself unless you
          keep it within {seconds} seconds.
        </p>
        <details>
          <summary>Another time</summary>
          <NumberField
            label="Seconds to decide"
            min={30}
            max={600}
            value={seconds}
            change={setSeconds}
          />
        </details>
        <button type="button" onClick={discard}>
          Forget the changes
        </button>
      </Form>
    </section>
  );
}

/** The countdown of a change that is in force until it is over. */
export function RunningTrial({
  trial,
  settled,
}: {
  trial: NonNullable<NetworkState["trial"]>;
  settled: () => Promise<void>;
}) {
  const [ends, setEnds] = useState(Date.now() + trial.remaining * 1000);
  const [, tick] = useState(0);
  useEffect(() => {
    setEnds(Date.now() + trial.remaining * 1000);
  }, [trial.remaining]);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, []);
  const left = Math.max(0, Math.ceil((ends - Date.now()) / 1000));
  return (
    <Notice kind="info">
      <p>
        <strong>
          A change by {trial.who} is in force, and goes back in{" "}
          <span role="timer">{left}</span> s.
        </strong>{" "}
        Keep it if everything works.
      </p>
      <div class="actions start">
        <button
          type="button"
          class="primary"
          onClick={async () => {
            await api("POST", "/network/confirm", { token: trial.token });
            await settled();
          }}
        >
          <Check size={18} aria-hidden="true" /> Keep it
        </button>
        <button
          type="button"
          onClick={async () => {
            await api("POST", "/network/revert");
            await settled();
          }}
        >
          <Undo2 size={18} aria-hidden="true" /> Take it back now
        </button>
      </div>
    </Notice>
  );
}

/** At the box's new address: that this page came up here proves that the change works. */
export function KeepHere({ token }: { token: string }) {
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    // The token is used up; it need not stay in the history of the browser.
    history.replaceState(null, "", "/network");
    api("POST", "/network/confirm", { token }).then(
      () => setDone(true),
      (error: Error) => setProblem(error.message),
    );
  }, [token]);
  return (
    <main class="narrow">
      {problem && <Notice kind="error">{problem}</Notice>}
      {!problem && !done && <Spinner label="Keeping the change" />}
      {done && (
        <Notice kind="good">
          The box has this address from now on, and the change is kept.
        </Notice>
      )}
      <div class="actions start">
        <a class="button" href="/network">
          Go on
        </a>
      </div>
    </main>
  );
}
