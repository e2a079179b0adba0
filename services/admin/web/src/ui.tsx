import { CircleAlert, CircleCheck, Info, LoaderCircle } from "lucide-preact";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { encode } from "uqr";

/** A message that stands in the page: an error says what to do next. */
export function Notice({
  kind,
  children,
}: {
  kind: "error" | "good" | "info";
  children: ComponentChildren;
}) {
  const Icon = { error: CircleAlert, good: CircleCheck, info: Info }[kind];
  return (
    <div class={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
      <Icon size={20} aria-hidden="true" />
      <div>{children}</div>
    </div>
  );
}

/** A labelled input with a hint below. */
export function Field({
  label,
  hint,
  ...input
}: {
  label: string;
  hint?: ComponentChildren;
} & JSX.IntrinsicElements["input"]) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
        {...input}
      />
      {hint && (
        <div class="hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
    </div>
  );
}

/** Asks for the owner's password. @param label as the page calls it. */
export function PasswordField({
  label = "Your password",
  value,
  change,
}: {
  label?: string;
  value: string;
  change: (typed: string) => void;
}) {
  return (
    <Field
      label={label}
      name="password"
      type="password"
      autocomplete="current-password"
      required
      value={value}
      onInput={(event) => change(event.currentTarget.value)}
    />
  );
}

/** Asks for a number, as it is typed. @param max none where it is left out. @param fine whether fractions may be typed */
export function NumberField({
  min = 0,
  fine = false,
  change,
  ...field
}: {
  label: string;
  name?: string;
  hint?: ComponentChildren;
  min?: number;
  max?: number;
  fine?: boolean;
  value: string;
  change: (typed: string) => void;
}) {
  return (
    <Field
      {...field}
      type="number"
      min={min}
      step={fine ? "any" : 1}
      required
      onInput={(event) => change(event.currentTarget.value)}
    />
  );
}

/** One of a few, side by side. @param hidden whether the legend is for screen readers alone */
export function Tabs<V>({
  legend,
  hidden = false,
  options,
  value,
  choose,
}: {
  legend: string;
  hidden?: boolean;
  options: readonly (readonly [value: V, words: string])[];
  value: V;
  choose: (value: V) => void;
}) {
  return (
    <fieldset class="tabs">
      <legend class={hidden ? "hidden" : undefined}>{legend}</legend>
      {options.map(([one, words]) => (
        <button
          key={words}
          type="button"
          aria-pressed={one === value}
          onClick={() => choose(one)}
        >
          {words}
        </button>
      ))}
    </fieldset>
  );
}

/** Asks for yes or no. */
export function Checkbox({
  checked,
  change,
  children,
}: {
  checked: boolean;
  change: (checked: boolean) => void;
  children: ComponentChildren;
}) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => change(event.currentTarget.checked)}
      />{" "}
      {children}
    </label>
  );
}

/** A bar that shows how far something is. */
export function Bar({
  value,
  of,
  label,
  tone = "normal",
}: {
  value: number;
  of: number;
  label: string;
  tone?: "normal" | "warn";
}) {
  const percent = of > 0 ? Math.min(100, (100 * value) / of) : 0;
  return (
    <div
      class={`bar ${tone}`}
      role="progressbar"
      aria-label={label}
      aria-valuenow={Math.round(percent)}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}

/** Turns while something is waited for. */
export function Spinner({ label }: { label: string }) {
  return (
    <span class="spinner">
      <LoaderCircle size={18} aria-hidden="true" /> {label}
    </span>
  );
}

/** A form whose button is busy while `submit` runs, and which shows the error that it threw. */
export function Form({
  action,
  submit,
  disabled = false,
  children,
  tone = "primary",
  icon,
}: {
  action: string;
  submit: () => Promise<void>;
  disabled?: boolean;
  children?: ComponentChildren;
  tone?: "primary" | "danger";
  icon?: ComponentChildren;
}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const alive = useRef(true);
  useEffect(
    () => () => {
      alive.current = false;
    },
    [],
  );
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await submit();
    } catch (problem) {
      if (alive.current) setError((problem as Error).message);
    } finally {
      if (alive.current) setBusy(false);
    }
  };
  return (
    <form onSubmit={send}>
      {children}
      {error && <Notice kind="error">{error}</Notice>}
      <div class="actions">
        <button type="submit" class={tone} disabled={busy || disabled}>
          {busy ? (
            <Spinner label={action} />
          ) : (
            <>
              {icon} {action}
            </>
          )}
        </button>
      </div>
    </form>
  );
}

/** A dialog over the page; Escape and the backdrop close it. */
export function Dialog({
  title,
  close,
  children,
}: {
  title: string;
  close: () => void;
  children: ComponentChildren;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => ref.current?.showModal(), []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog without any handler
    <dialog
      ref={ref}
      aria-labelledby={id}
      onClose={close}
      onClick={(event) => event.target === ref.current && close()}
    >
      <div class="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/** A part of a page with a heading. */
export function Card({
  title,
  Icon,
  children,
}: {
  title: string;
  Icon: typeof Info;
  children: ComponentChildren;
}) {
  return (
    <section class="card">
      <h2>
        <Icon size={20} aria-hidden="true" /> {title}
      </h2>
      {children}
    </section>
  );
}

/** A name and its value in a list of facts. */
export function Fact({
  name,
  Icon,
  children,
}: {
  name: string;
  Icon?: typeof Info;
  children: ComponentChildren;
}) {
  return (
    <div>
      <dt>
        {Icon && <Icon size={16} aria-hidden="true" />} {name}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Text as a QR code, for a phone's camera. @param large for more text than a link */
export function QrCode({
  label,
  text,
  large = false,
}: {
  label: string;
  text: string;
  large?: boolean;
}) {
  const { data, size } = encode(text);
  const dark = data.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : [])),
  );
  return (
    <div class={large ? "qr large" : "qr"} role="img" aria-label={label}>
      <svg
        viewBox={`0 0 ${size} ${size}`}
        shape-rendering="crispEdges"
        aria-hidden="true"
      >
        <rect width={size} height={size} fill="white" />
        <path d={dark.join("")} fill="black" />
      </svg>
    </div>
  );
}

/** Saves text as a file. */
export function saveText(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
