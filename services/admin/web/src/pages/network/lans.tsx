import { Plus, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Lan, Network } from "../../../../../host/client.ts";
import { Checkbox, Field, Notice, NumberField } from "../../ui.tsx";
import type { Edit } from "../network.tsx";

/** The household's networks, and those for guests and things. */
export function Lans({
  document: { lans },
  former,
  edit,
}: {
  document: Network;
  former: readonly string[];
  edit: Edit;
}) {
  return (
    <>
      {former.length > 0 && (
        <Notice kind="info">
          The box answers on {former.join(", ")} too, until all devices have new
          addresses.
        </Notice>
      )}
      {lans.map((lan, index) => (
        <LanEntry
          key={lan.id}
          lan={lan}
          change={(act) =>
            edit((draft) => {
              const one = draft.lans[index];
              if (one) act(one);
            })
          }
          remove={
            index === 0
              ? undefined
              : () =>
                  edit((draft) => {
                    draft.lans.splice(index, 1);
                  })
          }
        />
      ))}
      {lans.length < 8 && (
        <div class="actions start">
          <button
            type="button"
            onClick={() =>
              edit((draft) => {
                draft.lans.push(fresh(draft.lans));
              })
            }
          >
            <Plus size={18} aria-hidden="true" /> Add a network for guests
          </button>
        </div>
      )}
    </>
  );
}

function LanEntry({
  lan,
  change,
  remove,
}: {
  lan: Lan;
  change: (act: (lan: Lan) => void) => void;
  remove: (() => void) | undefined;
}) {
  const [open, setOpen] = useState(false);
  if (!open)
    return (
      <div class="file-line wraps">
        <div class="grow">
          <strong>{lan.name}</strong>
          <span class="quiet-text mono">
            {lan.address} · {lan.dhcp.from} – {lan.dhcp.to}
          </span>
          <span class="quiet-text">
            {lan.guest ? "for guests, " : ""}
            {lan.vlan === null ? "the LAN ports" : `VLAN ${lan.vlan}`}
          </span>
        </div>
        <button
          type="button"
          aria-label={`Change ${lan.name}`}
          onClick={() => setOpen(true)}
        >
          Change
        </button>
      </div>
    );
  return (
    <fieldset>
      <legend>{lan.name}</legend>
      {remove && (
        <>
          <Field
            label="Name"
            value={lan.name}
            onInput={({ currentTarget: { value } }) =>
              change((one) => {
                one.name = value;
              })
            }
          />
          <NumberField
            label="VLAN tag"
            hint="As your switch or access point knows this network."
            min={1}
            max={4094}
            value={String(lan.vlan ?? "")}
            change={(value) =>
              change((one) => {
                one.vlan = Number(value);
              })
            }
          />
          <Checkbox
            checked={lan.guest}
            change={(checked) =>
              change((one) => {
                one.guest = checked;
              })
            }
          >
            For guests: the Internet, and nothing else
          </Checkbox>
        </>
      )}
      <Field
        label="The box's address in it"
        hint="With the length of the prefix, such as 192.168.77.1/24."
        value={lan.address}
        onChange={({ currentTarget: { value } }) =>
          change((one) => move(one, value.trim()))
        }
      />
      <Field
        label="Addresses to give out, from"
        value={lan.dhcp.from}
        onInput={({ currentTarget: { value } }) =>
          change((one) => {
            one.dhcp.from = value.trim();
          })
        }
      />
      <Field
        label="to"
        value={lan.dhcp.to}
        onInput={({ currentTarget: { value } }) =>
          change((one) => {
            one.dhcp.to = value.trim();
          })
        }
      />
      <NumberField
        label="For how many minutes"
        min={2}
        max={10_080}
        value={String(lan.dhcp.minutes)}
        change={(value) =>
          change((one) => {
            one.dhcp.minutes = Number(value);
          })
        }
      />
      {remove && (
        <div class="actions start">
          <button type="button" onClick={remove}>
            <Trash2 size={18} aria-hidden="true" /> Remove this network
          </button>
        </div>
      )}
    </fieldset>
  );
}

/** Gives a network another address; what it gives out moves with it where the first three numbers name the network. */
function move(lan: Lan, address: string): void {
  const start = /^(\d+\.\d+\.\d+)\.\d+\/\d+$/;
  const [old, next] = [lan.address, address].map((one) => start.exec(one)?.[1]);
  lan.address = address;
  if (old === undefined || next === undefined || old === next) return;
  const moved = (one: string): string =>
    one.startsWith(`${old}.`) ? next + one.slice(old.length) : one;
  lan.dhcp.from = moved(lan.dhcp.from);
  lan.dhcp.to = moved(lan.dhcp.to);
  for (const one of lan.reservations) one.address = moved(one.address);
}

function fresh(lans: readonly Lan[]): Lan {
  const free = (taken: (number: number) => boolean, from: number): number => {
    let number = from;
    while (taken(number)) number++;
    return number;
  };
  const number = free((one) => lans.some(({ id }) => id === `guest${one}`), 1);
  const tag = free((one) => lans.some(({ vlan }) => vlan === one), 20);
  const third = free(
    (one) => lans.some(({ address }) => address.startsWith(`192.168.${one}.`)),
    78,
  );
  return {
    id: `guest${number}`,
    name: number === 1 ? "Guests" : `Guests ${number}`,
    vlan: tag,
    address: `192.168.${third}.1/24`,
    guest: true,
    dhcp: {
      from: `192.168.${third}.100`,
      to: `192.168.${third}.199`,
      minutes: 60,
    },
    reservations: [],
  };
}
