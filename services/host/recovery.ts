/** The host's part of the recovery: what needs root of the few acts that help a box which does not do what it should. */
import { chown, stat } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { Type } from "typebox";
import { isThere, writeDurable } from "../shared/durable.ts";
import { ConflictError } from "../shared/errors.ts";
import { adminFiles } from "../shared/recovery.ts";
import { createServer, listenOnSocket, type Server } from "../shared/server.ts";
import { places, socketPath } from "../shared/service.ts";
import { RecoveryFacts, RecoveryLabel } from "./client.ts";
import { showOnConsoles } from "./consoles.ts";
import { BlockDisks, dataDiskLabel } from "./disks.ts";
import { blockDevices, descendants } from "./lsblk.ts";
import { addMachineRoutes } from "./machine-routes.ts";
import { addResetRoutes } from "./reset-routes.ts";
import { StatusReader } from "./status.ts";
import { openUpdates } from "./updates/open-updates.ts";
import { addUpdateRoutes } from "./updates/routes.ts";

/** An age file with a box's settings, opened, fits into it. */
const largestHandover = 2 * 2 ** 20;

/** Where the box's own state is, beside the recovery's, if it opens. */
const mounted = "/run/coppice/state";

/** Serves the recovery until it is closed. */
export async function serveRecovery(log: Logger): Promise<AsyncDisposable> {
  const here = places("host");
  const isBox = process.env.COPPICE_DISK_FOLDERS === undefined;
  // What the services keep: the folder that has one for each of them.
  const kept = process.env.COPPICE_KEPT_STATE ?? join(mounted, "lib/coppice");
  const app = createServer(log);
  addMachineRoutes(app, {
    status: new StatusReader(here.disks),
    isBox,
    keptLog: isBox ? join(mounted, "log/journal") : undefined,
  });
  // Nobody is asked by itself here, and nothing that came before is compared with.
  const none = async () => ({ online: false, disks: 0 });
  const opened = await openUpdates(here, isBox, none);
  const { updates } = opened;
  addUpdateRoutes(app, updates, (error) =>
    log.error({ err: error }, "the update was not installed"),
  );
  const uuids = (): Promise<string[]> => dataDisks(kept);
  addResetRoutes(app, { uuids }, updates, isBox);
  addHandoverRoutes(app, kept, uuids);
  await listenOnSocket(app, socketPath("host"));
  return {
    async [Symbol.asyncDispose]() {
      await app.close();
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** What the recovery finds, shows, and leaves for the next start. */
function addHandoverRoutes(
  app: Server,
  kept: string,
  uuids: () => Promise<string[]>,
): void {
  const admin = join(kept, "admin");
  const facts = async (): Promise<RecoveryFacts> => ({
    opens: await isThere(kept),
    claimed: await isThere(join(admin, adminFiles.owner)),
    locked: await isThere(join(admin, adminFiles.locked)),
    dataDisks: (await uuids()).length,
    hostname: hostname(),
  });
  app.get(
    "/recovery",
    { schema: { response: { 200: RecoveryFacts } } },
    async () => await facts(),
  );
  app.post(
    "/recovery/label",
    { schema: { body: RecoveryLabel } },
    async ({ body: { code, fingerprint } }, reply) => {
      const lan = networkInterfaces()["lan-home"] ?? [];
      const { address = "coppice.local" } =
        lan.find(({ family }) => family === "IPv4") ?? {};
      await showOnConsoles([
        `Coppice is in its recovery: https://${address} or https://coppice.local`,
        `Recovery code: ${code}`,
        `Certificate SHA-256: ${fingerprint}`,
      ]);
      return reply.status(204).send();
    },
  );
  app.post(
    "/recovery/handover",
    {
      bodyLimit: largestHandover + 8192,
      schema: {
        body: Type.Object({
          document: Type.String({ maxLength: largestHandover }),
        }),
      },
    },
    async ({ body }, reply) => {
      const { opens, claimed, locked } = await facts();
      if (!opens)
        throw new ConflictError(
          "The box's own storage does not open, so nothing can be changed in it. A factory reset makes it anew.",
          "closed",
        );
      if (!claimed)
        throw new ConflictError(
          "This box has no owner yet. Restart it, and set it up.",
          "unclaimed",
        );
      if (locked)
        throw new ConflictError(
          "The owner of this box wants nobody to change it here. Sign in with the 24 words instead, or reset it.",
          "locked",
        );
      const file = join(admin, adminFiles.handover);
      await writeDurable(file, body.document);
      const { uid, gid } = await stat(admin);
      await chown(file, uid, gid);
      return reply.status(204).send();
    },
  );
}

/** The data disks that were prepared here; where nobody knows which these are, all that such a box prepared. */
async function dataDisks(kept: string): Promise<string[]> {
  if (await isThere(kept))
    return await new BlockDisks(join(kept, "host"), "", "root").uuids();
  return (await blockDevices())
    .flatMap(descendants)
    .filter(
      ({ fstype, label }) =>
        fstype === "crypto_LUKS" && label === dataDiskLabel,
    )
    .flatMap(({ uuid }) => uuid ?? []);
}
