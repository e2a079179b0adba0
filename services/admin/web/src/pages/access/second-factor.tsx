import { Download, RotateCw, ShieldCheck } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type {
  Enrolment,
  SecondFactorState,
} from "../../../../api/second-factor.ts";
import { api } from "../../api.ts";
import {
  Card,
  Dialog,
  Field,
  Form,
  Notice,
  PasswordField,
  QrCode,
  Spinner,
  saveText,
} from "../../ui.tsx";

const path = "/owner/second-factor";
/** Recovery codes below which the owner is told to draw new ones. */
const few = 3;

/** Whether a code is asked for beside the password. */
export function SecondFactor() {
  const [state, setState] = useState<SecondFactorState>();
  const [problem, setProblem] = useState<string>();
  const [act, setAct] = useState<"on" | "codes" | "off">();
  const refresh = (): void =>
    void api<SecondFactorState>("GET", path).then(setState, (error: Error) =>
      setProblem(error.message),
    );
  useEffect(refresh, []);
  const close = (): void => {
    setAct(undefined);
    refresh();
  };
  return (
    <Card title="A code beside the password" Icon={ShieldCheck}>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!state && !problem && <Spinner label="Loading" />}
      {state && !state.on && (
        <>
          <p>
            An app on your phone shows another code every half a minute. Whoever
            has found out your password still does not get in.
          </p>
          <div class="actions start">
            <button type="button" onClick={() => setAct("on")}>
              <ShieldCheck size={18} aria-hidden="true" /> Ask for a code
            </button>
          </div>
        </>
      )}
      {state?.on && (
        <>
          <p>
            Signing in takes a code of your app. {left(state.codes)} for when
            the phone is lost.
          </p>
          {state.codes < few && (
            <Notice kind="info">Draw new recovery codes before long.</Notice>
          )}
          <div class="actions start">
            <button type="button" onClick={() => setAct("codes")}>
              <RotateCw size={18} aria-hidden="true" /> New recovery codes
            </button>
            <button type="button" class="danger" onClick={() => setAct("off")}>
              Ask no more
            </button>
          </div>
        </>
      )}
      {act === "on" && <Begin close={close} />}
      {act === "codes" && <NewCodes close={close} />}
      {act === "off" && <End close={close} />}
    </Card>
  );
}

function left(codes: number): string {
  return codes === 1
    ? "One recovery code is left"
    : `${codes === 0 ? "No" : codes} recovery codes are left`;
}

function Begin({ close }: { close: () => void }) {
  const [password, setPassword] = useState("");
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<string[]>();
  return (
    <Dialog title="Ask for a code" close={close}>
      {codes ? (
        <Codes codes={codes} close={close} />
      ) : enrolment ? (
        <Form
          action="Ask for codes from now on"
          submit={async () => {
            const told = await api<{ codes: string[] }>("PUT", path, { code });
            setCodes(told.codes);
          }}
        >
          <p>
            Scan this with an app for codes, such as Aegis, 2FAS, or the one of
            your password manager. Then type the code that it shows.
          </p>
          <QrCode large label="QR code for the app" text={enrolment.uri} />
          <p>
            Where nothing can be scanned, type this key:{" "}
            <code class="break">{enrolment.secret}</code>
          </p>
          <Field
            label="Code"
            class="code"
            inputMode="numeric"
            autocomplete="one-time-code"
            required
            maxLength={10}
            value={code}
            onInput={(event) => setCode(event.currentTarget.value)}
            hint="Every other browser is signed out."
          />
        </Form>
      ) : (
        <Form
          action="Go on"
          submit={async () =>
            setEnrolment(
              await api<Enrolment>("POST", `${path}/enrolment`, { password }),
            )
          }
        >
          <PasswordField value={password} change={setPassword} />
        </Form>
      )}
    </Dialog>
  );
}

function NewCodes({ close }: { close: () => void }) {
  const [password, setPassword] = useState("");
  const [codes, setCodes] = useState<string[]>();
  return (
    <Dialog title="New recovery codes" close={close}>
      {codes ? (
        <Codes codes={codes} close={close} />
      ) : (
        <Form
          action="Draw new codes"
          submit={async () => {
            const question = { password };
            setCodes(
              (
                await api<{ codes: string[] }>(
                  "POST",
                  `${path}/codes`,
                  question,
                )
              ).codes,
            );
          }}
        >
          <p>Those that you have are void then.</p>
          <PasswordField value={password} change={setPassword} />
        </Form>
      )}
    </Dialog>
  );
}

function End({ close }: { close: () => void }) {
  const [password, setPassword] = useState("");
  return (
    <Dialog title="Ask for no code any more?" close={close}>
      <Form
        action="Ask no more"
        tone="danger"
        submit={async () => {
          await api("DELETE", path, { password });
          close();
        }}
      >
        <p>
          Your password alone opens the box then. What the app has for it and
          the recovery codes are void.
        </p>
        <PasswordField value={password} change={setPassword} />
      </Form>
    </Dialog>
  );
}

/** Recovery codes, this once. */
function Codes({
  codes,
  close,
}: {
  codes: readonly string[];
  close: () => void;
}) {
  return (
    <>
      <p>
        Each of these signs you in once without the app. This is the only time
        that they are shown: keep them where your phone is not.
      </p>
      <ul class="codes" aria-label="Recovery codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div class="actions">
        <button
          type="button"
          onClick={() =>
            saveText(
              "coppice-recovery-codes.txt",
              `Recovery codes of this Coppice box, each for once:\n\n${codes.join("\n")}\n`,
            )
          }
        >
          <Download size={18} aria-hidden="true" /> Save them
        </button>
        <button type="button" class="primary" onClick={close}>
          I have kept them
        </button>
      </div>
    </>
  );
}
