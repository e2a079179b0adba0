import { Plus } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Disk } from "../../../../../host/client.ts";
import type { StorageView } from "../../../../api/store-routes.ts";
import { api } from "../../api.ts";
import { bytes } from "../../format.ts";
import { Bar, Dialog, Field, Form, Notice } from "../../ui.tsx";

/** Makes another disk a data disk, and shows how far that is. */
export function AddDisk({
  work,
  refresh,
}: {
  work: StorageView["work"];
  refresh: () => Promise<void>;
}) {
  const [disks, setDisks] = useState<Disk[]>();
  const [chosen, setChosen] = useState<Disk>();
  const [typed, setTyped] = useState("");
  const close = (): void => {
    setDisks(undefined);
    setChosen(undefined);
    setTyped("");
  };
  const dismiss = async (): Promise<void> => {
    await api("DELETE", "/store/work");
    await refresh();
  };
  if (work && !work.uuid && !work.failure)
    return (
      <>
        <p>
          {work.name}: {work.step}
        </p>
        <Bar label={`Preparing ${work.name}`} value={work.done} of={work.of} />
      </>
    );
  return (
    <>
      {work?.failure && (
        <Notice kind="error">
          {work.failure}{" "}
          <button type="button" class="quiet" onClick={dismiss}>
            Dismiss
          </button>
        </Notice>
      )}
      {work?.uuid && (
        <Notice kind="good">
          {work.name} is ready, and files spread over it. Draw its recovery key
          above.{" "}
          <button type="button" class="quiet" onClick={dismiss}>
            Dismiss
          </button>
        </Notice>
      )}
      <div class="actions start">
        <button
          type="button"
          class="primary"
          onClick={async () =>
            setDisks(await api<Disk[]>("GET", "/store/candidates"))
          }
        >
          <Plus size={18} aria-hidden="true" /> Add a disk
        </button>
      </div>
      {disks && (
        <Dialog title="Add a disk" close={close}>
          {disks.length === 0 ? (
            <p>
              There is no other disk. Plug one in, wait a moment, and open this
              again.
            </p>
          ) : (
            <>
              <div class="choices" role="radiogroup" aria-label="Disks">
                {disks.map((disk) => (
                  <label
                    key={disk.id}
                    class={chosen?.id === disk.id ? "choice chosen" : "choice"}
                  >
                    <input
                      type="radio"
                      name="disk"
                      checked={chosen?.id === disk.id}
                      onChange={() => setChosen(disk)}
                    />
                    <span class="grow">
                      <strong>
                        {disk.model} {disk.serial}
                      </strong>
                      <span class="quiet-text">
                        {bytes(disk.size)},{" "}
                        {disk.contents.length > 0
                          ? `holds ${disk.contents.join(", ")}`
                          : "empty"}
                      </span>
                    </span>
                  </label>
                ))}
              </div>
              {chosen && (
                <Form
                  action="Erase and add it"
                  tone="danger"
                  disabled={typed !== chosen.name}
                  submit={async () => {
                    await api("POST", "/store/disks", {
                      id: chosen.id,
                      name: typed,
                    });
                    close();
                    await refresh();
                  }}
                >
                  <Notice kind="info">
                    Everything on this disk will be erased.
                  </Notice>
                  <Field
                    label={`Type the disk's name, ${chosen.name}`}
                    name="disk-name"
                    autocomplete="off"
                    required
                    value={typed}
                    onInput={(event) => setTyped(event.currentTarget.value)}
                  />
                </Form>
              )}
            </>
          )}
        </Dialog>
      )}
    </>
  );
}
