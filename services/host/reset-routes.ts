import { Type } from "typebox";
import { ResetFolder, wordsOf } from "../../provisioning/factory-reset.ts";
import { ConflictError } from "../shared/errors.ts";
import type { Server } from "../shared/server.ts";
import { ResetOutcome } from "./client.ts";
import type { Disks } from "./disks.ts";
import { leave } from "./leaving.ts";
import type { Updates } from "./updates/updates.ts";

/** Where the disk that was booted keeps what the next boot is to do. */
const folder = "/efi/coppice";

/** The way back to a box that is nobody's: asked for here, done by the next boot before anything is opened. */
export function addResetRoutes(
  app: Server,
  disks: Pick<Disks, "uuids">,
  updates: Updates,
  isBox: boolean,
): void {
  const notes = new ResetFolder(folder);
  app.post(
    "/reset",
    { schema: { body: Type.Object({ eraseDisks: Type.Boolean() }) } },
    async ({ body }, reply) => {
      if (!isBox)
        throw new ConflictError(
          "These services run on a developer's machine, which is not theirs to reset.",
          "not-a-box",
        );
      // The restart would end it, and count against the new version.
      updates.expectIdle();
      await notes.ask({
        asked: Date.now(),
        disks: body.eraseDisks ? await disks.uuids() : [],
      });
      await leave("reboot");
      return reply.status(202).send();
    },
  );
  app.get(
    "/reset",
    { schema: { response: { 200: Type.Array(ResetOutcome) } } },
    async () => {
      const report = isBox ? await notes.report() : undefined;
      if (!report) return [];
      const { at, failure } = report;
      return [{ at, failed: failure !== null, words: wordsOf(report) }];
    },
  );
}
