import { useState } from "preact/hooks";
import type { StorageView } from "../../../../api/store-routes.ts";
import { api } from "../../api.ts";
import { bytes, duration } from "../../format.ts";
import { Bar, Dialog, Form, Notice, PasswordField } from "../../ui.tsx";

type Disk = StorageView["disks"][number];
type Machine = StorageView["machine"][number];

const states = {
  ok: "in use",
  draining: "being emptied",
  failed: "failed",
  missing: "not there",
};

/** A data disk: how full and how healthy it is, and how to take it out. */
export function DiskEntry({
  disk,
  machine,
  alone,
  refresh,
}: {
  disk: Disk;
  machine: Machine | undefined;
  alone: boolean;
  refresh: () => Promise<void>;
}) {
  const [asking, setAsking] = useState<"drain" | "remove" | "key">();
  const name = machine
    ? [machine.model, machine.serial].filter(Boolean).join(" ")
    : `Disk ${disk.uuid.slice(0, 8)}`;
  const empty = disk.stored === 0;
  const tone =
    disk.state === "failed" || disk.state === "missing" ? "failing" : "good";
  const act = async (path: string, body?: unknown): Promise<void> => {
    await api(
      body ? "POST" : "DELETE",
      `/store/disks/${disk.uuid}${path}`,
      body,
    );
    setAsking(undefined);
    await refresh();
  };
  return (
    <li>
      <div class="disk-head">
        <strong>{name}</strong>
        <span class="quiet-text">
          {[
            disk.total > 0 && bytes(disk.total),
            machine?.temperature != null && `${machine.temperature} °C`,
            machine?.hours != null &&
              `has run ${duration(machine.hours * 3600)}`,
          ]
            .filter(Boolean)
            .join(" · ")}
        </span>
        <span class={`badge ${tone}`}>{states[disk.state]}</span>
        {machine && machine.health !== "unknown" && (
          <span class={`badge ${machine.health}`}>
            {machine.health === "good" ? "healthy" : "failing"}
          </span>
        )}
      </div>
      {disk.total > 0 && (
        <>
          <Bar
            label={`Use of ${name}`}
            value={disk.stored}
            of={disk.stored + disk.free}
            tone={
              disk.stored / (disk.stored + disk.free) > 0.9 ? "warn" : "normal"
            }
          />
          <span class="quiet-text">
            {bytes(disk.stored)} stored, {bytes(disk.free)} free
            {disk.mended > 0 && `, ${disk.mended} fragments mended`}
            {disk.readErrors > 0 && `, ${disk.readErrors} reads refused`}
          </span>
        </>
      )}
      {machine?.warnings.map((warning) => (
        <Notice key={warning} kind="error">
          The disk reports: {warning}. Add another and empty this one.
        </Notice>
      ))}
      {disk.failure && <Notice kind="error">{disk.failure}</Notice>}
      {disk.state === "draining" && disk.draining !== undefined && (
        <>
          <Bar
            label={`Emptying ${name}`}
            value={disk.draining - disk.stored}
            of={disk.draining}
          />
          <span class="quiet-text">
            {empty
              ? "It is empty and can be taken out."
              : `${bytes(disk.stored)} still to move`}
          </span>
        </>
      )}
      <div class="actions start">
        {disk.state === "ok" && !alone && (
          <button type="button" onClick={() => setAsking("drain")}>
            Empty it
          </button>
        )}
        {(disk.state === "missing" || disk.state === "failed") && (
          <button
            type="button"
            onClick={async () => {
              await api("POST", "/store/rescan");
              await refresh();
            }}
          >
            Try again
          </button>
        )}
        {disk.state === "draining" && (
          <button
            type="button"
            onClick={() => void act("/drain", { drain: false })}
          >
            Keep it
          </button>
        )}
        {(disk.state === "missing" ||
          (disk.state === "failed" && !alone) ||
          (disk.state === "draining" && empty)) && (
          <button
            type="button"
            class="danger"
            onClick={() => setAsking("remove")}
          >
            Remove
          </button>
        )}
        {(disk.state === "ok" || disk.state === "draining") && (
          <button type="button" onClick={() => setAsking("key")}>
            New recovery key
          </button>
        )}
      </div>
      {asking === "drain" && (
        <Dialog title={`Empty ${name}?`} close={() => setAsking(undefined)}>
          <p>
            {bytes(disk.stored)} move to the other disks. Everything stays
            available meanwhile; then this disk can be taken out.
          </p>
          <Form
            action="Empty it"
            submit={async () => await act("/drain", { drain: true })}
          />
        </Dialog>
      )}
      {asking === "remove" && (
        <Dialog title={`Remove ${name}?`} close={() => setAsking(undefined)}>
          <p>
            {empty && disk.state === "draining"
              ? "It is empty. The box closes it, and you can unplug it."
              : "What was only on this disk is lost. The box makes anew what the other disks allow."}
          </p>
          <Form
            action="Remove"
            tone="danger"
            submit={async () => await act("")}
          />
        </Dialog>
      )}
      {asking === "key" && (
        <RecoveryKeyDialog
          uuid={disk.uuid}
          name={name}
          close={() => setAsking(undefined)}
        />
      )}
    </li>
  );
}

function RecoveryKeyDialog({
  uuid,
  name,
  close,
}: {
  uuid: string;
  name: string;
  close: () => void;
}) {
  const [password, setPassword] = useState("");
  const [key, setKey] = useState<string>();
  return (
    <Dialog title={`Recovery key of ${name}`} close={close}>
      {key ? (
        <>
          <p>
            Write it down: it opens this disk in any machine, and it is shown
            this once.
          </p>
          <p class="secret groups">
            {key.split("-").map((group, index) => (
              <span key={`${index}-${group}`}>
                <small>{index + 1}</small> {group}
              </span>
            ))}
          </p>
          <div class="actions">
            <button type="button" class="primary" onClick={close}>
              I have it
            </button>
          </div>
        </>
      ) : (
        <>
          <p>The key that was drawn before is void from then on.</p>
          <Form
            action="Show a new key"
            submit={async () => {
              const { recoveryKey } = await api<{ recoveryKey: string }>(
                "POST",
                `/store/disks/${uuid}/recovery-key`,
                { password },
              );
              setKey(recoveryKey);
            }}
          >
            <PasswordField value={password} change={setPassword} />
          </Form>
        </>
      )}
    </Dialog>
  );
}
