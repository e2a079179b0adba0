import { useState } from "preact/hooks";
import { api } from "../api.ts";
import { Field, Form, PasswordField } from "../ui.tsx";

/** Asks for the owner's name and password. */
export function SignIn({ refresh }: { refresh: () => Promise<void> }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  return (
    <main class="narrow">
      <div class="card welcome">
        <img src="/icon.svg" width="56" height="56" alt="" />
        <h1>Sign in</h1>
        <Form
          action="Sign in"
          submit={async () => {
            await api("POST", "/session", { name, password });
            await refresh();
          }}
        >
          <Field
            label="Name"
            name="name"
            autocomplete="username"
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <PasswordField
            label="Password"
            value={password}
            change={setPassword}
          />
        </Form>
      </div>
    </main>
  );
}
