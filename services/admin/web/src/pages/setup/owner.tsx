import { useEffect, useState } from "preact/hooks";
import type { ResetOutcome } from "../../../../../host/client.ts";
import type { SetupProgress } from "../../../../claim.ts";
import { api } from "../../api.ts";
import { zoneHere } from "../../format.ts";
import { Field, Form, Notice } from "../../ui.tsx";
import { chosen, NewPassword, nothingChosen } from "../new-password.tsx";
import { Outcome } from "../system/reset.tsx";
import type { Advance } from "./advance.ts";

/** Asks for name and password, and shows how strong that is. */
export function OwnerStep({ advance }: { advance: Advance }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState(nothingChosen);
  const [reset, setReset] = useState<ResetOutcome>();
  useEffect(() => {
    // A box that cannot tell is set up all the same.
    api<ResetOutcome[]>("GET", "/setup/reset").then(
      ([outcome]) => setReset(outcome),
      () => {},
    );
  }, []);
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
        submit={async () =>
          advance(
            await api<SetupProgress>("POST", "/setup/owner", {
              name,
              password: chosen(password),
              // Where the owner sits, the box hangs on the wall.
              zone: zoneHere(),
            }),
          )
        }
      >
        <Field
          label="Name"
          required
          autocomplete="username"
          maxLength={64}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <NewPassword name={name} value={password} change={setPassword} />
      </Form>
    </>
  );
}
