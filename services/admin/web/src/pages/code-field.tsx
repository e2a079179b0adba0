import { Field } from "../ui.tsx";

/** Asks for a code that the box shows: two groups of four. */
export function CodeField({
  label,
  hint,
  value,
  change,
}: {
  label: string;
  hint: string;
  value: string;
  change: (typed: string) => void;
}) {
  return (
    <Field
      label={label}
      class="code"
      required
      autocomplete="off"
      autocapitalize="characters"
      spellcheck={false}
      placeholder="XXXX-XXXX"
      maxLength={20}
      value={value}
      onInput={(event) => change(event.currentTarget.value)}
      hint={`${hint} Capitals and dashes do not matter.`}
    />
  );
}
