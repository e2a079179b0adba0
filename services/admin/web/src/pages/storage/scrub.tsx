import { useState } from "preact/hooks";
import type { StorageView } from "../../../../api/store-routes.ts";
import { api } from "../../api.ts";
import { bytes, moment } from "../../format.ts";
import { Bar, Dialog, Fact, Form, Notice, NumberField } from "../../ui.tsx";

const day = 86_400_000;

/** How the reading of everything goes, and how the owner wants it. */
export function ScrubCard({
  scrub,
  view,
  refresh,
}: {
  scrub: StorageView["scrub"];
  view: StorageView;
  refresh: () => Promise<void>;
}) {
  const { settings, progress, last } = scrub;
  const [editing, setEditing] = useState(false);
  const paused = settings.pausedUntil > Date.now();
  const save = async (changed: Partial<typeof settings>): Promise<void> => {
    await api("PUT", "/store/settings", {
      scrub: { ...settings, ...changed },
      quotas: view.usage
        .filter(({ quota }) => quota !== null)
        .map(({ account, quota }) => ({ account, bytes: quota })),
    });
    setEditing(false);
    await refresh();
  };
  return (
    <>
      {progress && (
        <>
          <Bar
            label="Read in this pass"
            value={progress.verified}
            of={progress.total}
          />
          <p class="quiet-text">
            {bytes(progress.verified)} of {bytes(progress.total)} read,{" "}
            {progress.mended} fragments mended
          </p>
        </>
      )}
      <dl class="facts">
        <Fact name="Now">
          {paused
            ? `rests until ${moment(settings.pausedUntil)}`
            : progress
              ? "reading"
              : "nothing is due"}
        </Fact>
        <Fact name="Everything is read">
          every {settings.periodDays} days, at most {bytes(settings.rate)} a
          second
        </Fact>
        {last && (
          <Fact name="Last pass">
            {moment(last.ended)}: {bytes(last.verified)} read,{" "}
            {last.damaged === 0
              ? "all of it sound"
              : `${last.damaged} fragments damaged, ${last.mended} mended`}
          </Fact>
        )}
      </dl>
      {last && last.damaged === 0 && (
        <Notice kind="good">The last pass found nothing wrong.</Notice>
      )}
      <div class="actions start">
        <button
          type="button"
          disabled={progress !== undefined && paused}
          onClick={async () => {
            await api("POST", "/store/scrub");
            await refresh();
          }}
        >
          Check everything now
        </button>
        <button
          type="button"
          onClick={() =>
            void save({ pausedUntil: paused ? 0 : Date.now() + day })
          }
        >
          {paused ? "Go on" : "Rest for a day"}
        </button>
        <button type="button" onClick={() => setEditing(true)}>
          Change the pace
        </button>
      </div>
      {editing && (
        <PaceDialog
          settings={settings}
          save={save}
          close={() => setEditing(false)}
        />
      )}
    </>
  );
}

function PaceDialog({
  settings,
  save,
  close,
}: {
  settings: StorageView["scrub"]["settings"];
  save: (changed: { periodDays: number; rate: number }) => Promise<void>;
  close: () => void;
}) {
  const [days, setDays] = useState(String(settings.periodDays));
  const [rate, setRate] = useState(String(settings.rate / 1e6));
  return (
    <Dialog title="The pace of checking" close={close}>
      <Form
        action="Save"
        submit={async () =>
          await save({
            periodDays: Number(days),
            rate: Math.round(Number(rate) * 1e6),
          })
        }
      >
        <NumberField
          label="Days in which everything is read once"
          name="days"
          min={1}
          max={3650}
          value={days}
          change={setDays}
        />
        <NumberField
          label="Megabytes a second at most"
          name="rate"
          min={0.1}
          max={10000}
          fine
          hint="It waits anyway while somebody uses the disks."
          value={rate}
          change={setRate}
        />
      </Form>
    </Dialog>
  );
}
