import { ArrowUp, Pause, Play, ScrollText } from "lucide-preact";
import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "preact/hooks";
import type { LogFilter, LogLine, LogPart } from "../../../../host/client.ts";
import { api } from "../api.ts";
import { SearchField } from "../search-field.tsx";
import { Notice, Spinner, Tabs } from "../ui.tsx";

const count = 200;
/** Lines that a page holds while more come. */
const most = 3000;
const levels = [
  [undefined, "All"],
  [4, "Warnings"],
  [3, "Errors"],
] as const;

/** The box's log: by service, by how bad it is, with a word in it, and live. */
export function Logs() {
  const [services, setServices] = useState<string[]>([]);
  const [service, setService] = useState<string>();
  const [priority, setPriority] = useState<number>();
  const [search, setSearch] = useState("");
  const [live, setLive] = useState(true);
  useEffect(() => {
    api<string[]>("GET", "/log/services").then(setServices, () => {});
  }, []);
  const filter: LogFilter = {
    ...(service === undefined ? {} : { service }),
    ...(priority === undefined ? {} : { priority }),
    ...(search === "" ? {} : { search }),
  };
  return (
    <>
      <div class="page-head">
        <h1>Log</h1>
        <div class="actions">
          <button
            type="button"
            aria-pressed={live}
            onClick={() => setLive(!live)}
          >
            {live ? (
              <Pause size={18} aria-hidden="true" />
            ) : (
              <Play size={18} aria-hidden="true" />
            )}{" "}
            <span>{live ? "Stop here" : "Go on live"}</span>
          </button>
        </div>
      </div>
      <section class="card">
        <div class="log-filter">
          <div class="field">
            <label for="log-service">Who wrote</label>
            <select
              id="log-service"
              value={service ?? ""}
              onChange={({ currentTarget: { value } }) =>
                setService(value === "" ? undefined : value)
              }
            >
              <option value="">everybody</option>
              {services.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </div>
          <SearchField settle={setSearch} />
          <Tabs
            legend="How bad"
            options={levels}
            value={priority}
            choose={setPriority}
          />
        </div>
        {/* Another question is another list. */}
        <Lines key={JSON.stringify(filter)} filter={filter} live={live} />
      </section>
    </>
  );
}

function Lines({ filter, live }: { filter: LogFilter; live: boolean }) {
  const [part, setPart] = useState<LogPart>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  /** Whoever reads further up is left there. */
  const follows = useRef(true);
  const query = useCallback(
    (other: Record<string, string>): string =>
      new URLSearchParams([
        ...Object.entries(filter).map(([name, value]) => [name, String(value)]),
        ...Object.entries(other),
      ] as [string, string][]).toString(),
    [],
  );
  const earlier = useCallback(async (before?: string): Promise<void> => {
    setBusy(true);
    try {
      const asked = query({
        count: String(count),
        ...(before === undefined ? {} : { before }),
      });
      const { lines, more } = await api<LogPart>("GET", `/log?${asked}`);
      setPart((old) => ({ lines: [...lines, ...(old?.lines ?? [])], more }));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
    setBusy(false);
  }, []);
  useEffect(() => void earlier(), [earlier]);
  const isThere = part !== undefined;
  useEffect(() => {
    if (!live || !isThere) return;
    const last = part.lines.at(-1)?.cursor;
    const events = new EventSource(
      `/api/log/events?${query(last === undefined ? {} : { after: last })}`,
    );
    events.addEventListener("message", ({ data }) => {
      const line = JSON.parse(data) as LogLine;
      setPart((old) => {
        const lines = old?.lines ?? [];
        // After a pause of the line it says again what is here.
        if (lines.some(({ cursor }) => cursor === line.cursor))
          return old as LogPart;
        return {
          lines: [...lines, line].slice(-most),
          more: (old?.more ?? false) || lines.length >= most,
        };
      });
    });
    return () => events.close();
  }, [live, isThere]);
  const newest = part?.lines.at(-1)?.cursor;
  useLayoutEffect(() => {
    const { current } = list;
    if (live && current && follows.current)
      current.scrollTop = current.scrollHeight;
  }, [newest, live]);
  if (problem && !part) return <Notice kind="error">{problem}</Notice>;
  if (!part) return <Spinner label="Reading the log" />;
  const [first] = part.lines;
  return (
    <>
      {problem && <Notice kind="error">{problem}</Notice>}
      {part.more && first && (
        <div class="actions start">
          <button
            type="button"
            disabled={busy}
            onClick={() => earlier(first.cursor)}
          >
            <ArrowUp size={18} aria-hidden="true" /> Earlier
          </button>
        </div>
      )}
      {part.lines.length === 0 ? (
        <p class="quiet-text">
          <ScrollText size={18} aria-hidden="true" /> Nothing was written that
          fits.
        </p>
      ) : (
        <div
          class="log"
          ref={list}
          onScroll={({
            currentTarget: { scrollTop, scrollHeight, clientHeight },
          }) => {
            follows.current = scrollHeight - scrollTop - clientHeight < 60;
          }}
          role="log"
          aria-label="Lines of the log"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and is read by keyboard too
          tabIndex={0}
        >
          {part.lines.map((line) => (
            <Line key={line.cursor} line={line} />
          ))}
        </div>
      )}
    </>
  );
}

function Line({ line: { at, service, priority, message } }: { line: LogLine }) {
  const tone = priority <= 3 ? "bad" : priority === 4 ? "warn" : "";
  return (
    <div class={`log-line ${tone}`}>
      <time dateTime={new Date(at).toISOString()}>{clock(at)}</time>
      <span class="who">{service}</span>
      <span class="what">{message}</span>
    </div>
  );
}

function clock(at: number): string {
  const time = new Date(at);
  const day = time.toLocaleDateString(undefined, {
    month: "short",
    day: "numeric",
  });
  return `${day} ${time.toLocaleTimeString(undefined, { hourCycle: "h23" })}`;
}
