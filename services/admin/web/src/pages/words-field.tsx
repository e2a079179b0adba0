import { Field } from "../ui.tsx";

/** Asks for the root key's 24 words. */
export function WordsField({
  value,
  change,
}: {
  value: string;
  change: (typed: string) => void;
}) {
  return (
    <Field
      label="The 24 words, in their order"
      required
      autocomplete="off"
      autocapitalize="none"
      spellcheck={false}
      value={value}
      onInput={(event) => change(event.currentTarget.value)}
    />
  );
}
