import {
  BookOpen,
  ChartLine,
  Download,
  KeyRound,
  LifeBuoy,
  Power,
  RotateCw,
  ScrollText,
  Stethoscope,
} from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api } from "../api.ts";
import { Dialog, Form } from "../ui.tsx";
import { type Absence, Gone } from "./gone.tsx";
import { Certificate } from "./system/certificate.tsx";
import { Clock } from "./system/clock.tsx";
import { Doors } from "./system/doors.tsx";
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

/** Restart and switch off, updates, ways in, and where to read what the box does. */
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
        <section class="card">
          <h2>
            <KeyRound size={20} aria-hidden="true" /> Access
          </h2>
          <p>
            The password and a code beside it, who is signed in, tokens for
            scripts, and who did what.
          </p>
          <div class="actions start">
            <Link class="button" href="/system/access">
              <KeyRound size={18} aria-hidden="true" /> See who comes in
            </Link>
          </div>
        </section>
        <Clock />
        <Certificate />
        <Updates restarting={() => setGone("reboot")} />
        <Doors />
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
