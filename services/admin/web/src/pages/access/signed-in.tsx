import { LogOut, MonitorSmartphone } from "lucide-preact";
import { useCallback, useState } from "preact/hooks";
import type { SignedIn as Browser } from "../../../../api/session-routes.ts";
import { api } from "../../api.ts";
import { browserName } from "../../browser-name.ts";
import { moment } from "../../format.ts";
import { usePolling } from "../../live.ts";
import { Card, Notice, Spinner } from "../../ui.tsx";

const period = 15_000;

/** Browsers that are signed in, each of which can be signed out. */
export function SignedIn() {
  const [browsers, setBrowsers] = useState<Browser[]>();
  const [problem, setProblem] = useState<string>();
  const refresh = useCallback(async (): Promise<void> => {
    try {
      setBrowsers(await api<Browser[]>("GET", "/sessions"));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  usePolling(refresh, period);
  const end = async (path: string): Promise<void> => {
    try {
      await api("DELETE", path);
    } catch (error) {
      setProblem((error as Error).message);
    }
    await refresh();
  };
  return (
    <Card title="Signed in" Icon={MonitorSmartphone}>
      <p>
        A browser is signed out after twelve hours, when the password is
        changed, and when the box restarts.
      </p>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!browsers && !problem && <Spinner label="Loading" />}
      {browsers && (
        <ul class="files">
          {browsers.map(({ id, here, agent, address, started, seen }) => (
            <li key={id} class="file-line">
              <MonitorSmartphone size={18} aria-hidden="true" />
              <div class="grow">
                <strong>{browserName(agent)}</strong>
                <span class="quiet-text">
                  {address} · since {moment(started)}
                  {!here && ` · last here ${moment(seen)}`}
                </span>
              </div>
              {here ? (
                <span class="badge">this one</span>
              ) : (
                <button
                  type="button"
                  class="icon"
                  aria-label={`Sign ${browserName(agent)} at ${address} out`}
                  onClick={() => end(`/sessions/${id}`)}
                >
                  <LogOut size={18} aria-hidden="true" />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {browsers && browsers.length > 1 && (
        <div class="actions start">
          <button type="button" onClick={() => end("/sessions")}>
            <LogOut size={18} aria-hidden="true" /> Sign all others out
          </button>
        </div>
      )}
    </Card>
  );
}
