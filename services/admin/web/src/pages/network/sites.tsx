import { Plus, Trash2 } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { OwnKey, Vpn } from "../../../../../host/client.ts";
import { api } from "../../api.ts";
import { Dialog, Field, Form } from "../../ui.tsx";

/** Friends' households, whose devices and ours reach each other. */
export function Sites({
  vpn,
  home,
  change,
}: {
  vpn: Vpn;
  home: string;
  change: (act: (one: Vpn) => void) => void;
}) {
  const [adding, setAdding] = useState(false);
  return (
    <>
      {vpn.sites.length > 0 && (
        <ul class="files" aria-label="Friends' households">
          {vpn.sites.map(({ name, networks, publicKey, endpoint }, index) => (
            <li key={publicKey} class="file-line wraps">
              <div class="grow">
                <strong>{name}</strong>
                <span class="quiet-text mono">
                  {networks.join(" ")} {endpoint ?? "calls this box"}
                </span>
              </div>
              <button
                type="button"
                class="icon"
                aria-label={`Part from ${name}`}
                onClick={() =>
                  change((one) => {
                    one.sites.splice(index, 1);
                  })
                }
              >
                <Trash2 size={18} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="actions start">
        <button type="button" onClick={() => setAdding(true)}>
          <Plus size={18} aria-hidden="true" /> Join a friend's household
        </button>
      </div>
      {adding && (
        <Joining
          vpn={vpn}
          home={home}
          close={() => setAdding(false)}
          add={(site) => change((one) => one.sites.push(site))}
        />
      )}
    </>
  );
}

const linePattern =
  /^\s*([A-Za-z0-9+/]{43}=)\s+([\d.]+\/\d+)(?:\s+(\S+:\d+))?\s*$/;

/** One line for each household, which the other one types or pastes: key, network, and where it is called. */
function Joining({
  vpn: { endpoint, port },
  home,
  close,
  add,
}: {
  vpn: Vpn;
  home: string;
  close: () => void;
  add: (site: Vpn["sites"][number]) => void;
}) {
  const [name, setName] = useState("");
  const [line, setLine] = useState("");
  const [key, setKey] = useState<string>();
  useEffect(() => {
    void api<OwnKey>("GET", "/network/key").then(({ publicKey }) =>
      setKey(publicKey),
    );
  }, []);
  const own = [key, home, ...(endpoint ? [`${endpoint}:${port}`] : [])].join(
    " ",
  );
  return (
    <Dialog title="Join a friend's household" close={close}>
      <p>
        Devices here and there then reach each other. Give your friend this
        line, and enter the one that the friend's box shows.
      </p>
      {key && (
        <p>
          <code class="mono">{own}</code>
        </p>
      )}
      <Form
        action="Join"
        submit={async () => {
          const [, publicKey, network, call] = linePattern.exec(line) ?? [];
          if (publicKey === undefined || network === undefined)
            throw new Error(
              "The line has a key, a network and mostly a name with a port, with spaces between. Take all of it.",
            );
          add({
            name: name.trim(),
            publicKey,
            endpoint: call ?? null,
            networks: [network],
          });
          close();
        }}
      >
        <Field
          label="Whose household is it?"
          required
          maxLength={40}
          value={name}
          onInput={({ currentTarget: { value } }) => setName(value)}
        />
        <Field
          label="The friend's line"
          required
          autocapitalize="none"
          spellcheck={false}
          value={line}
          onInput={({ currentTarget: { value } }) => setLine(value)}
        />
      </Form>
    </Dialog>
  );
}
