import { Fingerprint, Plus, Trash2 } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { Passkey } from "../../../../api/passkeys.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { canUsePasskeys, makePasskey } from "../../passkey.ts";
import {
  Card,
  Dialog,
  Field,
  Form,
  Notice,
  PasswordField,
  Spinner,
} from "../../ui.tsx";

const path = "/owner/passkeys";

/** The owner's passkeys: what stands for password and code. */
export function Passkeys() {
  const [passkeys, setPasskeys] = useState<Passkey[]>();
  const [problem, setProblem] = useState<string>();
  const [adding, setAdding] = useState(false);
  const take = (work: Promise<Passkey[]>): void =>
    void work.then(setPasskeys, (error: Error) => setProblem(error.message));
  useEffect(() => take(api<Passkey[]>("GET", path)), []);
  return (
    <Card title="Passkeys" Icon={Fingerprint}>
      <p>
        A key in a phone, a laptop or a token signs you in by a finger, a face
        or a PIN, instead of the password and the code. Nobody can spy it out.
      </p>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!passkeys && !problem && <Spinner label="Loading" />}
      {passkeys && passkeys.length > 0 && (
        <ul class="files">
          {passkeys.map((one) => (
            <li key={one.id} class="file-line">
              <Fingerprint size={18} aria-hidden="true" />
              <div class="grow">
                <strong>{one.name}</strong>
                <span class="quiet-text">
                  for {one.site},{" "}
                  {one.used === null
                    ? `made ${moment(one.made)}`
                    : `used ${moment(one.used)}`}
                </span>
              </div>
              <button
                type="button"
                class="icon"
                aria-label={`Remove the passkey ${one.name}`}
                onClick={() =>
                  take(api<Passkey[]>("DELETE", `${path}/${one.id}`))
                }
              >
                <Trash2 size={18} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {canUsePasskeys() ? (
        <div class="actions start">
          <button type="button" onClick={() => setAdding(true)}>
            <Plus size={18} aria-hidden="true" /> New passkey
          </button>
        </div>
      ) : (
        <p class="quiet-text">
          To make one, open https://coppice.local in a browser that trusts the
          box: System, Certificate.
        </p>
      )}
      {adding && (
        <Add
          close={() => setAdding(false)}
          added={(next) => {
            setPasskeys(next);
            setAdding(false);
          }}
        />
      )}
    </Card>
  );
}

function Add({
  close,
  added,
}: {
  close: () => void;
  added: (passkeys: Passkey[]) => void;
}) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  return (
    <Dialog title="New passkey" close={close}>
      <Form
        action="Make it"
        submit={async () => {
          const made = await makePasskey(password);
          added(await api<Passkey[]>("POST", path, { name, made }));
        }}
      >
        <Field
          label="What is it in?"
          placeholder="My phone"
          required
          maxLength={64}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <PasswordField
          label="Your password"
          value={password}
          change={setPassword}
        />
      </Form>
    </Dialog>
  );
}
