import { KeyRound, LogOut, UserRound } from "lucide-preact";
import { useState } from "preact/hooks";
import type { GuestShare } from "../../../api/share-routes.ts";
import { api } from "../api.ts";
import { Dialog, Field, Form, PasswordField } from "../ui.tsx";
import { chosen, NewPassword, nothingChosen } from "./new-password.tsx";

/** How somebody comes back who came with a link: by a name and a password of his own. */
export function SharedAccount({
  share,
  changed,
}: {
  share: GuestShare;
  changed: () => Promise<void>;
}) {
  const [act, setAct] = useState<"take" | "change">();
  const close = (): void => setAct(undefined);
  if (share.account === null)
    return (
      <>
        <button type="button" onClick={() => setAct("take")}>
          <UserRound size={18} aria-hidden="true" /> Come back without the link
        </button>
        {act === "take" && (
          <Take
            name={share.name}
            close={close}
            done={async () => {
              close();
              await changed();
            }}
          />
        )}
      </>
    );
  const { account } = share;
  return (
    <>
      <button type="button" onClick={() => setAct("change")}>
        <KeyRound size={18} aria-hidden="true" /> Another password
      </button>
      <button
        type="button"
        onClick={async () => {
          await api("DELETE", "/shared/session");
          location.assign("/");
        }}
      >
        <LogOut size={18} aria-hidden="true" /> Sign out {account}
      </button>
      {act === "change" && <Change account={account} close={close} />}
    </>
  );
}

function Take({
  name: called,
  close,
  done,
}: {
  name: string;
  close: () => void;
  done: () => Promise<void>;
}) {
  const [name, setName] = useState(called);
  const [password, setPassword] = useState(nothingChosen);
  return (
    <Dialog title="Come back without the link" close={close}>
      <Form
        action="Take this name and password"
        submit={async () => {
          await api("POST", "/shared/account", {
            name,
            password: chosen(password),
          });
          await done();
        }}
      >
        <p>
          From now on you sign in on the box's first page. Nobody can send you a
          new password; the owner can give you a new link.
        </p>
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
    </Dialog>
  );
}

function Change({ account, close }: { account: string; close: () => void }) {
  const [old, setOld] = useState("");
  const [password, setPassword] = useState(nothingChosen);
  return (
    <Dialog title="Another password" close={close}>
      <Form
        action="Change it"
        submit={async () => {
          await api("PUT", "/shared/account/password", {
            ...{ name: account, password: old },
            fresh: chosen(password),
          });
          close();
        }}
      >
        <PasswordField label="Password of now" value={old} change={setOld} />
        <NewPassword
          label="New password"
          name={account}
          value={password}
          change={setPassword}
        />
      </Form>
    </Dialog>
  );
}
