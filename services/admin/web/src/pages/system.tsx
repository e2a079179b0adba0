import {
  BookOpen,
  ChartLine,
  Download,
  KeyRound,
  LifeBuoy,
  Plus,
  Power,
  RotateCw,
  ScrollText,
  Stethoscope,
  Trash2,
} from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api } from "../api.ts";
import { moment } from "../format.ts";
import { Dialog, Field, Form, Notice, Spinner } from "../ui.tsx";
import { type Absence, Gone } from "./gone.tsx";
import { Doors } from "./system/doors.tsx";
import { Password } from "./system/password.tsx";
import { Reset } from "./system/reset.tsx";
import { SettingsBackup } from "./system/settings-backup.tsx";
import { Updates } from "./system/updates.tsx";

const asks = {
  reboot: {
    title: "Restart the box?",
    words:
      "The Internet and your files are away for about a minute. Everybody has to sign in again.",
    action: "Restart",
  },
  recovery: {
    title: "Start the recovery?",
    words:
      "It helps where the box does not do what it should. The Internet and your files are away until the box restarts from there, and you need the code that its console shows then.",
    action: "Start the recovery",
  },
  "power-off": {
    title: "Switch the box off?",
    words:
      "The Internet and your files are away until somebody presses the box's power button.",
    action: "Switch off",
  },
} satisfies Partial<Record<Absence, unknown>>;

interface Token {
  id: string;
  name: string;
  created: number;
}

/** Restart and switch off, tokens for scripts, and the way to the API's pages. */
export function System() {
  const [act, setAct] = useState<keyof typeof asks>();
  const [gone, setGone] = useState<Absence>();
  if (gone) return <Gone act={gone} />;
  return (
    <>
      <div class="page-head">
        <h1>System</h1>
      </div>
      <div class="grid">
        <section class="card">
          <h2>
            <Power size={20} aria-hidden="true" /> Power
          </h2>
          <p>
            While the box is off, nobody at home has the Internet through it.
          </p>
          <div class="actions start">
            <button type="button" onClick={() => setAct("reboot")}>
              <RotateCw size={18} aria-hidden="true" /> Restart
            </button>
            <button type="button" onClick={() => setAct("recovery")}>
              <LifeBuoy size={18} aria-hidden="true" /> Start the recovery
            </button>
            <button
              type="button"
              class="danger"
              onClick={() => setAct("power-off")}
            >
              <Power size={18} aria-hidden="true" /> Switch off
            </button>
          </div>
        </section>
        <section class="card">
          <h2>
            <BookOpen size={20} aria-hidden="true" /> API
          </h2>
          <p>Everything these pages do, scripts can do too.</p>
          <div class="actions start">
            <a class="button" href="/api/docs" target="_blank" rel="noreferrer">
              <BookOpen size={18} aria-hidden="true" /> Read the API's pages
            </a>
          </div>
        </section>
        <Updates restarting={() => setGone("reboot")} />
        <Doors />
        <Password />
        <Tokens />
        <SettingsBackup />
        <section class="card">
          <h2>
            <ScrollText size={20} aria-hidden="true" /> Curves and log
          </h2>
          <p>
            How the box was, for up to two years, and what its parts write down,
            as they do.
          </p>
          <div class="actions start">
            <Link class="button" href="/system/past">
              <ChartLine size={18} aria-hidden="true" /> See the curves
            </Link>
            <Link class="button" href="/system/log">
              <ScrollText size={18} aria-hidden="true" /> Read the log
            </Link>
          </div>
        </section>
        <section class="card">
          <h2>
            <Stethoscope size={20} aria-hidden="true" /> Diagnostics
          </h2>
          <p>
            What the box says of its services, disks and network, and its logs:
            for somebody who helps you. There are no passwords and no keys in
            it, but the names of devices and addresses: read it first.
          </p>
          <div class="actions start">
            <a class="button" href="/api/diagnostics" download>
              <Download size={18} aria-hidden="true" /> Save the diagnostics
            </a>
          </div>
        </section>
        <Reset resetting={() => setGone("reset")} />
      </div>
      {act && (
        <Dialog title={asks[act].title} close={() => setAct(undefined)}>
          <p>{asks[act].words}</p>
          <Form
            action={asks[act].action}
            tone="danger"
            submit={async () => {
              await api("POST", "/power", { act });
              setGone(act);
            }}
          />
        </Dialog>
      )}
    </>
  );
}

function Tokens() {
  const [tokens, setTokens] = useState<Token[]>();
  const [adding, setAdding] = useState(false);
  const [name, setName] = useState("");
  const [secret, setSecret] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const refresh = useCallback(async () => {
    try {
      setTokens(await api<Token[]>("GET", "/tokens"));
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  useEffect(() => void refresh(), [refresh]);
  return (
    <section class="card wide">
      <h2>
        <KeyRound size={20} aria-hidden="true" /> API tokens
      </h2>
      <p>
        A token lets a script or the <code>coppice</code> command act as you,
        but not make tokens or open the terminal.
      </p>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!tokens && !problem && <Spinner label="Loading" />}
      {tokens && tokens.length > 0 && (
        <ul class="files">
          {tokens.map((token) => (
            <li key={token.id} class="file-line">
              <KeyRound size={18} aria-hidden="true" />
              <div class="grow">
                <strong>{token.name}</strong>
                <span class="quiet-text">made {moment(token.created)}</span>
              </div>
              <button
                type="button"
                class="icon"
                aria-label={`Delete the token ${token.name}`}
                onClick={async () => {
                  await api("DELETE", `/tokens/${token.id}`);
                  await refresh();
                }}
              >
                <Trash2 size={18} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="actions start">
        <button type="button" onClick={() => setAdding(true)}>
          <Plus size={18} aria-hidden="true" /> New token
        </button>
      </div>
      {adding && (
        <Dialog
          title="New API token"
          close={() => {
            setAdding(false);
            setSecret(undefined);
            setName("");
          }}
        >
          {secret ? (
            <>
              <p>
                This is the only time that the token is shown. Keep it where
                only you can read it.
              </p>
              <output class="secret" aria-label="The token">
                {secret}
              </output>
            </>
          ) : (
            <Form
              action="Make the token"
              submit={async () => {
                setSecret(
                  (await api<{ secret: string }>("POST", "/tokens", { name }))
                    .secret,
                );
                await refresh();
              }}
            >
              <Field
                label="What is it for?"
                required
                maxLength={64}
                value={name}
                onInput={(event) => setName(event.currentTarget.value)}
              />
            </Form>
          )}
        </Dialog>
      )}
    </section>
  );
}
