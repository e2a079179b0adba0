import { Mail } from "lucide-preact";
import { useState } from "preact/hooks";
import type { MailServer } from "../../../../../node/client.ts";
import type { NoticesState } from "../../../../notices/api.ts";
import { Dialog, Field, Form, NumberField, Tabs } from "../../ui.tsx";
import type { Keep } from "../notices.tsx";
import { ChannelWay } from "./channel.tsx";

const ports = { tls: 465, starttls: 587, none: 25 } as const;
const options = [
  ["tls", "TLS"],
  ["starttls", "STARTTLS"],
  ["none", "None"],
] as const;

/** Telling by e-mail. */
export function ByMail({
  state,
  keep,
  told,
}: {
  state: NoticesState;
  keep: Keep;
  told: (state: NoticesState) => void;
}) {
  const { mail } = state.settings;
  return (
    <ChannelWay
      channel="mail"
      title="By e-mail"
      Icon={Mail}
      words={
        mail
          ? `To ${mail.to}, by ${mail.host}.`
          : "The box writes to you by an account that you have with any provider."
      }
      state={state}
      told={told}
      change={(close) => (
        <Change
          old={mail}
          keep={async (next) => {
            await keep({ ...state.settings, mail: next });
            close();
          }}
          close={close}
        />
      )}
    />
  );
}

function Change({
  old,
  keep,
  close,
}: {
  old: MailServer | null;
  keep: (mail: MailServer | null) => Promise<void>;
  close: () => void;
}) {
  const [host, setHost] = useState(old?.host ?? "");
  const [security, setSecurity] = useState<MailServer["security"]>(
    old?.security ?? "tls",
  );
  const [port, setPort] = useState(String(old?.port ?? ports.tls));
  const [user, setUser] = useState(old?.user ?? "");
  const [password, setPassword] = useState("");
  const [from, setFrom] = useState(old?.from ?? "");
  const [to, setTo] = useState(old?.to ?? "");
  const account = security !== "none" && user !== "";
  return (
    <Dialog title="Telling by e-mail" close={close}>
      <Form
        action="Keep this"
        submit={() =>
          keep({
            ...{ host: host.trim(), port: Number(port), security },
            user: account ? user : null,
            password: account && password !== "" ? password : null,
            from: from.trim(),
            to: to.trim(),
          })
        }
      >
        <Field
          label="Your address"
          hint="Where you read what the box writes."
          type="email"
          required
          maxLength={254}
          value={to}
          onInput={({ currentTarget: { value } }) => setTo(value)}
        />
        <Field
          label="Server for outgoing mail"
          hint="Its provider calls it SMTP, and names it beside the port."
          required
          maxLength={253}
          value={host}
          onInput={({ currentTarget: { value } }) => setHost(value)}
        />
        <Tabs
          legend="Encryption"
          options={options}
          value={security}
          choose={(next) => {
            setSecurity(next);
            setPort(String(ports[next]));
          }}
        />
        <NumberField
          label="Port"
          min={1}
          max={65535}
          value={port}
          change={setPort}
        />
        {security !== "none" && (
          <>
            <Field
              label="User name"
              autocomplete="off"
              maxLength={254}
              value={user}
              onInput={({ currentTarget: { value } }) => setUser(value)}
            />
            <Field
              label="Password at the provider"
              hint={
                old?.user
                  ? "Left empty, it stays as it was."
                  : "Some providers want a password of its own for programs."
              }
              type="password"
              autocomplete="off"
              maxLength={1024}
              value={password}
              onInput={({ currentTarget: { value } }) => setPassword(value)}
            />
          </>
        )}
        <Field
          label="The box writes as"
          hint="An address that the account may use: mostly its own."
          type="email"
          required
          maxLength={254}
          value={from}
          onInput={({ currentTarget: { value } }) => setFrom(value)}
        />
      </Form>
      {old && (
        <Form action="No more e-mail" tone="danger" submit={() => keep(null)} />
      )}
    </Dialog>
  );
}
