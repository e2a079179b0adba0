import { join } from "node:path";
import { type Static, Type } from "typebox";
import { readJson, writeDurable } from "../../shared/durable.ts";

/** Which other doors lead to the files; all are closed until the owner opens them. */
export const OpenDoors = Type.Object({
  webdav: Type.Boolean({ description: "WebDAV under /dav" }),
});
export type OpenDoors = Static<typeof OpenDoors>;

/** The doors to the files beside the pages and the API. */
export class Doors {
  #file: string;
  #open: OpenDoors;

  private constructor(file: string, open: OpenDoors) {
    this.#file = file;
    this.#open = open;
  }

  /** @param folder the admin's state. */
  static async load(folder: string): Promise<Doors> {
    const file = join(folder, "doors.json");
    return new Doors(
      file,
      (await readJson(OpenDoors, file)) ?? { webdav: false },
    );
  }

  get open(): OpenDoors {
    return this.#open;
  }

  /** Opens and closes doors, durably. */
  async set(open: OpenDoors): Promise<void> {
    await writeDurable(this.#file, JSON.stringify(open));
    this.#open = open;
  }
}
