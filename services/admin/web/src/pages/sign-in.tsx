import { Fingerprint, KeyRound } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ProblemError } from "../api.ts";
import type { Session } from "../app.tsx";
import { canUsePasskeys, signInByPasskey } from "../passkey.ts";
import { Field, Form, Notice, PasswordField, Tabs } from "../ui.tsx";
import {
  BackupFields,
  backupOf,
  noBackup,
  rootKeyBackup,
} from "./backup-fields.tsx";
import { chosen, NewPassword, nothingChosen } from "./new-password.tsx";
import { WordsField } from "./words-field.tsx";

/** Asks for the owner's name and password, and for a code, where the box wants one. */
export function SignIn({
  session,
  refresh,
}: {
  session: Session;
  refresh: () => Promise<void>;
}) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string>();
  const [forgotten, setForgotten] = useState(false);
  const [problem, setProblem] = useState<string>();
  if (forgotten)
    return <Forgotten refresh={refresh} back={() => setForgotten(false)} />;
  return (
    <main class="narrow">
      <div class="card welcome">
        <img src="/icon.svg" width="56" height="56" alt="" />
        <h1>Sign in</h1>
        <Form
          action="Sign in"
          submit={async () => {
            try {
              const beside = code === undefined ? {} : { code };
              const elsewhere = await api<{ page: string } | undefined>(
                "POST",
                "/session",
                { name, password, ...beside },
              );
              // Somebody who is not the owner has a page of his own.
              if (elsewhere) return location.assign(elsewhere.page);
            } catch (error) {
              if (!isCodeWanted(error) || code !== undefined) throw error;
              setCode("");
              return;
            }
            await refresh();
          }}
        >
          <Field
            label="Name"
            name="name"
            autocomplete="username"
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <PasswordField
            label="Password"
            value={password}
            change={setPassword}
          />
          {code !== undefined && <SecondCode value={code} change={setCode} />}
        </Form>
        {session.passkeys && canUsePasskeys() && (
          <>
            {problem && <Notice kind="error">{problem}</Notice>}
            <div class="actions">
              <button
                type="button"
                onClick={() =>
                  signInByPasskey().then(refresh, (error: Error) =>
                    setProblem(error.message),
                  )
                }
              >
                <Fingerprint size={18} aria-hidden="true" /> Sign in with a
                passkey
              </button>
            </div>
          </>
        )}
        <button type="button" class="quiet" onClick={() => setForgotten(true)}>
          {code === undefined
            ? "I forgot the password"
            : "I have neither the app nor a recovery code"}
        </button>
      </div>
    </main>
  );
}

function isCodeWanted(error: unknown): boolean {
  return error instanceof ProblemError && error.type === "second-factor";
}

/** Asks for the code that an app shows, as soon as it is there. */
function SecondCode({
  value,
  change,
}: {
  value: string;
  change: (typed: string) => void;
}) {
  const field = useRef<HTMLDivElement>(null);
  useEffect(() => field.current?.querySelector("input")?.focus(), []);
  return (
    <div ref={field}>
      <Field
        label="Code"
        name="code"
        class="code"
        autocomplete="one-time-code"
        autocapitalize="none"
        spellcheck={false}
        required
        maxLength={20}
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
        hint="The six digits that your app shows now, or one of your recovery codes."
      />
    </div>
  );
}

/** Sets a new password by what only the owner has. */
function Forgotten({
  refresh,
  back,
}: {
  refresh: () => Promise<void>;
  back: () => void;
}) {
  const [way, setWay] = useState<"words" | "backup">("words");
  const [words, setWords] = useState("");
  const [backup, setBackup] = useState(noBackup);
  const [password, setPassword] = useState(nothingChosen);
  return (
    <main class="narrow">
      <div class="card">
        <h1>A new password</h1>
        <p>
          Your root key proves that the box is yours: the 24 words that you
          wrote down in the setup, or the backup that you saved there. Every
          other browser is signed out, and no code is asked for any more.
        </p>
        <Tabs
          legend="Words or backup"
          hidden
          options={
            [
              ["words", "I have 24 words"],
              ["backup", "I have a backup"],
            ] as const
          }
          value={way}
          choose={setWay}
        />
        <Form
          action="Set the password"
          icon={<KeyRound size={18} aria-hidden="true" />}
          submit={async () => {
            await api("POST", "/session/recover", {
              password: chosen(password),
              proof:
                way === "words"
                  ? { words }
                  : await backupOf(backup, rootKeyBackup),
            });
            await refresh();
          }}
        >
          {way === "words" ? (
            <WordsField value={words} change={setWords} />
          ) : (
            <BackupFields value={backup} change={setBackup} />
          )}
          <NewPassword
            label="New password"
            name=""
            value={password}
            change={setPassword}
          />
        </Form>
        <button type="button" class="quiet" onClick={back}>
          Back
        </button>
      </div>
    </main>
  );
}
