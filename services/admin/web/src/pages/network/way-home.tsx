import { Plus, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import type { NewPhone, Vpn } from "../../../../../host/client.ts";
import { api } from "../../api.ts";
import {
  Dialog,
  Field,
  Form,
  NumberField,
  QrCode,
  saveText,
} from "../../ui.tsx";
import type { Edit } from "../network.tsx";
import { Sites } from "./sites.tsx";

/** Phones that come home from elsewhere, by WireGuard. */
export function WayHome({
  vpn,
  home,
  edit,
}: {
  vpn: Vpn | null;
  /** The household's own network, such as 192.168.77.1/24. */
  home: string;
  edit: Edit;
}) {
  const [adding, setAdding] = useState(false);
  const change = (act: (one: Vpn) => void): void =>
    edit((draft) => {
      if (draft.vpn) act(draft.vpn);
    });
  if (!vpn)
    return (
      <>
        <p>
          With WireGuard a phone is at home wherever it is: it reaches these
          pages, the files and the Internet through this box.
        </p>
        <div class="actions start">
          <button
            type="button"
            onClick={() =>
              edit((draft) => {
                draft.vpn = {
                  port: 51820,
                  address: "10.77.0.1/24",
                  endpoint: "",
                  phones: [],
                  sites: [],
                };
              })
            }
          >
            Switch it on
          </button>
        </div>
      </>
    );
  return (
    <>
      <Field
        label="Name or address of this box on the Internet"
        hint="What phones call. If your provider changes the address, use a name that follows it."
        required
        value={vpn.endpoint}
        onInput={({ currentTarget: { value } }) =>
          change((one) => {
            one.endpoint = value.trim().toLowerCase();
          })
        }
      />
      <NumberField
        label="UDP port"
        min={1}
        max={65_535}
        value={String(vpn.port)}
        change={(value) =>
          change((one) => {
            one.port = Number(value);
          })
        }
      />
      <Field
        label="The box's address among them"
        value={vpn.address}
        onInput={({ currentTarget: { value } }) =>
          change((one) => {
            one.address = value.trim();
          })
        }
      />
      {vpn.phones.length > 0 && (
        <ul class="files">
          {vpn.phones.map(({ name, address, publicKey }, index) => (
            <li key={publicKey} class="file-line wraps">
              <div class="grow">
                <strong>{name}</strong>
                <span class="quiet-text mono">{address}</span>
              </div>
              <button
                type="button"
                class="icon"
                aria-label={`Lock out ${name}`}
                onClick={() =>
                  change((one) => {
                    one.phones.splice(index, 1);
                  })
                }
              >
                <Trash2 size={18} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Sites vpn={vpn} home={home} change={change} />
      <div class="actions start">
        <button type="button" onClick={() => setAdding(true)}>
          <Plus size={18} aria-hidden="true" /> Add a phone
        </button>
        <button
          type="button"
          onClick={() =>
            edit((draft) => {
              draft.vpn = null;
            })
          }
        >
          Switch it off
        </button>
      </div>
      {adding && (
        <AddPhone
          vpn={vpn}
          close={() => setAdding(false)}
          add={(phone) => change((one) => one.phones.push(phone))}
        />
      )}
    </>
  );
}

function AddPhone({
  vpn,
  close,
  add,
}: {
  vpn: Vpn;
  close: () => void;
  add: (phone: NewPhone["phone"]) => void;
}) {
  const [name, setName] = useState("");
  const [made, setMade] = useState<NewPhone>();
  if (!made)
    return (
      <Dialog title="Add a phone" close={close}>
        <Form
          action="Draw its key"
          submit={async () => {
            const phone = await api<NewPhone>("POST", "/network/phone", {
              vpn,
              name: name.trim(),
            });
            add(phone.phone);
            setMade(phone);
          }}
        >
          <Field
            label="Whose is it?"
            required
            maxLength={40}
            value={name}
            onInput={({ currentTarget: { value } }) => setName(value)}
          />
        </Form>
      </Dialog>
    );
  return (
    <Dialog title={made.phone.name} close={close}>
      <p>
        Scan this with the WireGuard app. It holds the phone's key, which is
        shown this once. It works from when you try the changes.
      </p>
      <QrCode
        label="The phone's configuration as a QR code"
        text={made.configuration}
        large
      />
      <div class="actions start">
        <button
          type="button"
          onClick={() => saveText("coppice.conf", made.configuration)}
        >
          Save it as a file
        </button>
        <button type="button" class="primary" onClick={close}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
