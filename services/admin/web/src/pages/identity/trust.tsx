import { Plus, Trash2 } from "lucide-preact";
import { useCallback, useEffect, useId, useState } from "preact/hooks";
import type { TrustState } from "../../../../../identity/client.ts";
import { api } from "../../api.ts";
import { Dialog, Field, Form, Notice, Spinner } from "../../ui.tsx";

type Policy = TrustState["policy"];
type AnchorKind = "root" | "signer";

/** Policy and trusted keys. */
export function Trust() {
  const [state, setState] = useState<TrustState>();
  const [policy, setPolicy] = useState<Policy>();
  const [saved, setSaved] = useState(false);
  const [adding, setAdding] = useState<AnchorKind>();
  const [problem, setProblem] = useState<string>();
  const take = useCallback((fresh: TrustState) => {
    setState(fresh);
    setPolicy(fresh.policy);
  }, []);
  useEffect(() => {
    api<TrustState>("GET", "/identity/trust").then(take, (error: Error) =>
      setProblem(error.message),
    );
  }, [take]);
  if (problem) return <Notice kind="error">{problem}</Notice>;
  if (!state || !policy) return <Spinner label="Loading" />;
  const change = (part: Partial<Policy>): void => {
    setSaved(false);
    setPolicy({ ...policy, ...part });
  };
  return (
    <>
      <Form
        action="Save the policy"
        submit={async () => {
          take(await api<TrustState>("PUT", "/identity/trust/policy", policy));
          setSaved(true);
        }}
      >
        <Options
          legend="TPMs"
          value={policy.endorsement}
          options={{
            "first-use":
              "any: one without a trusted maker's certificate is trusted when first seen",
            certificate: "only with the certificate of a maker listed below",
          }}
          choose={(endorsement) => change({ endorsement })}
        />
        <Options
          legend="Systems"
          value={policy.images}
          options={{
            signed: "only images that a builder listed below has signed",
            any: "any: what was booted is shown and not judged",
          }}
          choose={(images) => change({ images })}
        />
        <Options
          legend="Secure Boot"
          value={policy.secureBoot}
          options={{ any: "on or off", required: "must be on" }}
          choose={(secureBoot) => change({ secureBoot })}
        />
        <Field
          label="Oldest version"
          hint="Older images are refused. Empty accepts all."
          pattern="[0-9]+(\.[0-9]+)*"
          placeholder="0.1.0"
          value={policy.minimumVersion ?? ""}
          onInput={(event) =>
            change({ minimumVersion: event.currentTarget.value || null })
          }
        />
        {saved && <Notice kind="good">Saved.</Notice>}
      </Form>
      <h3>Makers and builders</h3>
      {state.anchors.length === 0 && (
        <p>
          None yet. A maker's root certificate makes its TPMs trusted without
          first use.
        </p>
      )}
      <ul>
        {state.anchors.map(({ kind, id, name, added }) => (
          <li key={id} class="file-line">
            <div class="grow">
              <strong>
                {kind === "root" ? "TPM maker" : "Builder of images"}: {name}
              </strong>
              <span class="mono">{id}</span>
              {!added && <span class="quiet-text">came with the image</span>}
            </div>
            {added && (
              <button
                type="button"
                class="icon"
                aria-label={`Trust ${name} no more`}
                onClick={async () =>
                  take(
                    await api<TrustState>(
                      "DELETE",
                      `/identity/trust/${kind}/${id}`,
                    ),
                  )
                }
              >
                <Trash2 size={18} aria-hidden="true" />
              </button>
            )}
          </li>
        ))}
      </ul>
      <div class="actions start">
        <button type="button" onClick={() => setAdding("root")}>
          <Plus size={18} aria-hidden="true" /> TPM maker
        </button>
        <button type="button" onClick={() => setAdding("signer")}>
          <Plus size={18} aria-hidden="true" /> Builder of images
        </button>
      </div>
      {adding && (
        <AddAnchor
          kind={adding}
          close={() => setAdding(undefined)}
          added={take}
        />
      )}
    </>
  );
}

function Options<V extends string>({
  legend,
  value,
  options,
  choose,
}: {
  legend: string;
  value: V;
  options: Record<V, string>;
  choose: (value: V) => void;
}) {
  const name = useId();
  return (
    <fieldset class="options">
      <legend>{legend}</legend>
      {(Object.entries(options) as [V, string][]).map(([option, words]) => (
        <label key={option}>
          <input
            type="radio"
            name={name}
            checked={option === value}
            onChange={() => choose(option)}
          />
          {words}
        </label>
      ))}
    </fieldset>
  );
}

function AddAnchor({
  kind,
  close,
  added,
}: {
  kind: AnchorKind;
  close: () => void;
  added: (state: TrustState) => void;
}) {
  const id = useId();
  const [pem, setPem] = useState("");
  return (
    <Dialog
      title={kind === "root" ? "Trust a TPM maker" : "Trust a builder"}
      close={close}
    >
      <Form
        action="Trust it"
        submit={async () => {
          added(
            await api<TrustState>("POST", `/identity/trust/${kind}`, { pem }),
          );
          close();
        }}
      >
        <div class="field">
          <label for={id}>
            {kind === "root"
              ? "The maker's root certificate, PEM"
              : "The builder's public key, PEM"}
          </label>
          <textarea
            id={id}
            required
            spellcheck={false}
            value={pem}
            onInput={(event) => setPem(event.currentTarget.value)}
          />
        </div>
      </Form>
    </Dialog>
  );
}
