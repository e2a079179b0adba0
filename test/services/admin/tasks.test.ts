/** What the box says that it is doing. */
import test from "ava";
import { type Doings, tasksOf } from "../../../services/admin/api/tasks.ts";

const nothing: Doings = {
  disk: undefined,
  machine: null,
  store: null,
  updates: null,
  friends: null,
};

/** What of the other services' answers is looked at. */
const doings = (parts: Record<string, unknown>): Doings =>
  ({ ...nothing, ...parts }) as Doings;

test("a box that does nothing, or says nothing, has no tasks", (t) => {
  t.deepEqual(tasksOf(nothing), []);
  t.deepEqual(
    tasksOf(
      doings({
        disk: { name: "rowan", step: "Ready", done: 1, of: 1, uuid: "1" },
        store: { disks: [{ uuid: "1", state: "ok", stored: 5 }] },
        updates: { phase: "ready", found: { version: "1.1" } },
        friends: {
          friends: [{ id: "1", name: "Bob", mending: 0 }],
          progress: { current: true, done: 0, total: 0, left: null },
        },
      }),
    ),
    [],
  );
  const failed = {
    name: "rowan",
    step: "Failed",
    done: 0,
    of: 1,
    failure: "x",
  };
  t.deepEqual(tasksOf(doings({ disk: failed })), []);
});

test("each is told with how far it is, where that is known", (t) => {
  const tasks = tasksOf(
    doings({
      disk: { name: "rowan", step: "Encrypting", done: 1, of: 4 },
      machine: { disks: [{ uuid: "1", model: "Oak 4000" }] },
      store: {
        disks: [
          { uuid: "1", state: "draining", draining: 200, stored: 150 },
          { uuid: "2", state: "draining", draining: 200, stored: 250 },
          { uuid: "3", state: "draining", draining: 200, stored: 0 },
        ],
      },
      updates: { phase: "downloading", found: { version: "1.1" } },
      friends: {
        friends: [
          { id: "1", name: "Bob", mending: 12 },
          { id: "2", name: "Cy", mending: 0 },
        ],
        progress: { current: false, done: 3, total: 12, left: 90 },
      },
    }),
  );
  t.deepEqual(
    tasks.map(({ words, done, left, page, stoppable }) => [
      ...[words, done, left],
      stoppable ? `${page}, and can be stopped` : page,
    ]),
    [
      ["Preparing the disk rowan: Encrypting", 0.25, null, "/storage"],
      [
        "Moving everything from the disk Oak 4000 to the others",
        0.25,
        null,
        "/storage, and can be stopped",
      ],
      [
        "Moving everything from the disk 2 to the others",
        0,
        null,
        "/storage, and can be stopped",
      ],
      ["Bringing version 1.1 here", null, null, "/system, and can be stopped"],
      ["Spreading your files over friends' boxes", 0.25, 90, "/friends"],
      ["Sending Bob's box again what it lost", null, null, "/friends"],
    ],
  );
  t.is(new Set(tasks.map(({ id }) => id)).size, tasks.length);
});

test("a friend's box is no task while there is no friend, nor what is done without end", (t) => {
  t.deepEqual(
    tasksOf(
      doings({
        friends: {
          friends: [],
          progress: { current: false, done: 0, total: 4, left: null },
        },
        store: { disks: [], scrub: { progress: { verified: 1, total: 2 } } },
      }),
    ),
    [],
  );
});
