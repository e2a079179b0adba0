import { useCallback, useState } from "preact/hooks";
import type { Network, Trial } from "../../../../../host/client.ts";
import type { SetupProgress } from "../../../../claim.ts";
import type { SetupNetwork } from "../../../../setup-line.ts";
import { api } from "../../api.ts";
import { countryHere } from "../../countries.ts";
import { usePolling } from "../../live.ts";
import { Fact, Field, Form, Notice, Spinner } from "../../ui.tsx";
import { Restore } from "../network/restore.tsx";
import { follow, Moving } from "../network/trial.tsx";
import { Country, NameAndPassword } from "../network/wifi.tsx";
import type { Advance } from "./advance.ts";

/** Shows whether the Internet is there, and asks for what the provider wants to know. */
export function NetworkStep({ advance }: { advance: Advance }) {
  const [line, setLine] = useState<SetupNetwork>();
  const [problem, setProblem] = useState<string>();
  const [moving, setMoving] = useState<string>();
  const [restored, setRestored] = useState(false);
  const refresh = useCallback(async () => {
    try {
      setLine(await api<SetupNetwork>("GET", "/setup/network"));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  usePolling(refresh, 3000);
  if (moving) return <Moving address={moving} />;
  if (!line)
    return problem ? (
      <Notice kind="error">{problem}</Notice>
    ) : (
      <Spinner label="Looking for the Internet" />
    );
  const {
    now: { wan, troubles, adapters },
    document,
    moved,
  } = line;
  const connected = wan.gateway !== null;
  return (
    <>
      <h1>The line to the Internet</h1>
      {problem && <Notice kind="error">{problem}</Notice>}
      {connected && (
        <Notice kind="good">
          The Internet is there
          {document.wan.ipv4.kind === "pppoe" ? ", with your name for it" : ""}.
        </Notice>
      )}
      {troubles.map(({ kind, words, advice }) => (
        <Notice key={kind} kind={kind === "double-nat" ? "info" : "error"}>
          <strong>{words}</strong> {advice}
        </Notice>
      ))}
      {moved && (
        <Form
          action={`Move this household to ${moved.lans[0]?.address}`}
          submit={async () => {
            const trial = await api<Trial>("POST", "/setup/network/move");
            if (follow(document, { trial, document: moved }, setMoving)) return;
            await api("POST", "/network/confirm", { token: trial.token });
            await refresh();
          }}
        >
          <p>
            The box then has another address. You enter the setup code there
            again, and go on.
          </p>
        </Form>
      )}
      <dl class="facts">
        <Fact name="Cable">{wan.link ? "connected" : "not connected"}</Fact>
        <Fact name="Address">
          <span class="mono">{wan.addresses.join(" ") || "none"}</span>
        </Fact>
      </dl>
      <Credentials document={document} refresh={refresh} />
      {adapters.length > 0 && <AirForm document={document} refresh={refresh} />}
      {restored && (
        <Notice kind="good">The settings are those of the backup.</Notice>
      )}
      <details open={restored ? false : undefined}>
        <summary>I have a backup of another box's settings</summary>
        <Restore
          path="/setup/configuration"
          before={document}
          moving={setMoving}
          stays={async (token) => {
            if (token) await api("POST", "/network/confirm", { token });
            setRestored(true);
            await refresh();
          }}
        />
      </details>
      <Form
        action={connected ? "Continue" : "Continue without the Internet"}
        submit={async () =>
          advance(await api<SetupProgress>("POST", "/setup/network/pass"))
        }
      />
    </>
  );
}

/** Puts the household on the air. */
function AirForm({
  document: { wifi },
  refresh,
}: {
  document: Network;
  refresh: () => Promise<void>;
}) {
  const [ssid, setSsid] = useState(wifi?.networks[0]?.ssid ?? "");
  const [password, setPassword] = useState("");
  const [country, setCountry] = useState(wifi?.country ?? countryHere());
  return (
    <>
      {wifi && (
        <Notice kind="good">The Wi-Fi {wifi.networks[0]?.ssid} is set.</Notice>
      )}
      <details open={!wifi}>
        <summary>Wi-Fi</summary>
        <Form
          action={wifi ? "Change it" : "Switch Wi-Fi on"}
          submit={async () => {
            await api("POST", "/setup/network/wifi", {
              ssid: ssid.trim(),
              password,
              country,
            });
            await refresh();
          }}
        >
          <NameAndPassword
            ssid={ssid}
            password={password}
            change={(typed) => {
              setSsid(typed.ssid ?? ssid);
              setPassword(typed.password ?? password);
            }}
          />
          <Country value={country} change={setCountry} />
        </Form>
      </details>
    </>
  );
}

/** What providers with PPPoE ask for. */
function Credentials({
  document: { wan },
  refresh,
}: {
  document: Network;
  refresh: () => Promise<void>;
}) {
  const { ipv4, vlan } = wan;
  const [user, setUser] = useState(ipv4.kind === "pppoe" ? ipv4.user : "");
  const [password, setPassword] = useState("");
  const [tag, setTag] = useState(vlan === null ? "" : String(vlan));
  return (
    <details>
      <summary>My provider gave me a name and a password for the line</summary>
      <Form
        action="Use them"
        submit={async () => {
          await api("POST", "/setup/network/line", {
            vlan: tag.trim() === "" ? null : Number(tag),
            ipv4: { kind: "pppoe", user, password },
          });
          await refresh();
        }}
      >
        <Field
          label="Name for the line"
          required
          autocomplete="off"
          value={user}
          onInput={({ currentTarget: { value } }) => setUser(value)}
        />
        <Field
          label="Password for the line"
          type="password"
          required
          autocomplete="off"
          value={password}
          onInput={({ currentTarget: { value } }) => setPassword(value)}
        />
        <Field
          label="VLAN tag"
          hint="Only where the provider asks for one, such as 7 or 35."
          inputMode="numeric"
          value={tag}
          onInput={({ currentTarget: { value } }) => setTag(value)}
        />
      </Form>
      {ipv4.kind === "pppoe" && (
        <button
          type="button"
          class="quiet"
          onClick={async () => {
            await api("POST", "/setup/network/line", {
              vlan: null,
              ipv4: { kind: "dhcp" },
            });
            await refresh();
          }}
        >
          Without a name after all
        </button>
      )}
    </details>
  );
}
