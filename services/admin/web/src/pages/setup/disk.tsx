import { HardDrive, RotateCcw } from "lucide-preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Disk } from "../../../../../host/client.ts";
import type { SetupProgress } from "../../../../claim.ts";
import { api } from "../../api.ts";
import { bytes } from "../../format.ts";
import { Bar, Field, Form, Notice, Spinner } from "../../ui.tsx";
import type { Advance } from "./advance.ts";

/** Has a disk chosen and its name typed, and shows how it is prepared. */
export function DiskStep({
  progress,
  advance,
}: {
  progress: SetupProgress;
  advance: Advance;
}) {
  const [disks, setDisks] = useState<Disk[]>();
  const [problem, setProblem] = useState<string>();
  const [chosen, setChosen] = useState<string>();
  const [typed, setTyped] = useState("");
  const load = useCallback(async () => {
    try {
      const list = await api<Disk[]>("GET", "/setup/disks");
      setDisks(list);
      setProblem(undefined);
      // Only an empty disk may be chosen beforehand, and only where there is no other to confuse it with.
      const [only, ...others] = list;
      if (only && others.length === 0 && only.contents.length === 0)
        setChosen(only.id);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, []);
  useEffect(() => void load(), [load]);
  const { work } = progress;
  if (work) {
    return (
      <>
        <h1>Preparing the disk</h1>
        <p>{work.step}. If the power goes now, the setup goes on from here.</p>
        <Bar label="Preparing the disk" value={work.done} of={work.of} />
      </>
    );
  }
  const disk = disks?.find(({ id }) => id === chosen);
  return (
    <>
      <h1>Choose the disk for your files</h1>
      <p>
        It is encrypted. This box's TPM opens it; elsewhere only the recovery
        key does. <strong>All that is on it now will be erased.</strong>
      </p>
      {progress.failure && <Notice kind="error">{progress.failure}</Notice>}
      {problem && <Notice kind="error">{problem}</Notice>}
      {!disks && !problem && <Spinner label="Looking for disks" />}
      {disks?.length === 0 && (
        <Notice kind="info">
          No disk was found beside the one that the system is on. Plug one in,
          then look again.
        </Notice>
      )}
      <fieldset class="choices">
        <legend class="hidden">Disks</legend>
        {disks?.map((one) => (
          <label
            key={one.id}
            class={one.id === chosen ? "choice chosen" : "choice"}
          >
            <input
              type="radio"
              name="disk"
              checked={one.id === chosen}
              onChange={() => {
                setChosen(one.id);
                setTyped("");
              }}
            />
            <HardDrive size={24} aria-hidden="true" />
            <span class="grow">
              <strong>{one.model}</strong>
              <span class="quiet-text">
                {bytes(one.size)}
                {one.serial && ` · serial ${one.serial}`}
              </span>
              <span class={one.contents.length > 0 ? "holds" : "quiet-text"}>
                {one.contents.length > 0
                  ? `Holds: ${one.contents.join(", ")}`
                  : "Empty"}
              </span>
            </span>
          </label>
        ))}
      </fieldset>
      <button type="button" class="quiet" onClick={load}>
        <RotateCcw size={18} aria-hidden="true" /> Look again
      </button>
      {disk && (
        <Form
          action="Erase and use this disk"
          tone="danger"
          disabled={typed !== disk.name}
          submit={async () =>
            advance(
              await api<undefined>("POST", "/setup/disk", {
                id: disk.id,
                name: typed,
              }).then(() => api<SetupProgress>("GET", "/setup")),
            )
          }
        >
          <Field
            label={`Type ${disk.name} to erase this disk`}
            required
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </Form>
      )}
    </>
  );
}
