import { Activity, HardDrive, PieChart, Sprout } from "lucide-preact";
import { useCallback, useState } from "preact/hooks";
import type { StorageView } from "../../../api/store-routes.ts";
import { api } from "../api.ts";
import { bytes, moment } from "../format.ts";
import { usePolling } from "../live.ts";
import { Bar, Card, Fact, Notice, Spinner } from "../ui.tsx";
import { AddDisk } from "./storage/add-disk.tsx";
import { DiskEntry } from "./storage/disk.tsx";
import { ScrubHistory } from "./storage/history.tsx";
import { ScrubCard } from "./storage/scrub.tsx";

const kinds = {
  files: "Your files",
  objects: "Objects",
  peer: "A friend's data",
};

/** The data disks: their health, what is on them, and what was found and mended. */
export function Storage() {
  const [view, setView] = useState<StorageView>();
  const [problem, setProblem] = useState<string>();
  const refresh = useCallback(async () => {
    try {
      setView(await api<StorageView>("GET", "/store"));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  usePolling(refresh, 2000);
  if (!view)
    return problem ? (
      <Notice kind="error">{problem}</Notice>
    ) : (
      <Spinner label="Asking the box" />
    );
  const lost = view.scrub.last?.lost ?? [];
  const working = view.disks.filter(({ state }) => state === "ok").length;
  const total = view.usage.reduce((sum, one) => sum + one.bytes, 0);
  return (
    <>
      <div class="page-head">
        <h1>Storage</h1>
      </div>
      {problem && <Notice kind="error">{problem}</Notice>}
      {lost.length > 0 && (
        <Notice kind="error">
          {lost.length === 1
            ? "One part of what is stored"
            : `${lost.length} parts of what is stored`}{" "}
          could not be restored. Plug in a disk that is missing, or restore the
          files from another copy.
        </Notice>
      )}
      <div class="columns">
        <div class="column">
          <Card title="Data disks" Icon={HardDrive}>
            <ul class="disks">
              {view.disks.map((disk) => (
                <DiskEntry
                  key={disk.uuid}
                  disk={disk}
                  machine={view.machine.find(({ uuid }) => uuid === disk.uuid)}
                  alone={view.disks.length === 1}
                  refresh={refresh}
                />
              ))}
            </ul>
            <p class="quiet-text">
              {working === 1
                ? "One disk mends what rots on it, and is lost as a whole when it fails. With a second one, everything survives the loss of either."
                : `Files are spread over ${working} disks, so that they survive the loss of one.`}
            </p>
            <AddDisk work={view.work} refresh={refresh} />
          </Card>
          <Card title="What takes the room" Icon={PieChart}>
            {total === 0 ? (
              <p>Nothing is stored yet.</p>
            ) : (
              <ul class="disks">
                {view.usage
                  .filter((one) => one.bytes > 0)
                  .map((one) => (
                    <li key={one.account}>
                      <div class="disk-head">
                        <strong>{kinds[one.kind]}</strong>
                        <span class="quiet-text">
                          {bytes(one.bytes)} in {one.fragments.toLocaleString()}{" "}
                          fragments
                          {one.quota !== null && ` of ${bytes(one.quota)}`}
                        </span>
                      </div>
                      <Bar
                        label={`Share of ${kinds[one.kind]}`}
                        value={one.bytes}
                        of={one.quota ?? total}
                      />
                    </li>
                  ))}
              </ul>
            )}
          </Card>
        </div>
        <div class="column">
          <Card title="Checking and mending" Icon={Activity}>
            <ScrubCard scrub={view.scrub} view={view} refresh={refresh} />
            <ScrubHistory days={view.days} />
          </Card>
          <Card title="What was mended" Icon={Sprout}>
            {view.mendings.length === 0 ? (
              <p>Nothing needed it so far.</p>
            ) : (
              <dl class="facts">
                {view.mendings.slice(0, 12).map((one) => (
                  <Fact
                    key={`${one.at}-${one.block}-${one.segment}-${one.index}`}
                    name={moment(one.at)}
                  >
                    {
                      {
                        rotten: "a rotten fragment was made anew",
                        missing: "a missing fragment was made anew",
                        lost: "a fragment could not be made anew",
                      }[one.cause]
                    }
                  </Fact>
                ))}
              </dl>
            )}
          </Card>
        </div>
      </div>
    </>
  );
}
