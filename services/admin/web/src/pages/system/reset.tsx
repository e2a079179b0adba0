import { Eraser } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { ResetOutcome } from "../../../../../host/client.ts";
import type { Status } from "../../../../api/status.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import {
  Checkbox,
  Dialog,
  Field,
  Form,
  Notice,
  PasswordField,
} from "../../ui.tsx";

/** The way back to a box that is nobody's: to give it away, or to begin again. */
export function Reset({ resetting }: { resetting: () => void }) {
  const [last, setLast] = useState<ResetOutcome>();
  const [password, setPassword] = useState("");
  const [name, setName] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const ask = useCallback(async () => {
    try {
      setName((await api<Status>("GET", "/status")).host?.hostname);
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  useEffect(() => {
    // Where it cannot be told, the card is there all the same.
    api<ResetOutcome[]>("GET", "/reset").then(
      ([outcome]) => setLast(outcome),
      () => {},
    );
  }, []);
  return (
    <section class="card">
      <h2>
        <Eraser size={20} aria-hidden="true" /> Factory reset
      </h2>
      <p>
        Before you give the box away, or to begin again: it forgets you, and
        destroys its keys.
      </p>
      {problem && <Notice kind="error">{problem}</Notice>}
      {last?.failed && (
        <Notice kind="error">
          <Outcome outcome={last} />
        </Notice>
      )}
      <div class="actions start">
        <button type="button" class="danger" onClick={ask}>
          <Eraser size={18} aria-hidden="true" /> Reset this box
        </button>
      </div>
      {name !== undefined && (
        <ConfirmReset
          name={name}
          close={() => setName(undefined)}
          submit={async (choice) => {
            await api("POST", "/reset", { ...choice, password });
            resetting();
          }}
        >
          <PasswordField value={password} change={setPassword} />
        </ConfirmReset>
      )}
    </section>
  );
}

/** Says what a reset destroys, and asks for the box's name. @param disks data disks that are known; any number where it is not said */
export function ConfirmReset({
  name,
  disks = Number.POSITIVE_INFINITY,
  close,
  submit,
  children,
}: {
  name: string;
  disks?: number;
  close: () => void;
  submit: (choice: { name: string; eraseDisks: boolean }) => Promise<void>;
  children?: ComponentChildren;
}) {
  const [typed, setTyped] = useState("");
  const [eraseDisks, setEraseDisks] = useState(false);
  return (
    <Dialog title="Make this box nobody's?" close={close}>
      <p>
        Lost for good: your name and password, the network's settings, all
        friends, shares and tokens, and this box's identity. What friends' boxes
        keep for you comes back to any box with your 24 words.
      </p>
      <Form
        action="Destroy the keys and restart"
        tone="danger"
        disabled={typed !== name}
        submit={async () => await submit({ name: typed, eraseDisks })}
      >
        {disks > 0 && (
          <>
            <Checkbox checked={eraseDisks} change={setEraseDisks}>
              Make the data disks unreadable too
            </Checkbox>
            <p class="quiet-text">
              {eraseDisks
                ? "Their files cannot be read by anybody again, with their recovery keys neither."
                : "Otherwise they stay encrypted as they are, and their recovery keys open them on a computer."}
            </p>
          </>
        )}
        <Field
          label={`Type the box's name, ${name}`}
          name="box-name"
          autocomplete="off"
          required
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        {children}
      </Form>
    </Dialog>
  );
}

/** What a reset did, line by line. */
export function Outcome({ outcome }: { outcome: ResetOutcome }) {
  return (
    <>
      <strong>
        This box {outcome.failed ? "was to be" : "was"} reset on{" "}
        {moment(outcome.at)}.
      </strong>
      <ul>
        {outcome.words.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </>
  );
}
