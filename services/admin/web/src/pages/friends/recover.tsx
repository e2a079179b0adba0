import { useState } from "preact/hooks";
import type { Recovery } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { bytes } from "../../format.ts";
import { Dialog, Field, Form, Notice } from "../../ui.tsx";

/** Brings the files back, on a new box that has the old root key. */
export function Recover({ close }: { close: () => void }) {
  const [address, setAddress] = useState("");
  const [done, setDone] = useState<Recovery>();
  if (done)
    return (
      <Dialog title="Your files are back" close={close}>
        <Notice kind="good">
          {done.files.toLocaleString()} files, {bytes(done.bytes)}, from{" "}
          {done.friends.map(({ name }) => name).join(", ")}. You can open them
          now; the rest comes in the background.
        </Notice>
        <div class="actions start">
          <button type="button" class="primary" onClick={close}>
            Good
          </button>
        </div>
      </Dialog>
    );
  return (
    <Dialog title="Bring your files back" close={close}>
      <p>
        This box has your root key, from its backup or from the 24 words. Tell
        it the address of one friend's box, as your friend's page "Friends" or
        "System" shows it; the others are found from there.
      </p>
      <Form
        action="Bring them back"
        submit={async () =>
          setDone(await api<Recovery>("POST", "/friends/recover", { address }))
        }
      >
        <Field
          label="Address of a friend's box"
          hint="Such as 203.0.113.7:4471. It takes a minute: both boxes look first at what the other one booted."
          required
          value={address}
          onInput={(event) => setAddress(event.currentTarget.value)}
        />
      </Form>
    </Dialog>
  );
}
