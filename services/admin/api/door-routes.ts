import { randomInt } from "node:crypto";
import { Type } from "typebox";
import { setupCodeAlphabet } from "../../../provisioning/setup-code.ts";
import { Drive, type HostClient } from "../../host/client.ts";
import type { Server } from "../../shared/server.ts";
import { type Doors, OpenDoors } from "./doors.ts";

const AllDoors = Type.Object({ ...OpenDoors.properties, drive: Drive });
const OpenedDrive = Type.Object({
  ...Drive.properties,
  password: Type.String({ description: "shown this once" }),
});

/** Which doors beside the pages lead to the files: WebDAV, and the network drive (SMB). */
export function addDoorRoutes(
  app: Server,
  doors: Doors,
  host: HostClient,
): void {
  app.get(
    "/api/doors",
    {
      schema: {
        tags: ["doors"],
        summary: "Which doors beside the pages lead to the files",
        response: { 200: AllDoors },
      },
    },
    async () => ({ ...doors.open, drive: await host.drive() }),
  );
  app.put(
    "/api/doors",
    {
      config: { access: "browser" },
      schema: {
        tags: ["doors"],
        summary: "Open and close WebDAV",
        body: OpenDoors,
        response: { 200: OpenDoors },
      },
    },
    async ({ body }) => {
      await doors.set(body);
      return doors.open;
    },
  );
  app.post(
    "/api/doors/drive",
    {
      config: { access: "browser" },
      schema: {
        tags: ["doors"],
        summary: "Open the network drive, or draw another password for it",
        response: { 200: OpenedDrive },
      },
    },
    async () => {
      const password = drawPassword();
      return { ...(await host.openDrive(password)), password };
    },
  );
  app.delete(
    "/api/doors/drive",
    {
      config: { access: "browser" },
      schema: {
        tags: ["doors"],
        summary: "Close the network drive and void its password",
        response: { 200: Drive },
      },
    },
    async () => await host.closeDrive(),
  );
}

/**
 * Draws a password that a phone can be told: 28^20, 96 bits. Samba keeps passwords as MD4 without salt, and whoever hears
 * a sign-in can guess at it for as long as he likes, so no person chooses it.
 */
function drawPassword(): string {
  return Array.from({ length: 5 }, () =>
    Array.from(
      { length: 4 },
      () => setupCodeAlphabet[randomInt(setupCodeAlphabet.length)],
    ).join(""),
  ).join("-");
}
