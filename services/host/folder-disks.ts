import { randomInt } from "node:crypto";
import {
  mkdir,
  readdir,
  readFile,
  rm,
  statfs,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { writeDurable } from "../shared/durable.ts";
import { ConflictError, hasCode, NotFoundError } from "../shared/errors.ts";
import type { Disk, PrepareStep } from "./client.ts";
import type { Disks } from "./disks.ts";

/** The file in a folder of the shelf that says under which UUID it is in use. */
const mountedAs = "mounted-as";

/** Folders in place of disks, for `npm run dev` on a machine without device-mapper. They are not encrypted. */
export class FolderDisks implements Disks {
  #shelf: string;
  #mounts: string;

  /** @param shelf each folder in it is a disk. @param mounts where prepared ones appear. */
  constructor(shelf: string, mounts: string) {
    this.#shelf = shelf;
    this.#mounts = mounts;
  }

  async list(): Promise<Disk[]> {
    const names = await readdir(this.#shelf).catch((error: unknown) => {
      if (hasCode(error, "ENOENT")) return [];
      throw error;
    });
    const { blocks, bsize } = await statfs(this.#shelf);
    return await Promise.all(
      names.sort().map(async (name) => {
        const contents = await readdir(join(this.#shelf, name));
        return {
          id: name,
          name,
          model: "Folder (not encrypted)",
          serial: name,
          size: blocks * bsize,
          contents: contents.length > 0 ? [`${contents.length} files`] : [],
          uuid: await this.#mounted(name),
        };
      }),
    );
  }

  async *prepare(id: string, name: string): AsyncGenerator<PrepareStep> {
    const disk = (await this.list()).find((candidate) => candidate.id === id);
    if (!disk)
      throw new NotFoundError(
        "That disk is not there any more. Choose another.",
        "no-such-disk",
      );
    if (disk.name !== name)
      throw new ConflictError(
        `To erase this disk, type its name: ${disk.name}.`,
        "name-mismatch",
      );
    const uuid = crypto.randomUUID();
    yield { step: "Erasing", done: 0, of: 2 };
    const before = await this.#mounted(id);
    if (before !== null)
      await rm(join(this.#mounts, before), { recursive: true, force: true });
    await rm(join(this.#shelf, id), { recursive: true });
    await mkdir(join(this.#shelf, id));
    yield { step: "Finishing", done: 1, of: 2 };
    await mkdir(join(this.#mounts, uuid), { recursive: true });
    await writeDurable(
      join(this.#mounts, uuid, "coppice-disk.json"),
      JSON.stringify({ format: 1, uuid }),
    );
    await writeFile(join(this.#shelf, id, mountedAs), uuid);
    yield { uuid };
  }

  async uuids(): Promise<string[]> {
    return (await this.list()).flatMap(({ uuid }) => uuid ?? []);
  }

  async close(uuid: string): Promise<void> {
    for (const name of await readdir(this.#shelf))
      if ((await this.#mounted(name)) === uuid)
        await rm(join(this.#shelf, name, mountedAs));
    await rm(join(this.#mounts, uuid), { recursive: true, force: true });
  }

  /** The UUID under which a folder of the shelf is in use. */
  async #mounted(name: string): Promise<string | null> {
    return await readFile(join(this.#shelf, name, mountedAs), "utf8").catch(
      () => null,
    );
  }

  async renewRecoveryKey(): Promise<string> {
    const letters = "cbdefghijklnrtuv";
    const group = (): string =>
      Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join(
        "",
      );
    return Array.from({ length: 8 }, group).join("-");
  }

  async openAll(): Promise<string[]> {
    return [];
  }
}
