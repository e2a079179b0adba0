import { BellOff } from "lucide-preact";
import { useState } from "preact/hooks";
import type { NoticeKind, NoticeSettings } from "../../../../notices/api.ts";
import { Checkbox, Notice } from "../../ui.tsx";
import type { Keep } from "../notices.tsx";

const words: Record<NoticeKind, string> = {
  "disk-failing": "A disk says that it is failing",
  "disk-missing": "A data disk is gone",
  "space-low": "A disk is almost full",
  "files-damaged": "Files could not be mended",
  "line-down": "The Internet is away",
  "home-network": "Something is wrong with the network at home",
  "friend-away": "A friend's box is away for a day",
  "friend-lost": "A friend's box is away for three days",
  "audit-failed": "A friend's box failed an audit",
  "promise-broken": "A folder is less safe than promised",
  "files-behind": "Friends keep newer files than this box",
  "service-silent": "A part of the box does not answer",
  guessing: "Somebody guesses the password",
  "update-ready": "A newer version is there",
  "update-failed": "An update failed",
  "update-done": "An update was installed",
};

/** Of what the owner wants to hear. */
export function Silence({
  settings,
  keep,
}: {
  settings: NoticeSettings;
  keep: Keep;
}) {
  const [problem, setProblem] = useState<string>();
  const change = async (kind: NoticeKind, told: boolean): Promise<void> => {
    const rest = settings.silenced.filter((one) => one !== kind);
    try {
      await keep({ ...settings, silenced: told ? rest : [...rest, kind] });
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <section class="card wide">
      <h2>
        <BellOff size={20} aria-hidden="true" /> What you hear of
      </h2>
      <p>
        What lasts only for a moment is not told, and what comes and goes is
        told once. The rest is listed here, without a word elsewhere.
      </p>
      {problem && <Notice kind="error">{problem}</Notice>}
      <div class="kind-list">
        {(Object.entries(words) as [NoticeKind, string][]).map(
          ([kind, title]) => (
            <Checkbox
              key={kind}
              checked={!settings.silenced.includes(kind)}
              change={(told) => void change(kind, told)}
            >
              {title}
            </Checkbox>
          ),
        )}
      </div>
    </section>
  );
}
