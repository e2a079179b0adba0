import { useState } from "preact/hooks";
import type { SetupProgress } from "../../../../claim.ts";
import { api } from "../../api.ts";
import { Form, Notice } from "../../ui.tsx";
import { CodeField } from "../code-field.tsx";
import type { Advance } from "./advance.ts";

/** Asks for the code from the label. */
export function Code({
  advance,
  why,
}: {
  advance: Advance;
  why: string | undefined;
}) {
  const [code, setCode] = useState("");
  return (
    <>
      <h1>Welcome</h1>
      <p>
        This box has no owner yet. Enter the setup code from its label, or from
        its console, to show that you are the one who holds it.
      </p>
      {why && <Notice kind="info">{why}</Notice>}
      <Form
        action="Continue"
        submit={async () =>
          advance(await api<SetupProgress>("POST", "/setup/code", { code }))
        }
      >
        <CodeField
          label="Setup code"
          hint="Eight letters and digits."
          value={code}
          change={setCode}
        />
      </Form>
    </>
  );
}
