import { KeyRound } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { Checkbox, Dialog, Form, Notice, PasswordField } from "../../ui.tsx";
import { chosen, NewPassword, nothingChosen } from "../new-password.tsx";

/** The owner's password, another one in its place, and who else may set one. */
export function Password() {
  const [changing, setChanging] = useState(false);
  const [changed, setChanged] = useState(false);
  return (
    <section class="card">
      <h2>
        <KeyRound size={20} aria-hidden="true" /> Password
      </h2>
      {changed && (
        <Notice kind="good">
          The password is changed, and every other browser is signed out.
        </Notice>
      )}
      <p>
        If it is forgotten, the 24 words of your root key or its backup set a
        new one where you sign in.
      </p>
      <AtTheBox />
      <div class="actions start">
        <button type="button" onClick={() => setChanging(true)}>
          <KeyRound size={18} aria-hidden="true" /> Change the password
        </button>
      </div>
      {changing && (
        <ChangePassword
          close={() => setChanging(false)}
          done={() => {
            setChanged(true);
            setChanging(false);
          }}
        />
      )}
    </section>
  );
}

/** Whether the recovery sets a new password for whoever stands before the box. */
function AtTheBox() {
  const [locked, setLocked] = useState<boolean>();
  const [problem, setProblem] = useState<string>();
  const take = (answer: Promise<{ locked: boolean }>): void =>
    void answer.then(
      (lock) => setLocked(lock.locked),
      (error: Error) => setProblem(error.message),
    );
  useEffect(() => take(api("GET", "/owner/recovery")), []);
  return (
    <>
      {problem && <Notice kind="error">{problem}</Notice>}
      {locked !== undefined && (
        <Checkbox
          checked={!locked}
          change={(allowed) =>
            take(api("PUT", "/owner/recovery", { locked: !allowed }))
          }
        >
          Whoever stands before the box may set another one there, in its
          recovery
        </Checkbox>
      )}
    </>
  );
}

function ChangePassword({
  close,
  done,
}: {
  close: () => void;
  done: () => void;
}) {
  const [password, setPassword] = useState("");
  const [fresh, setFresh] = useState(nothingChosen);
  return (
    <Dialog title="Change the password" close={close}>
      <Form
        action="Set the password"
        submit={async () => {
          await api("PUT", "/owner/password", {
            password,
            fresh: chosen(fresh),
          });
          done();
        }}
      >
        <PasswordField
          label="Present password"
          value={password}
          change={setPassword}
        />
        <NewPassword
          label="New password"
          name=""
          value={fresh}
          change={setFresh}
        />
      </Form>
    </Dialog>
  );
}
