import { Webhook } from "lucide-preact";
import { useState } from "preact/hooks";
import type { HookAddress } from "../../../../../node/client.ts";
import type { NoticesState } from "../../../../notices/api.ts";
import { Dialog, Field, Form } from "../../ui.tsx";
import type { Keep } from "../notices.tsx";
import { ChannelWay } from "./channel.tsx";

/** Telling a program. */
export function ToProgram({
  state,
  keep,
  told,
}: {
  state: NoticesState;
  keep: Keep;
  told: (state: NoticesState) => void;
}) {
  const { hook } = state.settings;
  return (
    <ChannelWay
      channel="hook"
      title="To a program"
      Icon={Webhook}
      words={
        hook
          ? `To ${hook.url}`
          : "The box calls an address (a webhook): of Home Assistant, a chat, or a program of yours. It sends JSON, as the API's pages say."
      }
      state={state}
      told={told}
      change={(close) => (
        <Change
          old={hook}
          keep={async (next) => {
            await keep({ ...state.settings, hook: next });
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
  old: HookAddress | null;
  keep: (hook: HookAddress | null) => Promise<void>;
  close: () => void;
}) {
  const [url, setUrl] = useState(old?.url ?? "");
  const [secret, setSecret] = useState("");
  return (
    <Dialog title="Telling a program" close={close}>
      <Form
        action="Keep this"
        submit={() =>
          keep({ url: url.trim(), secret: secret === "" ? null : secret })
        }
      >
        <Field
          label="Address to call"
          type="url"
          placeholder="https://"
          required
          maxLength={2048}
          value={url}
          onInput={({ currentTarget: { value } }) => setUrl(value)}
        />
        <Field
          label="Secret for the signature"
          hint={
            old
              ? "Left empty, it stays as it was."
              : "If you give one, each call bears x-coppice-signature: sha256= and the HMAC of its body."
          }
          type="password"
          autocomplete="off"
          maxLength={256}
          value={secret}
          onInput={({ currentTarget: { value } }) => setSecret(value)}
        />
      </Form>
      {old && (
        <Form action="No more calls" tone="danger" submit={() => keep(null)} />
      )}
    </Dialog>
  );
}
