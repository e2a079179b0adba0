import { Plus, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import type {
  Forward,
  Network,
  NetworkNow,
  Pinhole,
} from "../../../../../host/client.ts";
import { Choice } from "../../choice.tsx";
import { Checkbox, Dialog, Field, Form, NumberField } from "../../ui.tsx";
import type { Edit } from "../network.tsx";

const protocols = { tcp: "TCP", udp: "UDP", both: "TCP and UDP" };

/** Ports that lead from the Internet to a device. */
export function Openings({
  document: { forwards, pinholes, upnp },
  now: { opened },
  edit,
}: {
  document: Network;
  now: NetworkNow;
  edit: Edit;
}) {
  const [adding, setAdding] = useState<"forward" | "pinhole">();
  return (
    <>
      {forwards.length + pinholes.length + opened.length === 0 && (
        <p>Nothing from the Internet reaches a device of yours.</p>
      )}
      {forwards.length + pinholes.length > 0 && (
        <ul class="files">
          {forwards.map((one, index) => (
            <Opening
              key={`${one.protocol} ${one.port}`}
              name={one.name}
              words={`${protocols[one.protocol]} port ${one.port} leads to ${one.address}:${one.toPort}`}
              remove={() =>
                edit((draft) => {
                  draft.forwards.splice(index, 1);
                })
              }
            />
          ))}
          {pinholes.map((one, index) => (
            <Opening
              key={`${one.host} ${one.protocol} ${one.port}`}
              name={one.name}
              words={`IPv6: ${protocols[one.protocol]} port ${one.port} of …:${one.host}`}
              remove={() =>
                edit((draft) => {
                  draft.pinholes.splice(index, 1);
                })
              }
            />
          ))}
        </ul>
      )}
      {opened.length > 0 && (
        <ul class="files" aria-label="What devices opened for themselves">
          {opened.map(({ protocol, port, address, toPort, words }) => (
            <li key={`${protocol} ${port}`} class="file-line wraps">
              <div class="grow">
                <strong>{words || "without a name"}</strong>
                <span class="quiet-text">
                  {protocol} port {port} leads to {address}:{toPort}
                </span>
              </div>
              <span class="badge">by itself</span>
            </li>
          ))}
        </ul>
      )}
      <Checkbox
        checked={upnp}
        change={(checked) =>
          edit((draft) => {
            draft.upnp = checked;
          })
        }
      >
        Devices may open ports for themselves (UPnP, NAT-PMP). Game consoles
        want this; so does unwanted software.
      </Checkbox>
      <div class="actions start">
        <button type="button" onClick={() => setAdding("forward")}>
          <Plus size={18} aria-hidden="true" /> Forward a port
        </button>
        <button type="button" onClick={() => setAdding("pinhole")}>
          <Plus size={18} aria-hidden="true" /> Open a port for IPv6
        </button>
      </div>
      {adding && (
        <Adding
          kind={adding}
          close={() => setAdding(undefined)}
          add={(one) =>
            edit((draft) => {
              if ("toPort" in one) draft.forwards.push(one);
              else draft.pinholes.push(one);
            })
          }
        />
      )}
    </>
  );
}

function Opening({
  name,
  words,
  remove,
}: {
  name: string;
  words: string;
  remove: () => void;
}) {
  return (
    <li class="file-line wraps">
      <div class="grow">
        <strong>{name}</strong>
        <span class="quiet-text">{words}</span>
      </div>
      <button
        type="button"
        class="icon"
        aria-label={`Close ${name}`}
        onClick={remove}
      >
        <Trash2 size={18} aria-hidden="true" />
      </button>
    </li>
  );
}

function Adding({
  kind,
  close,
  add,
}: {
  kind: "forward" | "pinhole";
  close: () => void;
  add: (one: Forward | Pinhole) => void;
}) {
  const [name, setName] = useState("");
  const [protocol, setProtocol] = useState<Forward["protocol"]>("tcp");
  const [port, setPort] = useState("");
  const [target, setTarget] = useState("");
  const [toPort, setToPort] = useState("");
  const forward = kind === "forward";
  return (
    <Dialog
      title={forward ? "Forward a port" : "Open a port for IPv6"}
      close={close}
    >
      <Form
        action="Add"
        submit={async () => {
          const one = { name: name.trim(), protocol, port: Number(port) };
          add(
            forward
              ? {
                  ...one,
                  address: target.trim(),
                  toPort: Number(toPort || port),
                }
              : { ...one, host: target.trim().toLowerCase() },
          );
          close();
        }}
      >
        <Field
          label="What for?"
          required
          maxLength={40}
          value={name}
          onInput={({ currentTarget: { value } }) => setName(value)}
        />
        <Choice
          label="Protocol"
          value={protocol}
          options={protocols}
          change={setProtocol}
        />
        <NumberField
          label="Port"
          min={1}
          max={65_535}
          value={port}
          change={setPort}
        />
        <Field
          label={forward ? "Address of the device" : "End of its address"}
          hint={
            forward
              ? "Give the device the same address each time, too."
              : "The last four groups, such as 5054:ff:fe12:3456: they stay when the provider gives another prefix."
          }
          required
          value={target}
          onInput={({ currentTarget: { value } }) => setTarget(value)}
        />
        {forward && (
          <Field
            label="Its port"
            hint="The same where it is left out."
            inputMode="numeric"
            value={toPort}
            onInput={({ currentTarget: { value } }) => setToPort(value)}
          />
        )}
      </Form>
    </Dialog>
  );
}
