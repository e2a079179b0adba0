import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import websocket from "@fastify/websocket";
import { Type } from "typebox";
import { ConflictError, CoppiceError } from "../shared/errors.ts";
import { inRecovery } from "../shared/recovery.ts";
import { createServer, listenOnSocket } from "../shared/server.ts";
import { places, runService, socketPath } from "../shared/service.ts";
import { zoneFile } from "../shared/zone.ts";
import {
  Disk,
  Drive,
  DrivePassword,
  DrivePerson,
  NewDrivePerson,
  type PrepareStep,
  RecoveryKey,
} from "./client.ts";
import { Clock, ownTime, Timesyncd } from "./clock.ts";
import { addClockRoutes } from "./clock-routes.ts";
import { addConfigurationRoutes } from "./configuration-routes.ts";
import { showOnConsoles } from "./consoles.ts";
import { BlockDisks, type Disks } from "./disks.ts";
import { FolderDisks } from "./folder-disks.ts";
import { FolderDrive } from "./folder-drive.ts";
import { Journal } from "./log.ts";
import { addLogRoutes } from "./log-routes.ts";
import { addMachineRoutes } from "./machine-routes.ts";
import { MachinePast } from "./metrics/past.ts";
import { Sampler } from "./metrics/sampler.ts";
import { Past, PastQuestion } from "./metrics/state.ts";
import { BoardNetwork } from "./network/board-network.ts";
import { addressOf, type Lan } from "./network/document.ts";
import { folderNetwork } from "./network/folder-network.ts";
import { HomeNetwork } from "./network/home-network.ts";
import { uplinkOf } from "./network/interfaces.ts";
import { LineHistory } from "./network/line-history.ts";
import { NetworkWatch } from "./network/now.ts";
import { addNetworkRoutes } from "./network/routes.ts";
import { keyFile } from "./network/wireguard.ts";
import { NetworkDrive, unitRunner } from "./network-drive.ts";
import { serveRecovery } from "./recovery.ts";
import { addResetRoutes } from "./reset-routes.ts";
import { StatusReader } from "./status.ts";
import { serveTerminal } from "./terminal.ts";
import { openUpdates } from "./updates/open-updates.ts";
import { addUpdateRoutes } from "./updates/routes.ts";

await runService("host", async (log) => {
  if (inRecovery()) return await serveRecovery(log);
  const here = places("host");
  const { state, disks: mounts, runtime } = here;
  const shelf = process.env.COPPICE_DISK_FOLDERS;
  const disks: Disks =
    shelf === undefined
      ? new BlockDisks(state, mounts, "coppice-node")
      : new FolderDisks(shelf, mounts);
  for (const failure of await disks.openAll()) log.error(failure);
  const clock = await Clock.open(
    state,
    zoneFile(runtime),
    shelf === undefined ? new Timesyncd() : ownTime,
    (error) =>
      log.error({ err: error }, "the clock was not set as it was to be"),
  );
  const folderDrive =
    shelf === undefined
      ? undefined
      : new FolderDrive(state, Number(process.env.COPPICE_SMB_PORT ?? 4450));
  const drive = new NetworkDrive(state, folderDrive ?? unitRunner);
  const network = await HomeNetwork.open(
    state,
    shelf === undefined
      ? new BoardNetwork(
          join(runtime, "network"),
          join(state, "network/rendered"),
        )
      : folderNetwork,
    shelf === undefined ? keyFile : join(state, "wireguard-key"),
    (error) =>
      log.error({ err: error }, "the network was not set as it was to be"),
  );
  const line = await LineHistory.open(join(state, "network/line.json"), () =>
    uplinkOf(network.inForce),
  );
  line.start((error) =>
    log.warn({ err: error }, "the line's past was not taken down"),
  );
  const past = await MachinePast.open(join(state, "past"), (error) =>
    log.warn({ err: error }, "the machine's past is not kept"),
  );
  past.start(new Sampler(() => uplinkOf(network.inForce)));
  const opened = await openUpdates(here, shelf === undefined, async () => ({
    online: line.minutes.at(-1)?.up ?? false,
    disks: (await disks.list()).filter(({ uuid }) => uuid !== null).length,
  }));
  const { updates } = opened;
  updates.start((error) =>
    log.error({ err: error }, "the box could not be kept up to date"),
  );
  const app = createServer(log);
  await app.register(websocket);
  let preparing = false;

  addMachineRoutes(app, {
    status: new StatusReader(mounts),
    isBox: shelf === undefined,
  });
  app.post(
    "/past",
    { schema: { body: PastQuestion, response: { 200: Past } } },
    async ({ body }) => past.read(body, Date.now()),
  );
  addLogRoutes(app, new Journal(process.env.COPPICE_JOURNAL));
  app.get(
    "/disks",
    { schema: { response: { 200: Type.Array(Disk) } } },
    async () => await disks.list(),
  );
  app.post(
    "/disks/prepare",
    {
      schema: {
        body: Type.Object({
          id: Type.String({ maxLength: 256 }),
          name: Type.String({ maxLength: 256 }),
        }),
      },
    },
    async (request, reply) => {
      if (preparing)
        throw new ConflictError(
          "A disk is being prepared already. Wait until that is done.",
          "busy",
        );
      preparing = true;
      const { id, name } = request.body;
      const lines = (async function* (): AsyncGenerator<string> {
        try {
          for await (const step of disks.prepare(id, name))
            yield `${JSON.stringify(step)}\n`;
        } catch (error) {
          log.error({ err: error }, "a disk could not be prepared");
          const known =
            error instanceof CoppiceError
              ? error
              : new CoppiceError(
                  500,
                  "failed",
                  "The disk could not be prepared; the log says more.",
                );
          yield `${JSON.stringify({ error: known.message, type: known.type, status: known.status } satisfies PrepareStep)}\n`;
        } finally {
          preparing = false;
        }
      })();
      return reply
        .type("application/x-ndjson")
        .send(Readable.from(lines, { objectMode: false }));
    },
  );
  app.post(
    "/disks/close",
    {
      schema: {
        body: Type.Object({ uuid: Type.String({ format: "uuid" }) }),
      },
    },
    async (request, reply) => {
      await disks.close(request.body.uuid);
      return reply.status(204).send();
    },
  );
  app.post(
    "/disks/recovery-key",
    {
      schema: {
        body: Type.Object({ uuid: Type.String({ format: "uuid" }) }),
        response: { 200: RecoveryKey },
      },
    },
    async (request) => ({
      recoveryKey: await disks.renewRecoveryKey(request.body.uuid),
    }),
  );
  addNetworkRoutes(
    app,
    network,
    new NetworkWatch("/var/lib/coppice/lan/leases"),
    line,
  );
  addUpdateRoutes(app, updates, (error) =>
    log.error({ err: error }, "the update was not installed"),
  );
  addClockRoutes(app, clock);
  addConfigurationRoutes(app, network, updates, clock);
  addResetRoutes(app, disks, updates, shelf === undefined);
  const driveNow = async (): Promise<Drive> => ({
    open: await drive.isOpen(),
    port: drive.port,
    people: await drive.people(),
  });
  app.get(
    "/drive",
    { schema: { response: { 200: Drive } } },
    async () => await driveNow(),
  );
  app.post(
    "/drive/open",
    { schema: { body: DrivePassword, response: { 200: Drive } } },
    async (request) => {
      await drive.open(request.body.password);
      return await driveNow();
    },
  );
  app.post(
    "/drive/people",
    { schema: { body: NewDrivePerson, response: { 200: DrivePerson } } },
    async (request) => await drive.admit(request.body),
  );
  app.post(
    "/drive/expel",
    {
      schema: {
        body: Type.Object({
          shares: Type.Array(DrivePerson.properties.share, { maxItems: 100 }),
        }),
        response: { 200: Drive },
      },
    },
    async (request) => {
      await drive.expel(request.body.shares);
      return await driveNow();
    },
  );
  app.post(
    "/drive/close",
    { schema: { response: { 200: Drive } } },
    async () => {
      await drive.close();
      return await driveNow();
    },
  );
  app.post(
    "/label",
    {
      schema: {
        body: Type.Object({
          fingerprint: Type.String({
            pattern: "^([0-9A-F]{2}:){31}[0-9A-F]{2}$",
          }),
        }),
      },
    },
    async (request, reply) => {
      const code = (
        await readFile(join(runtime, "identity", "setup-code"), "utf8").catch(
          () => "",
        )
      ).trim();
      const [home] = network.inForce.lans as [Lan];
      await showOnConsoles([
        `Coppice is ready: https://${addressOf(home)} or https://coppice.local`,
        ...(code ? [`Setup code: ${code}`] : []),
        `Certificate SHA-256: ${request.body.fingerprint}`,
      ]).catch((error: unknown) =>
        log.warn({ err: error }, "the console does not take the label"),
      );
      return reply.status(204).send();
    },
  );
  app.get("/terminal", { websocket: true }, (socket) =>
    serveTerminal(
      socket,
      shelf === undefined ? undefined : ["bash", ["--login"]],
    ),
  );
  await listenOnSocket(app, socketPath("host"));
  // The node may not be there yet: the drive tries on its own.
  drive
    .resume(folderDrive !== undefined)
    .catch((error: unknown) => log.error({ err: error }, "no network drive"));
  return {
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await opened[Symbol.asyncDispose]();
      await line[Symbol.asyncDispose]();
      await past[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
      await folderDrive?.[Symbol.asyncDispose]();
    },
  };
});
