import { ArrowDown, Download, History } from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Act, ActivityPart } from "../../../../activity/api.ts";
import { api } from "../../api.ts";
import { browserName } from "../../browser-name.ts";
import { moment } from "../../format.ts";
import { SearchField } from "../../search-field.tsx";
import { Card, Notice, Spinner } from "../../ui.tsx";

const count = 50;

/** Who did what to the box. */
export function Activity() {
  const [search, setSearch] = useState("");
  return (
    <Card title="Who did what" Icon={History}>
      <p>
        It is kept for two years among your files, signed by this box, and comes
        back with them. What happens to files is in their own history.
      </p>
      <div class="activity-head">
        <SearchField settle={setSearch} />
        <a class="button" href="/api/activity/export" download>
          <Download size={18} aria-hidden="true" /> Save all of it
        </a>
      </div>
      {/* Another question is another list. */}
      <Acts key={search} search={search} />
    </Card>
  );
}

function Acts({ search }: { search: string }) {
  const [part, setPart] = useState<ActivityPart>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const more = useCallback(
    async (before?: number): Promise<void> => {
      setBusy(true);
      try {
        const query = new URLSearchParams({
          count: String(count),
          ...(search === "" ? {} : { search }),
          ...(before === undefined ? {} : { before: String(before) }),
        });
        const next = await api<ActivityPart>("GET", `/activity?${query}`);
        setPart((old) => ({
          acts: [...(old?.acts ?? []), ...next.acts],
          more: next.more,
        }));
        setProblem(undefined);
      } catch (error) {
        setProblem((error as Error).message);
      }
      setBusy(false);
    },
    [search],
  );
  useEffect(() => void more(), [more]);
  return (
    <>
      {problem && <Notice kind="error">{problem}</Notice>}
      {!part && !problem && <Spinner label="Loading" />}
      {part?.acts.length === 0 && (
        <p class="quiet-text">Nothing was done that fits.</p>
      )}
      {part && part.acts.length > 0 && (
        <ul class="files" aria-label="Acts">
          {part.acts.map((act) => (
            <Line key={act.at} act={act} />
          ))}
        </ul>
      )}
      {part?.more && (
        <div class="actions start">
          <button
            type="button"
            disabled={busy}
            onClick={() => more(part.acts.at(-1)?.at)}
          >
            <ArrowDown size={18} aria-hidden="true" /> Earlier
          </button>
        </div>
      )}
    </>
  );
}

function Line({ act: { at, who, by, act, about, refused } }: { act: Act }) {
  return (
    <li class="file-line">
      <div class="grow">
        <strong>
          {refused ? `Somebody tried to ${act}` : `${who ?? "Somebody"} ${act}`}
          {about && `: ${about}`}
        </strong>
        <span class="quiet-text">
          {moment(at)} · {origin(by)}
        </span>
      </div>
      {refused && <span class="badge failing">refused</span>}
    </li>
  );
}

function origin(by: Act["by"]): string {
  switch (by.kind) {
    case "browser":
      return `${browserName(by.agent)}, ${by.address}`;
    case "token":
      return `a script, by the token “${by.name}”`;
    case "box":
      return "the coppice command on the box";
  }
}
