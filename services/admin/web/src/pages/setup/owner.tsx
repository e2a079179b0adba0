import { useEffect, useState } from "preact/hooks";
import type { ResetOutcome } from "../../../../../host/client.ts";
import type { SetupProgress } from "../../../../claim.ts";
import { api } from "../../api.ts";
import { type Strength, strengthOf } from "../../strength.ts";
import { Field, Form, Notice } from "../../ui.tsx";
import { Outcome } from "../system/reset.tsx";
import type { Advance } from "./advance.ts";

/** Asks for name and password, and shows how strong that is. */
export function OwnerStep({ advance }: { advance: Advance }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [strength, setStrength] = useState<Strength>();
  const [reset, setReset] = useState<ResetOutcome>();
  useEffect(() => {
    // A box that cannot tell is set up all the same.
    api<ResetOutcome[]>("GET", "/setup/reset").then(
      ([outcome]) => setReset(outcome),
      () => {},
    );
  }, []);
  useEffect(() => {
    let current = true;
    if (password)
      void strengthOf(password, name).then(
        (value) => current && setStrength(value),
      );
    else setStrength(undefined);
    return () => {
      current = false;
    };
  }, [password, name]);
  return (
    <>
      {reset && (
        <Notice kind={reset.failed ? "error" : "good"}>
          <Outcome outcome={reset} />
        </Notice>
      )}
      <h1>Who owns this box?</h1>
      <p>
        You sign in with this name and password. The password never leaves the
        box, and nobody can send you a new one.
      </p>
      <Form
        action="Continue"
        submit={async () => {
          if (password !== again)
            throw new Error(
              "The two passwords differ. Type the same one twice.",
            );
          advance(
            await api<SetupProgress>("POST", "/setup/owner", {
              name,
              password,
            }),
          );
        }}
      >
        <Field
          label="Name"
          required
          autocomplete="username"
          maxLength={64}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <Field
          label="Password"
          type="password"
          required
          minLength={10}
          autocomplete="new-password"
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
          hint={
            strength ? (
              <StrengthBar strength={strength} short={password.length < 10} />
            ) : (
              "At least 10 characters. Three or four unrelated words are easy to remember."
            )
          }
        />
        <Field
          label="Password again"
          type="password"
          required
          autocomplete="new-password"
          value={again}
          onInput={(event) => setAgain(event.currentTarget.value)}
        />
      </Form>
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
