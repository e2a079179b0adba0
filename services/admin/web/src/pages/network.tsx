import {
  BookUser,
  DoorOpen,
  Globe,
  History,
  Network as NetworkIcon,
  Router,
  Search,
  ShieldCheck,
  Smartphone,
  Wifi,
} from "lucide-preact";
import { useCallback, useState } from "preact/hooks";
import type {
  Network as Document,
  NetworkNow,
  NetworkState,
} from "../../../../host/client.ts";
import { api } from "../api.ts";
import { usePolling } from "../live.ts";
import { Card, Notice, Spinner } from "../ui.tsx";
import { Devices } from "./network/devices.tsx";
import { DynamicNameForm } from "./network/dynamic-name.tsx";
import { FirewallWords } from "./network/firewall-words.tsx";
import { Internet, LineForm } from "./network/internet.tsx";
import { Lans } from "./network/lans.tsx";
import { LinePast } from "./network/line-past.tsx";
import { Names } from "./network/names.tsx";
import { Openings } from "./network/openings.tsx";
import { Past } from "./network/past.tsx";
import { SpeedTest } from "./network/speed-test.tsx";
import { Tools } from "./network/tools.tsx";
import { Pending, RunningTrial } from "./network/trial.tsx";
import { WayHome } from "./network/way-home.tsx";
import { WifiForm } from "./network/wifi.tsx";

/** Changes a draft of the network by what is done to a copy. */
export type Edit = (change: (draft: Document) => void) => void;

/** The household's network: the line, the devices, and every setting, which are tried together before they are kept. */
export function Network() {
  const [state, setState] = useState<NetworkState>();
  const [seen, setSeen] = useState<{
    now: NetworkNow;
    at: number;
    before?: { now: NetworkNow; at: number };
  }>();
  const [draft, setDraft] = useState<Document>();
  const [problem, setProblem] = useState<string>();
  const refresh = useCallback(async () => {
    try {
      setState(await api<NetworkState>("GET", "/network"));
      const now = await api<NetworkNow>("GET", "/network/now");
      const at = performance.now();
      setSeen((last) => ({
        now,
        at,
        ...(last ? { before: { now: last.now, at: last.at } } : {}),
      }));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  usePolling(refresh, 3000);
  if (!state || !seen)
    return problem ? (
      <Notice kind="error">{problem}</Notice>
    ) : (
      <Spinner label="Asking the box" />
    );
  const { now, before } = seen;
  const document = draft ?? state.document;
  const edit: Edit = (change) => {
    const copy = structuredClone(document);
    change(copy);
    setDraft(
      JSON.stringify(copy) === JSON.stringify(state.document)
        ? undefined
        : copy,
    );
  };
  const settled = async (): Promise<void> => {
    setDraft(undefined);
    await refresh();
  };
  return (
    <>
      <div class="page-head">
        <h1>Network</h1>
      </div>
      {problem && <Notice kind="error">{problem}</Notice>}
      {state.trial && <RunningTrial trial={state.trial} settled={settled} />}
      {now.troubles.map(({ kind, words, advice }) => (
        <Notice key={kind} kind={kind === "double-nat" ? "info" : "error"}>
          <strong>{words}</strong> {advice}
        </Notice>
      ))}
      <div class="columns">
        <div class="column">
          <Card title="Internet" Icon={Globe}>
            <Internet now={now} />
            <LinePast />
            <LineForm wan={document.wan} edit={edit} />
            <SpeedTest wan={state.document.wan} edit={edit} />
          </Card>
          <Card title="Devices" Icon={Router}>
            <Devices
              now={now}
              before={before?.now}
              seconds={before ? (seen.at - before.at) / 1000 : 0}
              document={document}
              edit={edit}
            />
          </Card>
          <Card title="From elsewhere" Icon={Smartphone}>
            <DynamicNameForm name={document.dynamicName} edit={edit} />
            <WayHome
              vpn={document.vpn}
              home={document.lans[0]?.address ?? ""}
              edit={edit}
            />
          </Card>
          <Card title="What comes in" Icon={DoorOpen}>
            <Openings document={document} now={now} edit={edit} />
          </Card>
          <Card title="The firewall in words" Icon={ShieldCheck}>
            <FirewallWords document={state.document} />
          </Card>
          <Card title="Look on the Internet" Icon={Search}>
            <Tools />
          </Card>
          <Card title="Changes" Icon={History}>
            <Past
              state={state}
              choose={(past) => setDraft(past)}
              tried={settled}
            />
          </Card>
        </div>
        <div class="column">
          <Card title="Networks at home" Icon={NetworkIcon}>
            <Lans document={document} former={state.former} edit={edit} />
          </Card>
          <Card title="Wi-Fi" Icon={Wifi}>
            <WifiForm document={document} adapters={now.adapters} edit={edit} />
          </Card>
          <Card title="Names" Icon={BookUser}>
            <Names dns={document.dns} lists={now.lists} edit={edit} />
          </Card>
        </div>
      </div>
      {draft && !state.trial && (
        <Pending
          draft={draft}
          before={state.document}
          discard={() => setDraft(undefined)}
          tried={refresh}
        />
      )}
    </>
  );
}
