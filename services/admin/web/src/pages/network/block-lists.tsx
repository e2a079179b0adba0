import { Plus, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import type {
  BlockList,
  BlockListStates,
  Network,
} from "../../../../../host/client.ts";
import { Choice } from "../../choice.tsx";
import { moment } from "../../format.ts";
import { Dialog, Field, Form } from "../../ui.tsx";
import type { Edit } from "../network.tsx";
import { Lines } from "./lines.tsx";

/** Lists that many households use, kept by people who answer for them. */
const known: readonly BlockList[] = [
  {
    name: "HaGeZi Light (advertising, tracking)",
    url: "https://raw.githubusercontent.com/hagezi/dns-blocklists/main/domains/light.txt",
  },
  {
    name: "OISD small (advertising)",
    url: "https://small.oisd.nl/domainswild2",
  },
  {
    name: "StevenBlack (advertising, malware)",
    url: "https://raw.githubusercontent.com/StevenBlack/hosts/master/hosts",
  },
  {
    name: "URLhaus (malware)",
    url: "https://urlhaus.abuse.ch/downloads/hostfile/",
  },
];

/** Lists of names that others keep, and what is to exist all the same. */
export function BlockLists({
  dns: { lists, allowed },
  states,
  edit,
}: {
  dns: Network["dns"];
  states: BlockListStates;
  edit: Edit;
}) {
  const [adding, setAdding] = useState(false);
  return (
    <>
      <h3>Lists of blocked names</h3>
      {lists.length === 0 ? (
        <p>
          Advertising, tracking and malware, for all devices at once. A list is
          fetched each day from whoever keeps it.
        </p>
      ) : (
        <ul class="files">
          {lists.map(({ name, url }) => (
            <li key={url} class="file-line wraps">
              <div class="grow">
                <strong>{name}</strong>
                <span class="quiet-text">
                  {stateOf(states.find((one) => one.url === url))}
                </span>
              </div>
              <button
                type="button"
                class="icon"
                aria-label={`Do not use ${name}`}
                onClick={() =>
                  edit((draft) => {
                    draft.dns.lists = draft.dns.lists.filter(
                      (one) => one.url !== url,
                    );
                  })
                }
              >
                <Trash2 size={18} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {lists.length < 8 && (
        <div class="actions start">
          <button type="button" onClick={() => setAdding(true)}>
            <Plus size={18} aria-hidden="true" /> Add a list
          </button>
        </div>
      )}
      {lists.length > 0 && (
        <Lines
          label="Allowed names"
          hint="One a line; they and all beneath them are found, whatever a list says."
          lines={allowed}
          change={(lines) =>
            edit((draft) => {
              draft.dns.allowed = lines;
            })
          }
        />
      )}
      {adding && (
        <AddList
          taken={lists.map(({ url }) => url)}
          close={() => setAdding(false)}
          add={(list) => {
            edit((draft) => {
              draft.dns.lists.push(list);
            });
            setAdding(false);
          }}
        />
      )}
    </>
  );
}

function stateOf(state: BlockListStates[number] | undefined): string {
  if (!state) return "is fetched as soon as it is kept";
  const { names, at, problem } = state;
  const has =
    at === null
      ? "not here yet"
      : `${names.toLocaleString()} names, of ${moment(at)}`;
  return problem === null ? has : `${has}. ${problem}`;
}

function AddList({
  taken,
  close,
  add,
}: {
  taken: readonly string[];
  close: () => void;
  add: (list: BlockList) => void;
}) {
  const offered = known.filter(({ url }) => !taken.includes(url));
  const [chosen, setChosen] = useState(offered[0]?.url ?? "");
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  return (
    <Dialog title="Add a list" close={close}>
      <Form
        action="Add"
        submit={async () =>
          add(
            offered.find((one) => one.url === chosen) ?? {
              name: name.trim(),
              url: url.trim(),
            },
          )
        }
      >
        <Choice
          label="Which?"
          value={chosen}
          options={Object.fromEntries([
            ...offered.map((one) => [one.url, one.name]),
            ["", "another"],
          ])}
          change={setChosen}
        />
        {chosen === "" && (
          <>
            <Field
              label="What is it called?"
              required
              maxLength={40}
              value={name}
              onInput={({ currentTarget: { value } }) => setName(value)}
            />
            <Field
              label="Its address"
              hint="Of a hosts file, names one a line, or a list for Adblock or dnsmasq."
              type="url"
              pattern="https://.*"
              required
              value={url}
              onInput={({ currentTarget: { value } }) => setUrl(value)}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}
