import { useEffect, useState } from "preact/hooks";
import { Field } from "./ui.tsx";

/** Milliseconds after the last key before somebody is asked. */
const typing = 300;

/** Asks for words that are looked for. @param settle is given them once nobody types any more; stays the same function */
export function SearchField({ settle }: { settle: (words: string) => void }) {
  const [typed, setTyped] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => settle(typed.trim()), typing);
    return () => clearTimeout(timer);
  }, [typed, settle]);
  return (
    <Field
      label="With these words"
      type="search"
      maxLength={200}
      value={typed}
      onInput={({ currentTarget: { value } }) => setTyped(value)}
    />
  );
}
