import { Type } from "typebox";
import { Disk, type HostClient } from "../../host/client.ts";
import type { IdentityClient } from "../../identity/client.ts";
import { Backup } from "../../node/client.ts";
import type { Server } from "../../shared/server.ts";
import { TimeZone } from "../../shared/zone.ts";
import type { Claim } from "../claim.ts";
import { SetupProgress } from "../claim.ts";
import { enter } from "./access.ts";
import { sendEvents } from "./events.ts";
import type { Sessions } from "./sessions.ts";

const tags = ["setup"];
const setup = { config: { access: "setup" } } as const;
const passphrase = Type.String({
  minLength: 10,
  maxLength: 1024,
  description: "protects the backup of the root key",
});

/** The setup wizard's routes: open with the setup code until the box has an owner. */
export function addSetupRoutes(
  app: Server,
  claim: Claim,
  sessions: Sessions,
  identity: IdentityClient,
  host: HostClient,
  ending: AbortSignal,
): void {
  app.post(
    "/api/setup/code",
    {
      config: {
        access: "anyone",
        rateLimit: { max: 30, timeWindow: "1 minute" },
      },
      schema: {
        tags,
        summary: "Enter the setup code",
        body: Type.Object({
          code: Type.String({ minLength: 1, maxLength: 64 }),
        }),
        response: { 200: SetupProgress },
      },
    },
    async (request, reply) => {
      await identity.verifySetupCode(request.body.code);
      enter(sessions, "setup", reply);
      return claim.progress();
    },
  );
  app.get(
    "/api/setup",
    {
      ...setup,
      schema: {
        tags,
        summary: "How far the setup is",
        response: { 200: SetupProgress },
      },
    },
    async () => claim.progress(),
  );
  app.get(
    "/api/setup/events",
    {
      ...setup,
      schema: { tags, summary: "How far the setup is, as server-sent events" },
    },
    async (_request, reply) => {
      sendEvents(reply, ending, (send) => {
        send(claim.progress());
        return claim.watch(() => send(claim.progress()));
      });
    },
  );
  app.get(
    "/api/setup/disks",
    {
      ...setup,
      schema: {
        tags,
        summary: "Disks that can be chosen",
        response: { 200: Type.Array(Disk) },
      },
    },
    async () => await host.disks(),
  );
  app.post(
    "/api/setup/owner",
    {
      ...setup,
      schema: {
        tags,
        summary: "Name the owner",
        body: Type.Object({
          name: Type.String({ minLength: 1, maxLength: 64 }),
          password: Type.String({ minLength: 10, maxLength: 1024 }),
          zone: Type.Optional(TimeZone),
        }),
        response: { 200: SetupProgress },
      },
    },
    async (request) => {
      const { name, password, zone } = request.body;
      if (zone !== undefined) {
        const { settings } = await host.clock();
        await host.setClock({ ...settings, zone });
      }
      await claim.setOwner(name, password);
      return claim.progress();
    },
  );
  app.post(
    "/api/setup/disk",
    {
      ...setup,
      schema: {
        tags,
        summary: "Erase a disk and make it the data disk",
        body: Type.Object({
          id: Type.String({ minLength: 1, maxLength: 256 }),
          name: Type.String({
            maxLength: 256,
            description: "the disk's name, as a confirmation",
          }),
        }),
        response: { 202: SetupProgress },
      },
    },
    async (request, reply) => {
      await claim.startDisk(request.body.id, request.body.name);
      return reply.status(202).send(claim.progress());
    },
  );
  app.post(
    "/api/setup/recovery-key",
    {
      ...setup,
      schema: {
        tags,
        summary: "Draw the disk's recovery key; an earlier one is void",
        response: {
          200: Type.Object({
            recoveryKey: Type.String(),
            group: Type.Integer({
              description: "the group to type as confirmation, from 1",
            }),
          }),
        },
      },
    },
    async () => await claim.drawRecoveryKey(),
  );
  app.post(
    "/api/setup/recovery-key/confirm",
    {
      ...setup,
      schema: {
        tags,
        summary: "Confirm that the recovery key is saved",
        body: Type.Object({ group: Type.String({ maxLength: 32 }) }),
        response: { 200: SetupProgress },
      },
    },
    async (request) => {
      await claim.confirmRecoveryKey(request.body.group);
      return claim.progress();
    },
  );
  app.post(
    "/api/setup/root-key",
    {
      ...setup,
      schema: {
        tags,
        summary:
          "Make the root key and get its backups: an age file, and 24 words",
        body: Type.Object({ passphrase }),
        response: { 200: Backup },
      },
    },
    async (request) => await claim.createRootKey(request.body.passphrase),
  );
  app.post(
    "/api/setup/root-key/words",
    {
      ...setup,
      schema: {
        tags,
        summary: "Take the root key from its 24 words",
        body: Type.Object({
          words: Type.String({ minLength: 1, maxLength: 1024 }),
        }),
        response: { 200: SetupProgress },
      },
    },
    async (request) => {
      await claim.restoreRootKeyFromWords(request.body.words);
      return claim.progress();
    },
  );
  app.post(
    "/api/setup/root-key/restore",
    {
      ...setup,
      schema: {
        tags,
        summary: "Take the root key from a backup",
        body: Type.Object({
          backup: Type.String({ minLength: 1, maxLength: 16384 }),
          passphrase,
        }),
        response: { 200: SetupProgress },
      },
    },
    async (request) => {
      await claim.restoreRootKey(request.body.backup, request.body.passphrase);
      return claim.progress();
    },
  );
  app.post(
    "/api/setup/root-key/confirm",
    {
      ...setup,
      schema: {
        tags,
        summary: "Confirm that the backup is saved",
        response: { 200: SetupProgress },
      },
    },
    async () => {
      await claim.confirmRootKey();
      return claim.progress();
    },
  );
  app.post(
    "/api/setup/finish",
    {
      config: { ...setup.config, noted: "became the owner of this box" },
      schema: { tags, summary: "Claim the box; signs the owner in" },
    },
    async (_request, reply) => {
      await claim.finish();
      sessions.endAll("setup");
      enter(sessions, "owner", reply);
      return reply.status(204).send();
    },
  );
  app.post(
    "/api/setup/restart",
    {
      ...setup,
      schema: {
        tags,
        summary: "Start the setup over",
        response: { 200: SetupProgress },
      },
    },
    async () => {
      await claim.restart();
      return claim.progress();
    },
  );
}
