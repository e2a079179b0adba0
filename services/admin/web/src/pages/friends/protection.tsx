import { useState } from "preact/hooks";
import type { FriendsState } from "../../../../../node/client.ts";
import { api } from "../../api.ts";
import { bytes, duration } from "../../format.ts";
import { Bar, Field, Form, Notice, NumberField } from "../../ui.tsx";

type Folder = FriendsState["protection"][number];

/** How many boxes a folder survives, in people's words. */
function wordsOf({ survives, losses, waiting, bytes: all }: Folder): string {
  if (survives === null || all === 0) return "nothing is in it yet";
  if (survives < 0) return "something in it is lost";
  if (losses === 0) return "is on this box alone, as you wanted it";
  const now =
    survives === 0
      ? "is on this box alone"
      : survives === 1
        ? "survives the loss of this box, or of any other"
        : `survives the loss of any ${survives} boxes`;
  return waiting > 0 ? `${now}; ${bytes(waiting)} are on the way` : now;
}

/** What is promised of each folder, and how it is. */
export function Protection({
  state: { protection, progress, friends },
  refresh,
}: {
  state: FriendsState;
  refresh: () => Promise<void>;
}) {
  const [adding, setAdding] = useState(false);
  const [path, setPath] = useState("/");
  const [losses, setLosses] = useState("2");
  const short = protection.some(
    ({ survives, losses: wanted, bytes: all }) =>
      all > 0 && survives !== null && survives < wanted,
  );
  return (
    <>
      <ul class="disks">
        {protection.map((folder) => (
          <li key={folder.path}>
            <div class="disk-head">
              <strong>{folder.path === "/" ? "All files" : folder.path}</strong>
              <span class="quiet-text">
                to survive {folder.losses}{" "}
                {folder.losses === 1 ? "box" : "boxes"}
              </span>
            </div>
            <div class="badge-line">
              <span
                class={
                  folder.survives !== null && folder.survives < 0 ? "lost" : ""
                }
              >
                {wordsOf(folder)}
              </span>
              {folder.path !== "/" && (
                <button
                  type="button"
                  onClick={async () => {
                    await api("PUT", "/friends/protection", {
                      path: folder.path,
                      losses: null,
                    });
                    await refresh();
                  }}
                >
                  As all files
                </button>
              )}
            </div>
          </li>
        ))}
      </ul>
      {progress.done < progress.total && (
        <>
          <Bar
            label="Placed in this round"
            value={progress.done}
            of={progress.total}
          />
          <p class="quiet-text">
            {progress.done.toLocaleString()} of{" "}
            {progress.total.toLocaleString()} parts placed
            {progress.left !== null && `, done in ${duration(progress.left)}`}
          </p>
        </>
      )}
      {short && friends.length > 0 && progress.done >= progress.total && (
        <Notice kind="info">
          There are too few friends' boxes at the moment for what you want.
          Invite another friend, or wait until those who are away come back.
        </Notice>
      )}
      {adding ? (
        <Form
          action="Promise"
          submit={async () => {
            await api("PUT", "/friends/protection", {
              path,
              losses: Number(losses),
            });
            setAdding(false);
            await refresh();
          }}
        >
          <Field
            label="Folder"
            required
            pattern="/.*"
            value={path}
            onInput={(event) => setPath(event.currentTarget.value)}
          />
          <NumberField
            label="Survives the loss of how many boxes?"
            hint="This one included. 0 keeps it on this box alone."
            max={20}
            value={losses}
            change={setLosses}
          />
        </Form>
      ) : (
        <button type="button" onClick={() => setAdding(true)}>
          Change a promise
        </button>
      )}
    </>
  );
}
