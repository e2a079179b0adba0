import {
  Bell,
  Fingerprint,
  FolderOpen,
  HardDrive,
  House,
  LogOut,
  Network as NetworkIcon,
  Search as SearchIcon,
  Settings,
  SquareTerminal,
  Users,
} from "lucide-preact";
import { lazy, Suspense } from "preact/compat";
import { useCallback, useEffect, useState } from "preact/hooks";
import { Link, Redirect, Route, Switch, useLocation } from "wouter-preact";
import type { NoticesState } from "../../notices/api.ts";
import { api, ProblemError } from "./api.ts";
import { usePolling } from "./live.ts";
import { Access } from "./pages/access.tsx";
import { Files } from "./pages/files.tsx";
import { Friends } from "./pages/friends.tsx";
import { Home } from "./pages/home.tsx";
import { Identity } from "./pages/identity.tsx";
import { Logs } from "./pages/logs.tsx";
import { KeepHere } from "./pages/network/trial.tsx";
import { Network } from "./pages/network.tsx";
import { Notices } from "./pages/notices.tsx";
import { Past } from "./pages/past.tsx";
import { Recovery } from "./pages/recovery.tsx";
import { Setup } from "./pages/setup.tsx";
import { Shared } from "./pages/shared.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { Storage } from "./pages/storage.tsx";
import { System } from "./pages/system.tsx";
import { Search, useSearchKey } from "./search/search.tsx";
import { Notice, Spinner } from "./ui.tsx";

// xterm.js is as large as all other pages together.
const Terminal = lazy(async () => ({
  default: (await import("./pages/terminal.tsx")).Terminal,
}));

type Unseen = Pick<NoticesState, "unseen">;

/** Who is signed in, as GET /api/session tells. */
export interface Session {
  claimed: boolean;
  access: "none" | "setup" | "owner";
  name?: string;
  /** Whether the owner has any. */
  passkeys: boolean;
  /** The box is in its recovery. */
  recovery?: boolean;
}

const places = [
  { path: "/", name: "Home", Icon: House },
  { path: "/files", name: "Files", Icon: FolderOpen },
  { path: "/friends", name: "Friends", Icon: Users },
  { path: "/network", name: "Network", Icon: NetworkIcon },
  { path: "/storage", name: "Storage", Icon: HardDrive },
  { path: "/identity", name: "Identity", Icon: Fingerprint },
  { path: "/terminal", name: "Terminal", Icon: SquareTerminal },
  { path: "/system", name: "System", Icon: Settings },
];

/** The whole admin; for whoever came with a link, what was shared with him; after a change of the box's address, its end. */
export function App() {
  const [keep] = useState(
    () => /^#keep=([\w-]{1,64})$/.exec(location.hash)?.[1],
  );
  if (location.pathname === "/shared") return <Shared />;
  return keep === undefined ? <Admin /> : <KeepHere token={keep} />;
}

/** The setup, the sign-in, or the pages, as the session allows. */
function Admin() {
  const [session, setSession] = useState<Session>();
  const [problem, setProblem] = useState<string>();
  const refresh = useCallback(async () => {
    try {
      setSession(await api<Session>("GET", "/session"));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  useEffect(() => void refresh(), [refresh]);
  useEffect(() => {
    if (!problem) return;
    const timer = setInterval(refresh, 2000);
    return () => clearInterval(timer);
  }, [problem, refresh]);
  useEffect(() => {
    // A call that finds the session gone leads back to the sign-in.
    const onRejection = (event: PromiseRejectionEvent): void => {
      if (event.reason instanceof ProblemError && event.reason.status === 401)
        void refresh();
    };
    addEventListener("unhandledrejection", onRejection);
    return () => removeEventListener("unhandledrejection", onRejection);
  }, [refresh]);

  if (problem)
    return (
      <main class="narrow">
        <Notice kind="error">{problem}</Notice>
      </main>
    );
  if (!session)
    return (
      <main class="narrow">
        <Spinner label="Loading" />
      </main>
    );
  if (session.recovery) return <Recovery session={session} refresh={refresh} />;
  if (!session.claimed) return <Setup session={session} refresh={refresh} />;
  if (session.access !== "owner")
    return <SignIn session={session} refresh={refresh} />;
  return <Pages session={session} refresh={refresh} />;
}

/** Milliseconds between two looks whether there is something to tell. */
const noticePeriod = 30_000;

function Pages({
  session,
  refresh,
}: {
  session: Session;
  refresh: () => Promise<void>;
}) {
  const [unseen, setUnseen] = useState(0);
  const [searching, setSearching] = useState(false);
  useSearchKey(() => setSearching(true));
  useEffect(() => {
    // The router says so; whoever goes back is left to the browser, which knows where he was.
    const top = (): void => window.scrollTo(0, 0);
    addEventListener("pushState", top);
    return () => removeEventListener("pushState", top);
  }, []);
  const look = useCallback(async (): Promise<void> => {
    // A box that does not answer is what the pages themselves tell of.
    const told = await api<Unseen>("GET", "/notices/unseen").catch(() => null);
    if (told) setUnseen(told.unseen);
  }, []);
  usePolling(look, noticePeriod);
  const seen = useCallback(() => setUnseen(0), []);
  return (
    <div class="frame">
      <Navigation
        session={session}
        refresh={refresh}
        unseen={unseen}
        search={() => setSearching(true)}
      />
      {searching && <Search close={() => setSearching(false)} />}
      <main>
        <Suspense fallback={<Spinner label="Loading" />}>
          <Switch>
            <Route path="/" component={Home} />
            <Route path="/files" component={Files} />
            <Route path="/friends" component={Friends} />
            <Route path="/network" component={Network} />
            <Route path="/storage" component={Storage} />
            <Route path="/identity" component={Identity} />
            <Route path="/terminal" component={Terminal} />
            <Route path="/system" component={System} />
            <Route path="/system/access" component={Access} />
            <Route path="/system/log" component={Logs} />
            <Route path="/system/past" component={Past} />
            <Route path="/notices">
              <Notices seen={seen} />
            </Route>
            <Route>
              <Redirect to="/" replace />
            </Route>
          </Switch>
        </Suspense>
      </main>
    </div>
  );
}

function Navigation({
  session,
  refresh,
  unseen,
  search,
}: {
  session: Session;
  refresh: () => Promise<void>;
  unseen: number;
  search: () => void;
}) {
  const [location] = useLocation();
  return (
    <header class="navigation">
      <a class="brand" href="/">
        <img src="/icon.svg" width="32" height="32" alt="" /> Coppice
      </a>
      <button
        type="button"
        class="search-button"
        aria-keyshortcuts="/"
        onClick={search}
      >
        <SearchIcon size={20} aria-hidden="true" /> <span>Search</span>{" "}
        <i aria-hidden="true">/</i>
      </button>
      <nav aria-label="Pages">
        {places.map(({ path, name, Icon }) => (
          <Link
            key={path}
            href={path}
            aria-current={
              location === path || location.startsWith(`${path}/`)
                ? "page"
                : undefined
            }
          >
            <Icon size={20} aria-hidden="true" /> <span>{name}</span>
          </Link>
        ))}
      </nav>
      <Link
        class="bell"
        href="/notices"
        aria-current={location === "/notices" ? "page" : undefined}
        aria-label={unseen > 0 ? `Notices, ${unseen} new` : "Notices"}
      >
        <Bell size={20} aria-hidden="true" /> <span>Notices</span>
        {unseen > 0 && <strong>{unseen}</strong>}
      </Link>
      <button
        type="button"
        class="quiet sign-out"
        onClick={async () => {
          await api("DELETE", "/session");
          await refresh();
        }}
      >
        <LogOut size={18} aria-hidden="true" />{" "}
        <span>Sign out {session.name}</span>
      </button>
    </header>
  );
}
