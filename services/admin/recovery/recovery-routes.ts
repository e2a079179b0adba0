import { type Static, Type } from "typebox";
import {
  type HostClient,
  RecoveryFacts,
  ResetOutcome,
  UpdateState,
} from "../../host/client.ts";
import type { Server } from "../../shared/server.ts";
import { enter } from "../api/access.ts";
import { Locked, lockedLimit } from "../api/configuration-routes.ts";
import { sendDiagnostics } from "../api/diagnostics.ts";
import { hashPassword } from "../api/password.ts";
import { expectName, ResetChoice } from "../api/reset-routes.ts";
import type { Sessions } from "../api/sessions.ts";
import { unlockSettings } from "../configurations.ts";
import type { Handover } from "../handover.ts";
import type { Presence } from "./presence.ts";

/** What the recovery's page shows. */
export const RecoveryState = Type.Object({
  ...RecoveryFacts.properties,
  updates: UpdateState,
  resets: Type.Array(ResetOutcome, { maxItems: 1 }),
  left: Type.Object(
    { password: Type.Boolean(), settings: Type.Boolean() },
    { description: "what was left for the next start" },
  ),
});
export type RecoveryState = Static<typeof RecoveryState>;

/** The acts of the recovery: open to whoever typed the code that the box's console shows. @param entered is called when somebody did */
export function addRecoveryRoutes(
  app: Server,
  host: HostClient,
  presence: Presence,
  sessions: Sessions,
  entered: () => void,
): void {
  const setup = { access: "setup" } as const;
  const slow = { ...setup, rateLimit: { max: 6, timeWindow: "1 minute" } };
  let handover: Handover = {};
  const leave = async (more: Handover): Promise<void> => {
    const next = { ...handover, ...more };
    await host.handOver(JSON.stringify(next));
    handover = next;
  };
  app.get(
    "/api/session",
    { config: { access: "anyone" } },
    async ({ access }) => ({
      recovery: true,
      claimed: false,
      access: access === "setup" ? "setup" : "none",
    }),
  );
  app.post(
    "/api/recovery/code",
    {
      config: {
        access: "anyone",
        rateLimit: { max: 30, timeWindow: "1 minute" },
      },
      schema: {
        body: Type.Object({
          code: Type.String({ minLength: 1, maxLength: 64 }),
        }),
      },
    },
    async ({ body }, reply) => {
      presence.verify(body.code);
      entered();
      enter(sessions, "setup", reply);
      return reply.status(204).send();
    },
  );
  app.get(
    "/api/recovery",
    { config: setup, schema: { response: { 200: RecoveryState } } },
    async (): Promise<RecoveryState> => ({
      ...(await host.recovery()),
      updates: await host.updates(),
      resets: await host.resets(),
      left: {
        password: handover.password !== undefined,
        settings: handover.configuration !== undefined,
      },
    }),
  );
  app.post(
    "/api/recovery/password",
    {
      config: slow,
      schema: {
        body: Type.Object({
          password: Type.String({ minLength: 10, maxLength: 1024 }),
        }),
      },
    },
    async ({ body }, reply) => {
      await leave({ password: await hashPassword(body.password) });
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/recovery/settings",
    { config: slow, bodyLimit: lockedLimit, schema: { body: Locked } },
    async ({ body: { backup, passphrase } }, reply) => {
      await leave({ configuration: await unlockSettings(backup, passphrase) });
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/recovery/reset",
    {
      config: slow,
      schema: { body: ResetChoice },
    },
    async ({ body }, reply) => {
      await expectName(host, body.name);
      await host.factoryReset(body.eraseDisks);
      return reply.status(202).send();
    },
  );
  app.get(
    "/api/recovery/diagnostics",
    { config: setup },
    async (_request, reply) => await sendDiagnostics(host, reply),
  );
  // Of what the box could ask, the recovery needs nobody but the stick that somebody brought.
  app.post(
    "/api/recovery/updates/check",
    { config: setup },
    async (_request, reply) => {
      await host.checkUpdates({ download: true, from: "stick" });
      return reply.status(202).send();
    },
  );
  app.post(
    "/api/recovery/updates/install",
    { config: setup },
    async (_request, reply) => {
      await host.installUpdate();
      return reply.status(202).send();
    },
  );
  app.post(
    "/api/recovery/power",
    {
      config: setup,
      schema: {
        body: Type.Object({
          act: Type.Union([Type.Literal("reboot"), Type.Literal("power-off")]),
        }),
      },
    },
    async ({ body }, reply) => {
      await host.power(body.act);
      return reply.status(202).send();
    },
  );
}
