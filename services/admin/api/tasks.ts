import { type Static, Type } from "typebox";
import type { HostClient, HostStatus, UpdateState } from "../../host/client.ts";
import type {
  FriendsState,
  NodeClient,
  StoreState,
} from "../../node/client.ts";
import { ConflictError } from "../../shared/errors.ts";
import type { Server } from "../../shared/server.ts";
import type { DiskWork, DiskWorker } from "../disk-work.ts";

/** Names of tasks, or how they begin. */
const emptying = "disk-emptying-";
const update = "update";

/** Something that takes the box a while, whoever looks on or not. */
export const Task = Type.Object({
  id: Type.String(),
  words: Type.String({ description: "what is being done" }),
  done: Type.Union([Type.Number(), Type.Null()], {
    description: "share, 0 to 1; null where nobody knows",
  }),
  left: Type.Union([Type.Number(), Type.Null()], {
    description: "seconds until it is done; null where nobody knows",
  }),
  page: Type.String({ description: "where in these pages it is followed" }),
  stoppable: Type.Boolean({
    description:
      "whether it can be stopped without harm: what was done stays, and it can go on later",
  }),
});
export type Task = Static<typeof Task>;

/** What tasks are made of; null where a service does not answer. */
export interface Doings {
  disk: DiskWork | undefined;
  machine: HostStatus | null;
  store: StoreState | null;
  updates: UpdateState | null;
  friends: FriendsState | null;
}

/** What the box is doing. What it does all the time at its own pace, as its checks of the disks, is left out. */
export function tasksOf(doings: Doings): Task[] {
  return [
    ...diskTasks(doings),
    ...updateTasks(doings.updates),
    ...friendTasks(doings.friends),
  ];
}

function diskTasks({ disk, machine, store }: Doings): Task[] {
  const tasks: Task[] = [];
  if (disk && !disk.uuid && !disk.failure)
    tasks.push({
      id: "disk-preparing",
      words: `Preparing the disk ${disk.name}: ${disk.step}`,
      done: share(disk.done, disk.of),
      left: null,
      page: "/storage",
      // Half of a file system is none.
      stoppable: false,
    });
  for (const { uuid, state, draining, stored } of store?.disks ?? []) {
    if (state !== "draining" || draining === undefined || stored === 0)
      continue;
    const model = machine?.disks.find((one) => one.uuid === uuid)?.model;
    tasks.push({
      id: `${emptying}${uuid}`,
      words: `Moving everything from the disk ${model ?? uuid} to the others`,
      done: share(draining - stored, draining),
      left: null,
      page: "/storage",
      stoppable: true,
    });
  }
  return tasks;
}

function updateTasks(updates: UpdateState | null): Task[] {
  const { phase, found } = updates ?? {};
  const version = found?.version ?? "";
  const task = (words: string, stoppable = true): Task[] => [
    {
      ...{ id: update, words, done: null, left: null },
      ...{ page: "/system", stoppable },
    },
  ];
  switch (phase) {
    case "looking":
      return task("Looking for a newer version");
    case "comparing":
      return task(`Finding what of version ${version} is not here yet`);
    case "downloading":
      // Only what changed comes, and how much that is shows at its end.
      return task(`Bringing version ${version} here`);
    case "installing":
      return task(`Writing version ${version} beside the one that runs`, false);
    case "proving":
      return task("Finding out whether the new version works", false);
    default:
      return [];
  }
}

function friendTasks(friends: FriendsState | null): Task[] {
  const tasks: Task[] = [];
  const { progress, friends: people = [] } = friends ?? {};
  if (progress && !progress.current && people.length > 0)
    tasks.push({
      id: "friends-spreading",
      words: "Spreading your files over friends' boxes",
      done: share(progress.done, progress.total),
      left: progress.left,
      page: "/friends",
      stoppable: false,
    });
  for (const { id, name, mending } of people)
    if (mending > 0)
      tasks.push({
        id: `friend-mending-${id}`,
        words: `Sending ${name}'s box again what it lost`,
        done: null,
        left: null,
        page: "/friends",
        stoppable: false,
      });
  return tasks;
}

function share(done: number, of: number): number | null {
  return of > 0 ? Math.min(1, Math.max(0, done / of)) : null;
}

/** What the box is doing. */
export function addTaskRoutes(
  app: Server,
  disks: DiskWorker,
  host: HostClient,
  node: NodeClient,
): void {
  const known = async <T>(answer: Promise<T>): Promise<T | null> =>
    await answer.catch(() => null);
  app.get(
    "/api/tasks",
    {
      schema: {
        tags: ["status"],
        summary: "What the box is doing that takes a while, and how far it is",
        response: { 200: Type.Array(Task) },
      },
    },
    async () => {
      const [machine, store, updates, friends] = await Promise.all([
        known(host.status()),
        known(node.store()),
        known(host.updates()),
        known(node.friends.state()),
      ]);
      return tasksOf({ disk: disks.work, machine, store, updates, friends });
    },
  );
  app.post(
    "/api/tasks/:id/stop",
    {
      config: { noted: "stopped what the box was doing", about: "id" },
      schema: {
        tags: ["status"],
        summary: "Stop a task that is stoppable; what was done stays",
        params: Type.Object({ id: Type.String({ maxLength: 100 }) }),
      },
    },
    async ({ params: { id } }, reply) => {
      if (id === update) await host.stopUpdate();
      else if (id.startsWith(emptying))
        await node.drainDisk(id.slice(emptying.length), false);
      else
        throw new ConflictError(
          "That is nothing that can be stopped. Look at the list of tasks again.",
          "not-stoppable",
        );
      return reply.status(204).send();
    },
  );
}
