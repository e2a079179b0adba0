import { useId, useState } from "preact/hooks";

/** A list that is written one entry a line. */
export function Lines({
  label,
  hint,
  lines,
  change,
}: {
  label: string;
  hint: string;
  lines: readonly string[];
  change: (lines: string[]) => void;
}) {
  const id = useId();
  const [typed, setTyped] = useState<string>();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={Math.min(8, Math.max(2, lines.length + 1))}
        spellcheck={false}
        aria-describedby={`${id}-hint`}
        value={typed ?? lines.join("\n")}
        onInput={({ currentTarget: { value } }) => {
          setTyped(value);
          change(
            value
              .split("\n")
              .map((line) => line.trim())
              .filter((line) => line !== ""),
          );
        }}
        onBlur={() => setTyped(undefined)}
      />
      <div class="hint" id={`${id}-hint`}>
        {hint}
      </div>
    </div>
  );
}
