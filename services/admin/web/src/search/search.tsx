import {
  File as FileIcon,
  Folder,
  LayoutDashboard,
  MonitorSmartphone,
  Settings2,
  Users,
} from "lucide-preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import type { NetworkNow } from "../../../../host/client.ts";
import type { FoundNames, FriendsState } from "../../../../node/client.ts";
import { fold } from "../../../../shared/fold.ts";
import { api } from "../api.ts";
import { makerOf } from "../maker.ts";
import { findPlaces, fits } from "./places.ts";
import { reach } from "./reach.ts";

/** Something that was found. */
interface Hit {
  Icon: typeof FileIcon;
  name: string;
  /** What and where it is. */
  where: string;
  path: string;
  heading?: string;
}

/** Milliseconds after the last key before the box is asked. */
const typing = 200;
/** Hits of a kind that are shown. */
const most = 8;

/** Calls `open` for "/" and Ctrl+K, where nobody is typing. */
export function useSearchKey(open: () => void): void {
  const latest = useRef(open);
  latest.current = open;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { target, key, ctrlKey, metaKey, altKey } = event;
      const isWriting =
        target instanceof HTMLElement &&
        target.closest("input, textarea, select, dialog, .xterm") !== null;
      const slash = key === "/" && !ctrlKey && !metaKey && !altKey;
      const letter = key.toLowerCase() === "k" && (ctrlKey || metaKey);
      if (isWriting || !(slash || letter)) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** Finds pages, settings, devices, friends and files by their names. */
export function Search({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useId();
  const [, navigate] = useLocation();
  const [typed, setTyped] = useState("");
  const [known, setKnown] = useState<Known>();
  const [files, setFiles] = useState<{ of: string; hits: Hit[] }>();
  const [chosen, setChosen] = useState(0);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => void loadKnown().then(setKnown), []);
  const wanted = typed.trim();
  useEffect(() => {
    setChosen(0);
    if (wanted === "") return;
    let current = true;
    const timer = setTimeout(() => {
      // What does not answer has no hits; its page says why.
      void fileHits(wanted).then(
        (hits) => current && setFiles({ of: wanted, hits }),
      );
    }, typing);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [wanted]);
  const hits =
    wanted === ""
      ? []
      : [
          ...placeHits(wanted),
          ...(known ? knownHits(known, wanted) : []),
          ...(files?.hits ?? []),
        ];
  const isWhole = known !== undefined && files?.of === wanted;
  const go = (hit: Hit | undefined): void => {
    if (!hit) return;
    close();
    // A page that is there already does not look at its address again.
    if (hit.path.startsWith("/files?")) {
      history.pushState(null, "", hit.path);
      dispatchEvent(new PopStateEvent("popstate"));
    } else navigate(hit.path);
    if (hit.heading) reach(hit.heading);
  };
  const move = (by: number): void => {
    if (hits.length > 0) setChosen((chosen + by + hits.length) % hits.length);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog without any handler
    <dialog
      ref={dialog}
      class="search"
      aria-label="Search"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <input
        type="search"
        role="combobox"
        aria-label="What are you looking for?"
        aria-controls={list}
        aria-expanded={hits.length > 0}
        aria-activedescendant={
          hits.length > 0 ? `${list}-${chosen}` : undefined
        }
        autocomplete="off"
        placeholder="A page, a setting, a device, a friend, a file"
        maxLength={200}
        value={typed}
        onInput={({ currentTarget: { value } }) => setTyped(value)}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") move(1);
          else if (event.key === "ArrowUp") move(-1);
          else if (event.key === "Enter") go(hits[chosen]);
          // Chromium's would empty the field first.
          else if (event.key === "Escape") close();
          else return;
          event.preventDefault();
        }}
      />
      <div id={list} role="listbox" aria-label="What was found">
        {hits.map((hit, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the field above keeps the focus
          <div
            key={`${hit.path} ${hit.heading ?? ""} ${hit.name}`}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === chosen}
            class="hit"
            ref={(element) => {
              if (index === chosen)
                element?.scrollIntoView({ block: "nearest" });
            }}
            onClick={() => go(hit)}
          >
            <hit.Icon size={18} aria-hidden="true" />
            <span class="grow">
              <strong>{hit.name}</strong>
              <span class="quiet-text">{hit.where}</span>
            </span>
          </div>
        ))}
      </div>
      <p class="quiet-text" role="status">
        {wanted !== "" &&
          (hits.length > 0
            ? ""
            : isWhole
              ? "Nothing is called so."
              : "Looking …")}
      </p>
    </dialog>
  );
}

function placeHits(wanted: string): Hit[] {
  return findPlaces(wanted)
    .slice(0, most)
    .map(({ name, path, page, heading }) => ({
      Icon: page === undefined ? LayoutDashboard : Settings2,
      name,
      where: page === undefined ? "Page" : page,
      path,
      ...(heading === undefined ? {} : { heading }),
    }));
}

/** Devices at home and friends, each with all that it may be looked for by. */
interface Known {
  devices: { hit: Hit; said: string }[];
  people: { hit: Hit; said: string }[];
}

/** Asks the box once for as long as the search is open. */
async function loadKnown(): Promise<Known> {
  const [now, friends] = await Promise.all([
    api<NetworkNow>("GET", "/network/now").catch(() => null),
    api<FriendsState>("GET", "/friends").catch(() => null),
  ]);
  const devices = await Promise.all(
    (now?.devices ?? []).map(async ({ name, address, mac }) => {
      const maker = await makerOf(mac);
      const hit: Hit = {
        Icon: MonitorSmartphone,
        name: name || address || mac,
        where: ["Device", maker, address].filter(Boolean).join(" · "),
        path: "/network",
        heading: "Devices",
      };
      return { hit, said: [name, address, mac, maker].join(" ") };
    }),
  );
  const people = (friends?.friends ?? []).map(({ name }) => ({
    hit: { Icon: Users, name, where: "Friend", path: "/friends" },
    said: name,
  }));
  return { devices, people };
}

function knownHits({ devices, people }: Known, wanted: string): Hit[] {
  const words = fold(wanted).split(/\s+/);
  const found = [
    devices.filter(
      ({ said }) =>
        fits(said, words) || said.toLowerCase().includes(fold(wanted)),
    ),
    people.filter(({ said }) => fits(said, words)),
  ];
  return found.flatMap((kind) => kind.slice(0, most)).map(({ hit }) => hit);
}

async function fileHits(wanted: string): Promise<Hit[]> {
  const query = new URLSearchParams({ words: wanted, limit: String(2 * most) });
  const { entries } = await api<FoundNames>(
    "GET",
    `/files/search?${query}`,
  ).catch(() => ({ entries: [] }));
  return entries.map(({ path, entry: { name, kind } }) => {
    const folder = path.slice(0, path.lastIndexOf("/")) || "/";
    const isFolder = kind === "directory";
    return {
      Icon: isFolder ? Folder : FileIcon,
      name,
      where: `${isFolder ? "Folder" : "File"} in ${folder}`,
      path: `/files?${new URLSearchParams({ path: isFolder ? path : folder })}`,
    };
  });
}
