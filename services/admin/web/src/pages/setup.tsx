import { Check } from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { SetupProgress } from "../../../claim.ts";
import { api, ProblemError } from "../api.ts";
import type { Session } from "../app.tsx";
import { Code } from "./setup/code.tsx";
import { DiskStep } from "./setup/disk.tsx";
import { Finish, StartOver } from "./setup/finish.tsx";
import { NetworkStep } from "./setup/network.tsx";
import { OwnerStep } from "./setup/owner.tsx";
import { Recovery } from "./setup/recovery.tsx";
import { RootKey } from "./setup/root-key.tsx";

const steps = [
  { id: "code", name: "Setup code" },
  { id: "owner", name: "Owner" },
  { id: "network", name: "Internet" },
  { id: "disk", name: "Disk" },
  { id: "recovery", name: "Recovery key" },
  { id: "root-key", name: "Root key" },
  { id: "finish", name: "Finish" },
] as const;

/** The wizard that gives a box its owner. Where it stands is the box's to say, so reload and back do no harm. */
export function Setup({
  session,
  refresh,
}: {
  session: Session;
  refresh: () => Promise<void>;
}) {
  const [progress, setProgress] = useState<SetupProgress>();
  const [elsewhere, setElsewhere] = useState<string>();
  const lost = useCallback((error: unknown) => {
    setProgress(undefined);
    setElsewhere(
      error instanceof ProblemError && error.status === 401
        ? "The setup goes on in another browser, or this page was open for long. Enter the code again to go on here."
        : (error as Error).message,
    );
  }, []);
  useEffect(() => {
    if (session.access === "setup")
      api<SetupProgress>("GET", "/setup").then(setProgress, lost);
  }, [session.access, lost]);
  useEffect(() => {
    if (!progress?.work) return;
    const events = new EventSource("/api/setup/events");
    events.addEventListener("message", ({ data }) =>
      setProgress(JSON.parse(data) as SetupProgress),
    );
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED)
        api<SetupProgress>("GET", "/setup").then(setProgress, lost);
    });
    return () => events.close();
  }, [progress?.work !== undefined, lost]);

  const step = progress?.step ?? "code";
  const at = steps.findIndex(({ id }) => id === step);
  return (
    <main class="narrow setup">
      <div class="brand large">
        <img src="/icon.svg" width="40" height="40" alt="" /> Coppice
      </div>
      <ol class="steps" aria-label="Steps of the setup">
        {steps.map(({ id, name }, index) => (
          <li
            key={id}
            class={index < at ? "past" : index === at ? "now" : ""}
            aria-current={index === at ? "step" : undefined}
          >
            <span class="dot">
              {index < at ? <Check size={14} aria-label="done" /> : index + 1}
            </span>
            <span class="name">{name}</span>
          </li>
        ))}
      </ol>
      <div class="card">
        {step === "code" && <Code advance={setProgress} why={elsewhere} />}
        {step === "owner" && <OwnerStep advance={setProgress} />}
        {step === "network" && <NetworkStep advance={setProgress} />}
        {step === "disk" && progress && (
          <DiskStep progress={progress} advance={setProgress} />
        )}
        {step === "recovery" && progress && (
          <Recovery progress={progress} advance={setProgress} />
        )}
        {step === "root-key" && <RootKey advance={setProgress} />}
        {step === "finish" && progress && (
          <Finish progress={progress} refresh={refresh} />
        )}
      </div>
      {progress && !progress.work && step !== "owner" && (
        <StartOver advance={setProgress} />
      )}
    </main>
  );
}
