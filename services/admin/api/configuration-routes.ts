import { Type } from "typebox";
import type { Server } from "../../shared/server.ts";
import { RestoredSettings } from "../client.ts";
import { type Configurations, unlockSettings } from "../configurations.ts";
import type { SetupLine } from "../setup-line.ts";
import type { OwnerAccount } from "./owner.ts";

/** An age file with all settings of a box fits into it. */
const largestFile = 2 * 2 ** 20;

const passphrase = Type.String({
  minLength: 10,
  maxLength: 1024,
  description: "protects the backup of the settings",
});
/** A backup of settings, and what opens it. */
export const Locked = Type.Object({
  backup: Type.String({ minLength: 1, maxLength: largestFile }),
  passphrase,
});

/** Bytes that a request with such a backup may have. */
export const lockedLimit = largestFile + 8192;

/** The box's settings as a file, and back: for its owner, and in the setup of another box. */
export function addConfigurationRoutes(
  app: Server,
  configurations: Configurations,
  line: SetupLine,
  account: OwnerAccount,
): void {
  // Each takes a second and 64 MiB.
  const config = { rateLimit: { max: 6, timeWindow: "1 minute" } };
  const bodyLimit = lockedLimit;
  const response = { 200: RestoredSettings };
  const owner = (): string => account.name ?? "the owner";
  app.post(
    "/api/configuration/backup",
    {
      config: {
        noted: "saved a backup of the settings",
        access: "browser",
        ...config,
      },
      schema: {
        tags: ["system"],
        summary:
          "All settings as an age file: the network with its passwords and its key, and how the box updates",
        body: Type.Object({ passphrase }),
        response: { 200: Type.Object({ backup: Type.String() }) },
      },
    },
    async ({ body }) => ({
      backup: await configurations.lock(body.passphrase),
    }),
  );
  app.post(
    "/api/configuration/restore",
    {
      config: {
        noted: "put settings from a backup into force",
        access: "browser",
        ...config,
      },
      bodyLimit,
      schema: {
        tags: ["system"],
        summary:
          "Put the settings of such a file into force; the network goes back by itself unless it is confirmed",
        body: Locked,
        response,
      },
    },
    async ({ body: { backup, passphrase } }) =>
      await configurations.take(
        await unlockSettings(backup, passphrase),
        owner(),
      ),
  );
  app.post(
    "/api/configuration/adopt",
    {
      config: {
        noted: "put the settings of the box before into force",
        access: "browser",
        ...config,
      },
      schema: {
        tags: ["system"],
        summary:
          "Put the settings of the box before into force, as the files' backup has them",
        response,
      },
    },
    async () => await configurations.adopt(owner()),
  );
  app.post(
    "/api/setup/configuration",
    {
      config: { access: "setup", ...config },
      bodyLimit,
      schema: {
        tags: ["setup"],
        summary: "Give this box the settings of another one",
        body: Locked,
        response,
      },
    },
    async ({ body }) => {
      const configuration = await unlockSettings(body.backup, body.passphrase);
      const { trial } = await line.take(configuration);
      return { trial, document: configuration.network };
    },
  );
}
