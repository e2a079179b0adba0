import { randomInt } from "node:crypto";
import { type Static, Type } from "typebox";
import { setupCodeAlphabet } from "../../../provisioning/setup-code.ts";
import { Drive, DrivePerson, type HostClient } from "../../host/client.ts";
import { type NodeClient, Share } from "../../node/client.ts";
import { ConflictError } from "../../shared/errors.ts";
import type { Server } from "../../shared/server.ts";
import { type Doors, OpenDoors } from "./doors.ts";

/** The network drive, and what those see of it whom the owner let in. */
const SharedDrive = Type.Object({
  ...Drive.properties,
  people: Type.Array(
    Type.Object({
      name: DrivePerson.properties.name,
      share: Share,
    }),
  ),
});
export type SharedDrive = Static<typeof SharedDrive>;

const AllDoors = Type.Object({ ...OpenDoors.properties, drive: SharedDrive });
export type AllDoors = Static<typeof AllDoors>;

const password = Type.String({ description: "shown this once" });
const OpenedDrive = Type.Object({ ...SharedDrive.properties, password });
const Admission = Type.Object({ ...DrivePerson.properties, password });
export type Admission = Static<typeof Admission>;

/** Which doors beside the pages lead to the files: WebDAV, and the network drive (SMB). */
export function addDoorRoutes(
  app: Server,
  doors: Doors,
  host: HostClient,
  node: NodeClient,
): void {
  /** With what those may see who use it. */
  const withShares = async (drive: Drive): Promise<SharedDrive> => {
    const shares = drive.people.length > 0 ? await node.shares() : [];
    return {
      ...drive,
      people: drive.people.flatMap(({ share: id, name }) => {
        const share = shares.find((one) => one.id === id);
        return share ? [{ name, share }] : [];
      }),
    };
  };
  app.get(
    "/api/doors",
    {
      schema: {
        tags: ["doors"],
        summary: "Which doors beside the pages lead to the files",
        response: { 200: AllDoors },
      },
    },
    async () => ({
      ...doors.open,
      drive: await withShares(await host.drive()),
    }),
  );
  app.put(
    "/api/doors",
    {
      config: { noted: "opened or closed WebDAV", access: "browser" },
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
      config: {
        noted: "opened the network drive, or drew another password for it",
        access: "browser",
      },
      schema: {
        tags: ["doors"],
        summary: "Open the network drive, or draw another password for it",
        response: { 200: OpenedDrive },
      },
    },
    async () => {
      const password = drawPassword();
      const drive = await withShares(await host.openDrive(password));
      return { ...drive, password };
    },
  );
  app.post(
    "/api/doors/drive/people",
    {
      config: {
        noted: "let somebody use the network drive",
        about: "name",
        access: "browser",
      },
      schema: {
        tags: ["doors"],
        summary:
          "Let somebody use the network drive who was given a folder, by a name and a password of their own",
        body: Type.Object({
          secret: Type.String({
            pattern: "^[\\w-]{43}$",
            description: "of the share: what is behind # in its link",
          }),
        }),
        response: { 200: Admission },
      },
    },
    async ({ body: { secret } }) => {
      const share = await node.openShare(secret);
      const { entry } = await node.tree.entry(share.path);
      if (entry.kind !== "directory")
        throw new ConflictError(
          "A drive shows folders, and this is a single file: its link is the way to it.",
          "not-a-directory",
        );
      // Those whose share ended take nobody's place.
      const { people } = await host.drive();
      const active = (await node.shares())
        .filter(({ state }) => state === "active")
        .map(({ id }) => id);
      await host.expelFromDrive(
        people.map((one) => one.share).filter((id) => !active.includes(id)),
      );
      const password = drawPassword();
      const person = { share: share.id, label: share.name, secret, password };
      return { ...(await host.admitToDrive(person)), password };
    },
  );
  app.delete(
    "/api/doors/drive/people/:share",
    {
      config: {
        noted: "let somebody use the network drive no more",
        access: "browser",
      },
      schema: {
        tags: ["doors"],
        summary:
          "Void what somebody signs in to the network drive with; their share goes on",
        params: Type.Pick(DrivePerson, ["share"]),
        response: { 200: SharedDrive },
      },
    },
    async ({ params: { share } }) =>
      await withShares(await host.expelFromDrive([share])),
  );
  app.delete(
    "/api/doors/drive",
    {
      config: { noted: "closed the network drive", access: "browser" },
      schema: {
        tags: ["doors"],
        summary: "Close the network drive and void its passwords",
        response: { 200: SharedDrive },
      },
    },
    async () => await withShares(await host.closeDrive()),
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
