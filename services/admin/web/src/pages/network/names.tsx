import type { BlockListStates, Network } from "../../../../../host/client.ts";
import { Choice } from "../../choice.tsx";
import type { Edit } from "../network.tsx";
import { BlockLists } from "./block-lists.tsx";
import { Lines } from "./lines.tsx";

type Upstream = Network["dns"]["upstream"];

/** Who is asked for names of the Internet, names of the household, and names that do not exist here. */
export function Names({
  dns,
  lists,
  edit,
}: {
  dns: Network["dns"];
  lists: BlockListStates;
  edit: Edit;
}) {
  const { upstream, dnssec, names, blocked } = dns;
  return (
    <>
      <Choice
        label="Names of the Internet are asked for"
        value={upstream.kind}
        options={{
          provider: "at the provider",
          tls: "encrypted (DNS over TLS)",
        }}
        change={(kind) =>
          edit((draft) => {
            draft.dns.upstream =
              kind === "provider"
                ? { kind }
                : {
                    kind,
                    servers: [{ address: "9.9.9.9", name: "dns.quad9.net" }],
                  };
          })
        }
      />
      {upstream.kind === "tls" && (
        <Lines
          label="Name servers"
          hint="One a line: address and name, such as 9.9.9.9 dns.quad9.net"
          lines={upstream.servers.map(
            ({ address, name }) => `${address} ${name}`,
          )}
          change={(lines) =>
            edit((draft) => {
              draft.dns.upstream = serversOf(lines);
            })
          }
        />
      )}
      <Choice
        label="Signed names (DNSSEC)"
        value={dnssec}
        options={{
          "where-offered": "checked where the name server can",
          always: "always checked; what cannot be checked is not found",
        }}
        change={(value) =>
          edit((draft) => {
            draft.dns.dnssec = value;
          })
        }
      />
      <Lines
        label="Names at home"
        hint="One a line: name and address, such as nas 192.168.77.9. Devices that say their name have it already, below home.arpa."
        lines={names.map(({ name, address }) => `${name} ${address}`)}
        change={(lines) =>
          edit((draft) => {
            draft.dns.names = lines.map((line) => {
              const [name = "", address = ""] = line.split(/\s+/);
              return { name, address };
            });
          })
        }
      />
      <Lines
        label="Blocked names"
        hint="One a line; they and all beneath them are not found by anybody at home."
        lines={blocked}
        change={(lines) =>
          edit((draft) => {
            draft.dns.blocked = lines;
          })
        }
      />
      <BlockLists dns={dns} states={lists} edit={edit} />
    </>
  );
}

function serversOf(lines: readonly string[]): Upstream {
  return {
    kind: "tls",
    servers: lines.map((line) => {
      const [address = "", name = ""] = line.split(/\s+/);
      return { address, name };
    }),
  };
}
