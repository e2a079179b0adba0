import { BellRing, History, RotateCw } from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type {
  NoticeSettings,
  NoticesState,
  Notice as Told,
} from "../../../notices/api.ts";
import { api } from "../api.ts";
import { moment } from "../format.ts";
import { usePolling } from "../live.ts";
import { Card, Notice, Spinner } from "../ui.tsx";
import { ToProgram } from "./notices/hook.tsx";
import { Silence } from "./notices/kinds.tsx";
import { ByMail } from "./notices/mail.tsx";
import { ToSmartHome } from "./notices/smart-home.tsx";

const period = 15_000;

/** Keeps settings of how to tell, and shows what came of it. */
export type Keep = (settings: NoticeSettings) => Promise<void>;

/** What is wrong with the box and what was, and how its owner is told. */
export function Notices({ seen }: { seen: () => void }) {
  const [state, setState] = useState<NoticesState>();
  const [problem, setProblem] = useState<string>();
  const refresh = useCallback(async (): Promise<void> => {
    try {
      setState(await api<NoticesState>("GET", "/notices"));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  usePolling(refresh, period);
  const unseen = state?.unseen ?? 0;
  useEffect(() => {
    if (unseen > 0) void api("POST", "/notices/seen").then(seen, () => {});
  }, [unseen, seen]);
  const look = async (): Promise<void> => {
    try {
      setState(await api<NoticesState>("POST", "/notices/look"));
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const keep: Keep = async (settings) =>
    setState(await api<NoticesState>("PUT", "/notices/settings", settings));
  const now = state?.notices.filter(({ until }) => until === null) ?? [];
  const past = state?.notices.filter(({ until }) => until !== null) ?? [];
  return (
    <>
      <div class="page-head">
        <h1>Notices</h1>
        <div class="actions">
          <button type="button" onClick={look}>
            <RotateCw size={18} aria-hidden="true" /> <span>Look now</span>
          </button>
        </div>
      </div>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!state && !problem && <Spinner label="Loading" />}
      {state && (
        <>
          {now.length === 0 ? (
            <Notice kind="good">
              Nothing needs you. The box looks once a minute, and tells you here
              and by the ways below.
            </Notice>
          ) : (
            <Card title="Now" Icon={BellRing}>
              <List notices={now} />
            </Card>
          )}
          <div class="grid">
            <ByMail state={state} keep={keep} told={setState} />
            <ToProgram state={state} keep={keep} told={setState} />
            <ToSmartHome />
          </div>
          <Silence settings={state.settings} keep={keep} />
          {past.length > 0 && (
            <Card title="Before" Icon={History}>
              <List notices={past} />
            </Card>
          )}
        </>
      )}
    </>
  );
}

const places: Record<string, string> = {
  "/storage": "Storage",
  "/network": "Network",
  "/friends": "Friends",
  "/system": "System",
  "/system/access": "Access",
};

function List({ notices }: { notices: readonly Told[] }) {
  return (
    <ul class="files">
      {notices.map((one) => (
        <li key={one.id} class="file-line">
          <div class="grow">
            <strong>{one.words}</strong>
            {one.until === null && one.advice && <span>{one.advice}</span>}
            <span class="quiet-text">
              {when(one)}
              {one.times > 1 && `, ${one.times} times`}
              {places[one.page] && (
                <>
                  {" · "}
                  <Link href={one.page}>{places[one.page]}</Link>
                </>
              )}
            </span>
          </div>
          {one.until === null && (
            <span class={one.tone === "trouble" ? "badge failing" : "badge"}>
              {one.tone === "trouble" ? "trouble" : "news"}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function when({ since, until }: Told): string {
  if (until === null) return `Since ${moment(since)}`;
  return until === since
    ? moment(since)
    : `${moment(since)} to ${moment(until)}`;
}
