import { join } from "node:path";
import { IdentityClient } from "../../identity/client.ts";
import { imageInfo, imageVersion } from "../../shared/image.ts";
import type { Places } from "../../shared/service.ts";
import { WallClock, zoneFile } from "../../shared/zone.ts";
import type { Before } from "./attempts.ts";
import { FolderSlots } from "./folder-slots.ts";
import { BoardSlots } from "./slots.ts";
import { Updates } from "./updates.ts";

/** The updates of a box, or of a developer's machine, with what they need of the other services. @param now what is there at the moment */
export async function openUpdates(
  { state, runtime }: Places,
  isBox: boolean,
  now: () => Promise<Before>,
): Promise<AsyncDisposable & { updates: Updates }> {
  const version = await imageVersion();
  const updater = join(state, "../updates/work");
  const job = join(runtime, "updates/job.json");
  const folderSlots = isBox
    ? undefined
    : new FolderSlots(updater, job, version);
  const identity = new IdentityClient();
  const updates = await Updates.open({
    places: {
      state: join(state, "updates"),
      updater,
      install: join(state, "../updates/install"),
      job,
      health: join(state, "../health/health.json"),
    },
    floors: identity,
    slots: folderSlots ?? new BoardSlots(version, join(runtime, "updates")),
    image: await imageInfo().catch(() => ({
      board: "none",
      securityVersion: 0,
    })),
    version,
    clock: new WallClock(zoneFile(runtime)),
    now,
  });
  return {
    updates,
    async [Symbol.asyncDispose]() {
      await updates[Symbol.asyncDispose]();
      await identity[Symbol.asyncDispose]();
      await folderSlots?.[Symbol.asyncDispose]();
    },
  };
}
