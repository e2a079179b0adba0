import { useId } from "preact/hooks";

/** One of a few. @param options words by value */
export function Choice<V extends string>({
  label,
  value,
  options,
  change,
}: {
  label: string;
  value: V;
  options: Record<V, string>;
  change: (value: V) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        onChange={({ currentTarget }) => change(currentTarget.value as V)}
      >
        {Object.entries<string>(options).map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}
