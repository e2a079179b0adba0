import { Plus, Trash2, UserRound } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { NewShare, Share } from "../../../../../node/client.ts";
import type { Person } from "../../../../api/people.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { Card, Dialog, Field, Form, Notice, Spinner } from "../../ui.tsx";
import { act } from "../files/acts.tsx";
import { LinkDialog } from "../files/share.tsx";

/** Milliseconds for which somebody at home has what is his: ten years. */
const long = 10 * 365 * 86_400_000;

interface Household {
  people: Person[];
  shares: Share[];
}

/** Who signs in beside the owner, and what each has. */
export function People() {
  const [household, setHousehold] = useState<Household>();
  const [problem, setProblem] = useState<string>();
  const [inviting, setInviting] = useState(false);
  const [leaving, setLeaving] = useState<Person>();
  const refresh = (): void =>
    void Promise.all([
      api<Person[]>("GET", "/people"),
      api<{ shares: Share[] }>("GET", "/shares"),
    ]).then(
      ([people, { shares }]) => setHousehold({ people, shares }),
      (error: Error) => setProblem(error.message),
    );
  useEffect(refresh, []);
  return (
    <Card title="People" Icon={UserRound}>
      <p>
        Others at home sign in with a name and a password of their own, have a
        folder of their own, and see nothing else of the box. Whoever has a link
        to something can take a name and a password there, too.
      </p>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!household && !problem && <Spinner label="Loading" />}
      {household && household.people.length > 0 && (
        <ul class="files">
          {household.people.map((one) => (
            <li key={one.id} class="file-line">
              <UserRound size={18} aria-hidden="true" />
              <div class="grow">
                <strong>{one.name}</strong>
                <span class="quiet-text">
                  {household.shares.find(({ id }) => id === one.share)?.path},
                  since {moment(one.made)}
                </span>
              </div>
              <button
                type="button"
                class="icon"
                aria-label={`Take ${one.name} out`}
                onClick={() => setLeaving(one)}
              >
                <Trash2 size={18} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="actions start">
        <button type="button" onClick={() => setInviting(true)}>
          <Plus size={18} aria-hidden="true" /> Invite somebody
        </button>
      </div>
      {inviting && (
        <Invite
          close={() => {
            setInviting(false);
            refresh();
          }}
        />
      )}
      {leaving && (
        <Dialog
          title={`Take ${leaving.name} out?`}
          close={() => setLeaving(undefined)}
        >
          <p>
            {leaving.name} signs in no more, and has nothing of what was shared.
            The files stay where they are.
          </p>
          <Form
            action={`Take ${leaving.name} out`}
            tone="danger"
            submit={async () => {
              await api("DELETE", `/people/${leaving.id}`);
              setLeaving(undefined);
              refresh();
            }}
          />
        </Dialog>
      )}
    </Card>
  );
}

/** Makes a folder of somebody's own, and a link to it with which he comes in. */
function Invite({ close }: { close: () => void }) {
  const [name, setName] = useState("");
  const [made, setMade] = useState<NewShare>();
  if (made)
    return <LinkDialog made={made} owners={false} done={async () => close()} />;
  return (
    <Dialog title="Invite somebody" close={close}>
      <Form
        action="Make a folder and a link"
        submit={async () => {
          const plain = name.trim();
          await act({ act: "directory", parent: "/", name: plain });
          setMade(
            await api<NewShare>("POST", "/shares", {
              ...{ path: `/${plain}`, name: plain, write: true },
              ...{ delegate: true, expires: Date.now() + long },
            }),
          );
        }}
      >
        <Field
          label="Name"
          hint="A folder of this name is made. With the link they take a password."
          required
          maxLength={64}
          pattern="[^\/]+"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </Form>
    </Dialog>
  );
}
