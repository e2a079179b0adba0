import { useState } from "preact/hooks";
import type { Network, NetworkNow } from "../../../../../host/client.ts";
import { Choice } from "../../choice.tsx";
import { Checkbox, Fact, Field } from "../../ui.tsx";
import type { Edit } from "../network.tsx";

/** The line to the Internet, as it is. */
export function Internet({ now: { wan } }: { now: NetworkNow }) {
  return (
    <dl class="facts">
      <Fact name="Cable">{wan.link ? "connected" : "not connected"}</Fact>
      <Fact name="Address">
        <span class="mono">{wan.addresses.join(" ") || "none"}</span>
      </Fact>
      <Fact name="Provider's router">
        <span class="mono">{wan.gateway ?? "none"}</span>
      </Fact>
    </dl>
  );
}

/** How the line is to be used. */
export function LineForm({ wan, edit }: { wan: Network["wan"]; edit: Edit }) {
  const [open, setOpen] = useState(false);
  const { ipv4, vlan, ipv6 } = wan;
  if (!open)
    return (
      <div class="actions start">
        <button type="button" onClick={() => setOpen(true)}>
          Change
        </button>
      </div>
    );
  return (
    <>
      <Choice
        label="Address"
        value={ipv4.kind}
        options={{
          dhcp: "given by the provider (DHCP)",
          pppoe: "with a name and a password (PPPoE)",
          static: "fixed",
        }}
        change={(kind) =>
          edit((draft) => {
            draft.wan.ipv4 = {
              dhcp: { kind: "dhcp" as const },
              pppoe: { kind: "pppoe" as const, user: "", password: "" },
              static: {
                kind: "static" as const,
                address: "203.0.113.2/24",
                gateway: "203.0.113.1",
                dns: ["9.9.9.9"],
              },
            }[kind];
          })
        }
      />
      {ipv4.kind === "pppoe" && (
        <>
          <Field
            label="Name for the line"
            hint="As the provider gave it."
            autocomplete="off"
            value={ipv4.user}
            onInput={({ currentTarget: { value } }) =>
              edit(({ wan: { ipv4: one } }) => {
                if (one.kind === "pppoe") one.user = value;
              })
            }
          />
          <Field
            label="Password for the line"
            type="password"
            autocomplete="off"
            value={ipv4.password}
            onInput={({ currentTarget: { value } }) =>
              edit(({ wan: { ipv4: one } }) => {
                if (one.kind === "pppoe") one.password = value;
              })
            }
          />
        </>
      )}
      {ipv4.kind === "static" && (
        <>
          <Field
            label="Address with prefix length"
            value={ipv4.address}
            onInput={({ currentTarget: { value } }) =>
              edit(({ wan: { ipv4: one } }) => {
                if (one.kind === "static") one.address = value.trim();
              })
            }
          />
          <Field
            label="Gateway"
            value={ipv4.gateway}
            onInput={({ currentTarget: { value } }) =>
              edit(({ wan: { ipv4: one } }) => {
                if (one.kind === "static") one.gateway = value.trim();
              })
            }
          />
          <Field
            label="Name servers"
            hint="Separated by spaces."
            value={ipv4.dns.join(" ")}
            onInput={({ currentTarget: { value } }) =>
              edit(({ wan: { ipv4: one } }) => {
                if (one.kind === "static") one.dns = value.trim().split(/\s+/);
              })
            }
          />
        </>
      )}
      <Field
        label="VLAN tag"
        hint="Only where the provider asks for one, such as 7 or 35."
        inputMode="numeric"
        value={vlan ?? ""}
        onInput={({ currentTarget: { value } }) =>
          edit((draft) => {
            draft.wan.vlan = value.trim() === "" ? null : Number(value);
          })
        }
      />
      {(["upload", "download"] as const).map((way) => (
        <Field
          key={way}
          label={`${way === "upload" ? "Upload" : "Download"} of the line, Mbit/s`}
          hint={`A little less than it has: then games and calls stay quick while somebody ${way}s (CAKE). Empty: off.`}
          inputMode="decimal"
          value={(wan[way] ?? 0) / 1000 || ""}
          onChange={({ currentTarget: { value } }) =>
            edit((draft) => {
              const rate = Number(value.replace(",", "."));
              draft.wan[way] =
                value.trim() === "" ? null : Math.round(rate * 1000);
            })
          }
        />
      ))}
      <Checkbox
        checked={ipv6}
        change={(checked) =>
          edit((draft) => {
            draft.wan.ipv6 = checked;
          })
        }
      >
        IPv6 too
      </Checkbox>
    </>
  );
}
