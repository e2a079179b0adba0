import { Power } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { Spinner } from "../ui.tsx";

/** Why the box is away. */
export type Absence = "reboot" | "recovery" | "power-off" | "reset";

const words: Record<Absence, string> = {
  reboot: "Restarting",
  recovery: "Restarting into the recovery",
  reset: "Destroying the keys",
  "power-off": "Switched off",
};

/** Stands in for all pages while the box is away, and leads back to them. */
export function Gone({ act }: { act: Absence }) {
  useEffect(() => {
    if (act === "power-off") return;
    let away = false;
    const timer = setInterval(async () => {
      const there = await fetch("/api/session").then(
        ({ ok }) => ok,
        () => false,
      );
      if (!there) away = true;
      else if (away) location.assign("/");
    }, 1500);
    return () => clearInterval(timer);
  }, [act]);
  return (
    <div class="empty">
      <Power size={40} aria-hidden="true" />
      <h1>{words[act]}</h1>
      {act === "power-off" ? (
        <p>Press the box's power button to switch it on again.</p>
      ) : (
        <Spinner label="This page comes back by itself" />
      )}
      {act === "reset" && (
        <p>
          The box restarts twice, and is a new one then: at its first address,
          with another certificate, and a setup code on its console.
        </p>
      )}
      {act === "recovery" && (
        <p>
          Your browser warns of the certificate: the recovery has another one at
          each start. The box's console shows it, and the code that you need.
        </p>
      )}
    </div>
  );
}
