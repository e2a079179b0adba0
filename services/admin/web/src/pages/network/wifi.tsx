import { Plus, QrCode as QrIcon, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import type {
  Network,
  NetworkNow,
  Wifi,
  WifiNetwork,
  WifiRadio,
} from "../../../../../host/client.ts";
import { Choice } from "../../choice.tsx";
import { countries, countryHere } from "../../countries.ts";
import { Dialog, Field, Notice, QrCode } from "../../ui.tsx";
import type { Edit } from "../network.tsx";

/** Names on the air, and the adapters that they are on. */
export function WifiForm({
  document: { wifi, lans },
  adapters,
  edit,
}: {
  document: Network;
  adapters: NetworkNow["adapters"];
  edit: Edit;
}) {
  const [shown, setShown] = useState<WifiNetwork>();
  const change = (act: (one: Wifi) => void): void =>
    edit((draft) => {
      if (draft.wifi) act(draft.wifi);
    });
  if (!wifi)
    return adapters.length === 0 ? (
      <p>
        This box has no adapter that can be an access point. One at a USB port
        is used as soon as it is there.
      </p>
    ) : (
      <>
        <p>Phones and computers reach the box without a cable.</p>
        <div class="actions start">
          <button
            type="button"
            onClick={() =>
              edit((draft) => {
                draft.wifi = {
                  country: countryHere(),
                  radios: adapters.map(({ proposed }) => proposed),
                  networks: [newNetwork("home")],
                };
              })
            }
          >
            Switch Wi-Fi on
          </button>
        </div>
      </>
    );
  const unused = adapters.filter(
    ({ proposed }) => !wifi.radios.some(({ name }) => name === proposed.name),
  );
  return (
    <>
      <Country
        value={wifi.country}
        change={(country) =>
          change((one) => {
            one.country = country;
          })
        }
      />
      {wifi.networks.map((network, index) => (
        <NetworkFields
          key={index}
          network={network}
          lans={lans}
          change={(act) =>
            change((one) => act(one.networks[index] as WifiNetwork))
          }
          remove={
            wifi.networks.length > 1
              ? () =>
                  change((one) => {
                    one.networks.splice(index, 1);
                  })
              : undefined
          }
          show={() => setShown(network)}
        />
      ))}
      {wifi.radios.map((radio, index) => (
        <RadioFields
          key={radio.name}
          radio={radio}
          adapter={adapters.find(
            ({ proposed }) => proposed.name === radio.name,
          )}
          change={(act) => change((one) => act(one.radios[index] as WifiRadio))}
          remove={
            wifi.radios.length > 1
              ? () =>
                  change((one) => {
                    one.radios.splice(index, 1);
                  })
              : undefined
          }
        />
      ))}
      <div class="actions start">
        {wifi.networks.length < 4 && (
          <button
            type="button"
            onClick={() =>
              change((one) => {
                one.networks.push(
                  newNetwork(lans.find(({ guest }) => guest)?.id ?? "home"),
                );
              })
            }
          >
            <Plus size={18} aria-hidden="true" /> Add a name
          </button>
        )}
        {unused.map(({ proposed }) => (
          <button
            key={proposed.name}
            type="button"
            onClick={() => change((one) => one.radios.push(proposed))}
          >
            <Plus size={18} aria-hidden="true" /> Use {proposed.name} too
          </button>
        ))}
        <button
          type="button"
          onClick={() =>
            edit((draft) => {
              draft.wifi = null;
            })
          }
        >
          Switch Wi-Fi off
        </button>
      </div>
      {shown && (
        <Dialog title={shown.ssid} close={() => setShown(undefined)}>
          <p>A phone's camera reads this, and joins.</p>
          <QrCode label="The Wi-Fi as a QR code" text={joining(shown)} large />
          <div class="actions start">
            <button
              type="button"
              class="primary"
              onClick={() => setShown(undefined)}
            >
              Done
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

/** Asks what a Wi-Fi is called, and for its password, which people have to read. */
export function NameAndPassword({
  ssid,
  password,
  change,
}: Pick<WifiNetwork, "ssid" | "password"> & {
  change: (typed: Partial<Pick<WifiNetwork, "ssid" | "password">>) => void;
}) {
  return (
    <>
      <Field
        label="Wi-Fi name"
        required
        maxLength={32}
        autocomplete="off"
        value={ssid}
        onInput={({ currentTarget: { value } }) => change({ ssid: value })}
      />
      <Field
        label="Wi-Fi password"
        hint="8 characters or more. Three or four words that have nothing to do with each other are hard to guess."
        required
        minLength={8}
        maxLength={63}
        autocomplete="off"
        spellcheck={false}
        value={password}
        onInput={({ currentTarget: { value } }) => change({ password: value })}
      />
    </>
  );
}

/** The country whose law of the air holds. */
export function Country({
  value,
  change,
}: {
  value: string;
  change: (country: string) => void;
}) {
  return (
    <Choice
      label="Country that the box is in"
      value={value}
      options={countries()}
      change={change}
    />
  );
}

function newNetwork(lan: string): WifiNetwork {
  return { ssid: "", password: "", security: "wpa2-wpa3", lan };
}

function NetworkFields({
  network: { ssid, password, security, lan },
  lans,
  change,
  remove,
  show,
}: {
  network: WifiNetwork;
  lans: Network["lans"];
  change: (act: (one: WifiNetwork) => void) => void;
  remove: (() => void) | undefined;
  show: () => void;
}) {
  const complete = ssid !== "" && password.length >= 8;
  return (
    <fieldset>
      <legend>{ssid || "A new name"}</legend>
      <NameAndPassword
        ssid={ssid}
        password={password}
        change={(typed) => change((one) => Object.assign(one, typed))}
      />
      <Choice
        label="Who joins is in"
        value={lan}
        options={Object.fromEntries(
          lans.map(({ id, name, guest }) => [
            id,
            guest ? `${name} (the Internet and nothing else)` : name,
          ]),
        )}
        change={(id) =>
          change((one) => {
            one.lan = id;
          })
        }
      />
      <Choice
        label="Protection"
        value={security}
        options={{
          "wpa2-wpa3": "WPA3, and WPA2 for older devices",
          wpa3: "WPA3 only",
          wpa2: "WPA2 only",
        }}
        change={(kind) =>
          change((one) => {
            one.security = kind;
          })
        }
      />
      <div class="actions start">
        {complete && (
          <button type="button" onClick={show}>
            <QrIcon size={18} aria-hidden="true" /> Show {ssid} as a QR code
          </button>
        )}
        {remove && (
          <button type="button" onClick={remove}>
            <Trash2 size={18} aria-hidden="true" /> Remove {ssid || "this name"}
          </button>
        )}
      </div>
    </fieldset>
  );
}

function RadioFields({
  radio: { name, band, channel },
  adapter,
  change,
  remove,
}: {
  radio: WifiRadio;
  adapter: NetworkNow["adapters"][number] | undefined;
  change: (act: (one: WifiRadio) => void) => void;
  remove: (() => void) | undefined;
}) {
  const modes = adapter?.modes ?? [];
  return (
    <fieldset>
      <legend>Adapter {name}</legend>
      {adapter?.channel && (
        <Notice kind="good">On the air, channel {adapter.channel}.</Notice>
      )}
      <Choice
        label="Band"
        value={band}
        options={Object.fromEntries([
          [band, `${band} GHz`],
          ...modes.map((mode) => [mode.band, `${mode.band} GHz`]),
        ])}
        change={(chosen) =>
          change((one) => {
            const mode = modes.find((other) => other.band === chosen);
            if (mode) Object.assign(one, mode, { channel: null });
          })
        }
      />
      <Field
        label="Channel"
        hint={
          band === "6"
            ? "Empty: 37, at which devices look first."
            : "Empty: the box takes the quietest."
        }
        inputMode="numeric"
        value={channel === null ? "" : String(channel)}
        onInput={({ currentTarget: { value } }) =>
          change((one) => {
            one.channel = value.trim() === "" ? null : Number(value);
          })
        }
      />
      {remove && (
        <div class="actions start">
          <button type="button" onClick={remove}>
            <Trash2 size={18} aria-hidden="true" /> Do not use {name}
          </button>
        </div>
      )}
    </fieldset>
  );
}

/** What phones' cameras read: WPA3 specification, section 7. */
function joining({ ssid, password, security }: WifiNetwork): string {
  const escaped = (text: string): string => text.replace(/[\\;,":]/g, "\\$&");
  const kind = security === "wpa3" ? "SAE" : "WPA";
  return `WIFI:T:${kind};S:${escaped(ssid)};P:${escaped(password)};;`;
}
