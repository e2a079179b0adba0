import { useEffect, useState } from "preact/hooks";
import { type Strength, strengthOf } from "../strength.ts";
import { Field } from "../ui.tsx";

/** A password that is being chosen, as it was typed twice. */
export interface Chosen {
  password: string;
  again: string;
}

/** Nothing typed yet. */
export const nothingChosen: Chosen = { password: "", again: "" };

/** @throws Error where the two differ */
export function chosen({ password, again }: Chosen): string {
  if (password !== again)
    throw new Error("The two passwords differ. Type the same one twice.");
  return password;
}

/** Asks for a new password twice, and shows how strong it is. @param name of whose it will be */
export function NewPassword({
  label = "Password",
  name,
  value,
  change,
}: {
  label?: string;
  name: string;
  value: Chosen;
  change: (typed: Chosen) => void;
}) {
  const { password, again } = value;
  const [strength, setStrength] = useState<Strength>();
  useEffect(() => {
    let current = true;
    if (password)
      void strengthOf(password, name).then(
        (found) => current && setStrength(found),
      );
    else setStrength(undefined);
    return () => {
      current = false;
    };
  }, [password, name]);
  return (
    <>
      <Field
        label={label}
        type="password"
        required
        minLength={10}
        autocomplete="new-password"
        value={password}
        onInput={(event) =>
          change({ ...value, password: event.currentTarget.value })
        }
        hint={
          strength ? (
            <StrengthBar strength={strength} short={password.length < 10} />
          ) : (
            "At least 10 characters. Three or four unrelated words are easy to remember."
          )
        }
      />
      <Field
        label={`${label} again`}
        type="password"
        required
        autocomplete="new-password"
        value={again}
        onInput={(event) =>
          change({ ...value, again: event.currentTarget.value })
        }
      />
    </>
  );
}

function StrengthBar({
  strength,
  short,
}: {
  strength: Strength;
  short: boolean;
}) {
  const words = ["very weak", "weak", "fair", "good", "strong"];
  return (
    <div class={`strength s${short ? 0 : strength.score}`} role="status">
      <div class="meter">
        <i />
        <i />
        <i />
        <i />
      </div>
      <span>
        {short ? "too short yet" : words[strength.score]}
        {strength.advice && `. ${strength.advice}`}
      </span>
    </div>
  );
}
