import { Copy } from "lucide-preact";
import { useState } from "preact/hooks";
import type { NewInvitation } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { Dialog, Field, Form, Notice, QrCode } from "../../ui.tsx";
import { useRooms } from "./rooms.tsx";

/** Makes an invitation, and shows it once. */
export function Invite({ close }: { close: () => void }) {
  const [name, setName] = useState("");
  const { fields, terms } = useRooms();
  const [made, setMade] = useState<NewInvitation>();
  if (made)
    return (
      <Dialog title={`The invitation for ${name}`} close={close}>
        <p>
          It is shown this once, and good for one friend until{" "}
          {moment(made.expires)}. Your friend opens the page "Friends" of their
          box, and there "I was invited".
        </p>
        {made.words ? (
          <>
            <p>By telephone, read these words:</p>
            <p class="secret">{made.words}</p>
          </>
        ) : (
          <Notice kind="info">
            There are no words for the telephone: this box has no address of its
            own that others reach. Send the text, or show the picture.
          </Notice>
        )}
        <Field label="Or send this text" readOnly value={made.text} />
        <QrCode label="The invitation as a QR code" text={made.text} />
        <div class="actions start">
          <button
            type="button"
            class="primary"
            onClick={() => void navigator.clipboard.writeText(made.text)}
          >
            <Copy size={18} aria-hidden="true" /> Copy the text
          </button>
          <button type="button" onClick={close}>
            I have passed it on
          </button>
        </div>
      </Dialog>
    );
  return (
    <Dialog title="Invite a friend" close={close}>
      <Form
        action="Make an invitation"
        submit={async () =>
          setMade(
            await api<NewInvitation>("POST", "/friends/invitations", {
              name,
              ...terms,
            }),
          )
        }
      >
        <Field
          label="Whom?"
          required
          maxLength={64}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        {fields}
      </Form>
    </Dialog>
  );
}

/** Follows an invitation. */
export function Join({ close }: { close: () => void }) {
  const [invitation, setInvitation] = useState("");
  const { fields, terms } = useRooms();
  return (
    <Dialog title="I was invited" close={close}>
      <Form
        action="Become friends"
        submit={async () => {
          await api("POST", "/friends/join", {
            invitation,
            ...terms,
          });
          close();
        }}
      >
        <Field
          label="The words, or the text"
          hint="Your friend reads 12 or 21 words to you, or sends a text that begins with coppice-invite."
          required
          value={invitation}
          onInput={(event) => setInvitation(event.currentTarget.value)}
        />
        {fields}
      </Form>
    </Dialog>
  );
}
