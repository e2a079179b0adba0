import { Readable } from "node:stream";
import { Type } from "typebox";
import { ConflictError } from "../shared/errors.ts";
import { type Server, whenGone } from "../shared/server.ts";
import { HostStatus, PowerAct } from "./client.ts";
import { diagnose } from "./diagnostics.ts";
import { leave } from "./leaving.ts";
import type { StatusReader } from "./status.ts";

/** What a machine is asked whatever it runs. */
export interface MachineParts {
  status: StatusReader;
  /** Whether it is one of ours, and not a developer's. */
  isBox: boolean;
  /** Folder with the log of boots before, where it is not the one that is written now. */
  keptLog?: string | undefined;
}

/** The acts on the machine itself. */
export function addMachineRoutes(
  app: Server,
  { status, isBox, keptLog }: MachineParts,
): void {
  app.get(
    "/status",
    { schema: { response: { 200: HostStatus } } },
    async () => await status.read(),
  );
  app.post(
    "/power",
    { schema: { body: Type.Object({ act: PowerAct }) } },
    async ({ body }, reply) => {
      if (!isBox)
        throw new ConflictError(
          "These services run on a developer's machine, which is not theirs to switch off.",
          "not-a-box",
        );
      await leave(body.act);
      return reply.status(202).send();
    },
  );
  app.get("/diagnostics", async (_request, reply) =>
    reply
      .type("text/plain; charset=utf-8")
      .send(Readable.from(diagnose(whenGone(reply), keptLog))),
  );
}
