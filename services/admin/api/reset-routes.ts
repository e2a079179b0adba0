import { Type } from "typebox";
import { type HostClient, ResetOutcome } from "../../host/client.ts";
import { ConflictError } from "../../shared/errors.ts";
import type { Server } from "../../shared/server.ts";
import type { OwnerAccount } from "./owner.ts";

/** What whoever resets a box says of it. */
export const ResetChoice = Type.Object({
  name: Type.String({
    maxLength: 64,
    description: "the box's name, as a confirmation",
  }),
  eraseDisks: Type.Boolean({
    description: "whether the data disks' keys are destroyed too",
  }),
});

/** The way back to a box that is nobody's, and what became of it. */
export function addResetRoutes(
  app: Server,
  host: HostClient,
  account: OwnerAccount,
): void {
  const tags = ["system"];
  app.post(
    "/api/reset",
    {
      config: {
        noted: "reset the box",
        refused: "reset the box",
        access: "browser",
        rateLimit: { max: 10, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary:
          "Destroy this box's keys and all it knows, and restart it as a new one",
        body: Type.Object({
          ...ResetChoice.properties,
          password: Type.String({ minLength: 1, maxLength: 1024 }),
        }),
      },
    },
    async ({ body }, reply) => {
      await account.confirm(body.password);
      await expectName(host, body.name);
      await host.factoryReset(body.eraseDisks);
      return reply.status(202).send();
    },
  );
  const response = { 200: Type.Array(ResetOutcome, { maxItems: 1 }) };
  app.get(
    "/api/reset",
    {
      schema: {
        tags,
        summary: "What became of the last reset; empty where there was none",
        response,
      },
    },
    async () => await host.resets(),
  );
  app.get(
    "/api/setup/reset",
    {
      config: { access: "setup" },
      schema: {
        tags: ["setup"],
        summary: "What became of the reset after which this box is a new one",
        response,
      },
    },
    async () => await host.resets(),
  );
}

/** @throws ConflictError where this is not the box's name */
export async function expectName(
  host: HostClient,
  name: string,
): Promise<void> {
  const { hostname } = await host.status();
  if (name !== hostname)
    throw new ConflictError(
      `To reset this box, type its name: ${hostname}.`,
      "name-mismatch",
    );
}
