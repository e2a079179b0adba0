import type { DynamicName } from "../../../../../host/client.ts";
import { Choice } from "../../choice.tsx";
import { Field } from "../../ui.tsx";
import type { Edit } from "../network.tsx";

/** A name on the Internet that follows the household's address. */
export function DynamicNameForm({
  name,
  edit,
}: {
  name: DynamicName | null;
  edit: Edit;
}) {
  const change = (act: (one: DynamicName) => void): void =>
    edit((draft) => {
      if (draft.dynamicName) act(draft.dynamicName);
    });
  return (
    <>
      <Choice
        label="A name that follows this box's address"
        value={name?.service ?? "none"}
        options={{
          none: "none",
          duckdns: "Duck DNS",
          freedns: "FreeDNS",
          noip: "No-IP",
          dyn: "Dyn",
          nsupdate: "nsupdate.info",
          dynu: "Dynu",
          other: "another (dyndns2)",
        }}
        change={(service) =>
          edit((draft) => {
            draft.dynamicName =
              service === "none"
                ? null
                : {
                    ...(draft.dynamicName ?? {
                      name: "",
                      user: "",
                      password: "",
                    }),
                    service,
                    server: service === "other" ? "" : null,
                  };
          })
        }
      />
      {name && (
        <>
          {name.server !== null && (
            <Field
              label="Server that is told the address"
              required
              value={name.server}
              onInput={({ currentTarget: { value } }) =>
                change((one) => {
                  one.server = value.trim().toLowerCase();
                })
              }
            />
          )}
          <Field
            label="The name"
            required
            value={name.name}
            onInput={({ currentTarget: { value } }) =>
              change((one) => {
                one.name = value.trim().toLowerCase();
              })
            }
          />
          <Field
            label={
              name.service === "duckdns" ? "Token" : "User name at the service"
            }
            required
            autocomplete="off"
            value={name.user}
            onInput={({ currentTarget: { value } }) =>
              change((one) => {
                one.user = value;
              })
            }
          />
          {name.service !== "duckdns" && (
            <Field
              label="Password at the service"
              type="password"
              autocomplete="off"
              value={name.password}
              onInput={({ currentTarget: { value } }) =>
                change((one) => {
                  one.password = value;
                })
              }
            />
          )}
        </>
      )}
    </>
  );
}
