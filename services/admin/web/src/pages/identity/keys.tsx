import { useState } from "preact/hooks";
import type { IdentityState } from "../../../../../identity/client.ts";
import { api } from "../../api.ts";
import { moment } from "../../format.ts";
import { Dialog, Fact, Form, PasswordField } from "../../ui.tsx";

interface Act {
  title: string;
  action: string;
  text: string;
  path: string;
  body: Record<string, string>;
}

/** This node's keys, and how to change them. */
export function Keys({
  state,
  changed,
}: {
  state: IdentityState;
  changed: () => Promise<void>;
}) {
  const [act, setAct] = useState<Act>();
  const [password, setPassword] = useState("");
  const other = state.peer === "tpm" ? "sealed" : "tpm";
  const acts: Act[] = [
    {
      title: "Change the node key?",
      action: "Change the node key",
      text: "The old key signs that the new one follows it. Friends' boxes go on without asking.",
      path: "/identity/rotate",
      body: { key: "node" },
    },
    {
      title: "Change the attestation key?",
      action: "Change the attestation key",
      text: "Friends' boxes attest this one anew when they meet it next.",
      path: "/identity/rotate",
      body: { key: "attestation" },
    },
    {
      title: "Take the device certificate back?",
      action: "Revoke the certificate",
      text: "Do this where somebody may have copied this box's memory. It gets a new PeerId.",
      path: "/identity/revoke",
      body: { peer: state.peer },
    },
    {
      title:
        other === "tpm"
          ? "Keep the libp2p key in the TPM?"
          : "Seal the libp2p key instead?",
      action:
        other === "tpm"
          ? "Keep the libp2p key in the TPM"
          : "Seal the libp2p key",
      text:
        other === "tpm"
          ? "Then it is never in memory, and every new connection waits for the TPM, up to half a second each. The box gets a new PeerId."
          : "Then connections start fast, and the key is in memory while the box runs. The box gets a new PeerId.",
      path: "/identity/revoke",
      body: { peer: other },
    },
  ];
  return (
    <>
      <dl class="facts">
        <Fact name="Node key">{state.keys.node}</Fact>
        <Fact name="Attestation key">{state.keys.attestation}</Fact>
        <Fact name="Encryption key">{state.keys.encryption}</Fact>
        <Fact name="Made">
          {moment(state.created)}
          <span class="quiet-text">
            changed {state.links} times, {state.revocations} certificates
            revoked
          </span>
        </Fact>
      </dl>
      <div class="actions start">
        {acts.map((one) => (
          <button key={one.action} type="button" onClick={() => setAct(one)}>
            {one.action}
          </button>
        ))}
      </div>
      {act && (
        <Dialog
          title={act.title}
          close={() => {
            setAct(undefined);
            setPassword("");
          }}
        >
          <p>{act.text}</p>
          <Form
            action={act.action}
            tone="danger"
            submit={async () => {
              await api("POST", act.path, { ...act.body, password });
              setAct(undefined);
              setPassword("");
              await changed();
            }}
          >
            <PasswordField value={password} change={setPassword} />
          </Form>
        </Dialog>
      )}
    </>
  );
}
