import { HousePlug } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type {
  SmartHomeSettings,
  SmartHomeState,
} from "../../../../smart-home/api.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import {
  Card,
  Dialog,
  Field,
  Form,
  Notice,
  NumberField,
  Tabs,
} from "../../ui.tsx";
import { useTrial, Way } from "./channel.tsx";

/** Ports by habit, by whether it is encrypted. */
const ports = { no: "1883", yes: "8883" } as const;
const encryptions = [
  ["no", "None, at home"],
  ["yes", "TLS"],
] as const;

const purpose =
  "Home Assistant shows how the box is, and acts on it by your own rules: it makes a device of it by itself. They meet at an MQTT broker.";

/** Telling the smart home how the box is. */
export function ToSmartHome() {
  const [state, setState] = useState<SmartHomeState>();
  const [failure, setFailure] = useState<string>();
  useEffect(
    () =>
      void api<SmartHomeState>("GET", "/smart-home").then(
        setState,
        (error: Error) => setFailure(error.message),
      ),
    [],
  );
  const trial = useTrial(async () =>
    setState(await api<SmartHomeState>("POST", "/smart-home/tell")),
  );
  const head = { title: "To the smart home", Icon: HousePlug };
  if (!state)
    return (
      <Card {...head}>
        <p>{purpose}</p>
        {failure && <Notice kind="error">{failure}</Notice>}
      </Card>
    );
  const { settings, told, problem } = state;
  const { broker } = settings;
  return (
    <Way
      {...head}
      words={
        broker ? `By the broker at ${broker.host}, once a minute.` : purpose
      }
      isSet={broker !== null}
      last={problem}
      line={
        told ? `It was told last on ${moment(told)}.` : "It was not told yet."
      }
      action="Tell it now"
      trial={trial}
      change={(close) => (
        <Change
          settings={settings}
          keep={async (next) => {
            setState(await api<SmartHomeState>("PUT", "/smart-home", next));
            trial.forget();
            close();
          }}
          close={close}
        />
      )}
    />
  );
}

function Change({
  settings: { broker, prefix: before },
  keep,
  close,
}: {
  settings: SmartHomeSettings;
  keep: (settings: SmartHomeSettings) => Promise<void>;
  close: () => void;
}) {
  const [host, setHost] = useState(broker?.host ?? "");
  const [encryption, setEncryption] = useState<keyof typeof ports>(
    broker?.tls ? "yes" : "no",
  );
  const [port, setPort] = useState(String(broker?.port ?? ports.no));
  const [user, setUser] = useState(broker?.user ?? "");
  const [password, setPassword] = useState("");
  const [prefix, setPrefix] = useState(before);
  return (
    <Dialog title="Telling the smart home" close={close}>
      <Form
        action="Keep this"
        submit={() =>
          keep({
            broker: {
              host: host.trim(),
              port: Number(port),
              tls: encryption === "yes",
              user: user === "" ? null : user,
              password: password === "" ? null : password,
            },
            prefix: prefix.trim(),
          })
        }
      >
        <Field
          label="MQTT broker"
          hint="Its name or address. With Home Assistant's own broker, that of Home Assistant."
          required
          maxLength={253}
          value={host}
          onInput={({ currentTarget: { value } }) => setHost(value)}
        />
        <Tabs
          legend="Encryption"
          options={encryptions}
          value={encryption}
          choose={(next) => {
            setEncryption(next);
            setPort(ports[next]);
          }}
        />
        <NumberField
          label="Port"
          min={1}
          max={65535}
          value={port}
          change={setPort}
        />
        <Field
          label="User name"
          autocomplete="off"
          maxLength={254}
          value={user}
          onInput={({ currentTarget: { value } }) => setUser(value)}
        />
        <Field
          label="Password"
          {...(broker?.user ? { hint: "Left empty, it stays as it was." } : {})}
          type="password"
          autocomplete="off"
          maxLength={1024}
          value={password}
          onInput={({ currentTarget: { value } }) => setPassword(value)}
        />
        <Field
          label="Where new devices are looked for"
          hint="homeassistant, unless you changed it there."
          required
          maxLength={200}
          value={prefix}
          onInput={({ currentTarget: { value } }) => setPrefix(value)}
        />
      </Form>
      {broker && (
        <Form
          action="Tell it nothing more"
          tone="danger"
          submit={() => keep({ broker: null, prefix: before })}
        />
      )}
    </Dialog>
  );
}
