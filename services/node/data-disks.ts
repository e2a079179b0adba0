import { join } from "node:path";
import { type Static, Type } from "typebox";
import { readJson, writeDurable } from "../shared/durable.ts";
import { ConflictError, NotFoundError } from "../shared/errors.ts";
import { type FoundDisk, findDisks, openDataDisk } from "./store/data-disk.ts";
import type { FragmentStore } from "./store/fragments.ts";
import { mendedOn } from "./store/history.ts";
import { headerSegment } from "./store/record.ts";
import type { DataDisk } from "./store/state.ts";

const Known = Type.Object({
  disks: Type.Array(
    Type.Object({
      uuid: Type.String(),
      /** Bytes of fragments that were on it when it was to be emptied. */
      draining: Type.Optional(Type.Number()),
    }),
  ),
});
type Known = Static<typeof Known>;

/** The data disks of this box: those that are mounted, and those that should be. */
export class DataDisks {
  #file: string;
  #mounts: string;
  #store: FragmentStore;
  #known: Known["disks"];
  /** Why a mounted disk could not be opened, by UUID. */
  #refused = new Map<string, string>();

  private constructor(
    file: string,
    mounts: string,
    store: FragmentStore,
    known: Known["disks"],
  ) {
    this.#file = file;
    this.#mounts = mounts;
    this.#store = store;
    this.#known = known;
  }

  /** @param state folder that remembers the disks. @param mounts where they are mounted. */
  static async load(
    state: string,
    mounts: string,
    store: FragmentStore,
  ): Promise<DataDisks> {
    const file = join(state, "disks.json");
    const known = await readJson(Known, file);
    return new DataDisks(file, mounts, store, known?.disks ?? []);
  }

  /** Whether every disk of this box is there and works. */
  get complete(): boolean {
    return this.#known.every(({ uuid }) => {
      const disk = this.#store.disks.get(uuid);
      return disk !== undefined && disk.failure === undefined;
    });
  }

  /**
   * Takes in what was mounted since, lets go of what is gone, and opens a disk that failed once more.
   * @returns UUIDs of disks that were never here before.
   */
  async rescan(): Promise<string[]> {
    const found = await findDisks(this.#mounts);
    for (const [uuid, disk] of [...this.#store.disks])
      if (disk.failure || !found.some((one) => one.uuid === uuid))
        await this.#store.detach(uuid);
    this.#refused.clear();
    for (const disk of found)
      if (!this.#store.disks.has(disk.uuid)) await this.#open(disk);
    const fresh = [...this.#store.disks.keys()].filter(
      (uuid) => !this.#known.some((one) => one.uuid === uuid),
    );
    if (fresh.length > 0)
      await this.#remember([
        ...this.#known,
        ...fresh.map((uuid) => ({ uuid })),
      ]);
    for (const { uuid, draining } of this.#known)
      this.#store.setDraining(uuid, draining !== undefined);
    return fresh;
  }

  /** What is to be known of each disk. */
  async list(): Promise<DataDisk[]> {
    return await Promise.all(
      this.#known.map(async ({ uuid, draining }) => {
        const disk = this.#store.disks.get(uuid);
        if (!disk)
          return {
            uuid,
            state: "missing" as const,
            failure:
              this.#refused.get(uuid) ??
              "This disk is not there. Check its cable and power; if it is gone for good, remove it.",
            total: 0,
            free: 0,
            stored: 0,
            packs: 0,
            mended: 0,
            readErrors: 0,
          };
        const room = await disk.room().catch(() => ({ total: 0, free: 0 }));
        const stored = [...disk.usage().values()].reduce(
          (sum, { bytes }) => sum + bytes,
          0,
        );
        const failure = disk.failure?.message;
        return {
          uuid,
          state: failure
            ? ("failed" as const)
            : draining !== undefined
              ? ("draining" as const)
              : ("ok" as const),
          ...(failure ? { failure } : {}),
          ...(draining !== undefined ? { draining } : {}),
          ...room,
          stored,
          packs: disk.packs.numbers.length,
          mended: mendedOn(disk),
          readErrors: disk.packs.readErrors,
        };
      }),
    );
  }

  /** Begins or ends to empty a disk. @throws NotFoundError, ConflictError where nothing would be left */
  async drain(uuid: string, draining: boolean): Promise<void> {
    const disk = this.#store.disks.get(uuid);
    if (!disk || !this.#known.some((one) => one.uuid === uuid))
      throw new NotFoundError(
        "No data disk with this UUID is there.",
        "no-such-disk",
      );
    const others = this.#store.accepting.filter((one) => one !== disk);
    if (draining && others.length === 0)
      throw new ConflictError(
        "This is the only data disk. Add another first.",
        "last-disk",
      );
    const stored = [...disk.usage().values()].reduce(
      (sum, { bytes }) => sum + bytes,
      0,
    );
    if (draining) {
      const rooms = await Promise.all(
        others.map(async (one) => (await one.room()).free),
      );
      if (rooms.reduce((sum, free) => sum + free, 0) < stored)
        throw new ConflictError(
          "The other disks have not enough room for what is on this one. Add a disk, or delete something.",
          "no-room",
        );
    }
    this.#store.setDraining(uuid, draining);
    await this.#remember(
      this.#known.map((one) =>
        one.uuid === uuid
          ? draining
            ? { uuid, draining: stored }
            : { uuid }
          : one,
      ),
    );
  }

  /** Does without a disk from now on: one that is empty, or gone. @throws ConflictError where there are fragments on it */
  async forget(uuid: string): Promise<void> {
    const disk = this.#store.disks.get(uuid);
    if (disk && disk.rowsAfter(undefined, 1).length > 0 && !disk.failure)
      throw new ConflictError(
        "There is still something on this disk. Empty it first.",
        "not-empty",
      );
    if (disk) await this.#store.detach(uuid);
    await this.#remember(this.#known.filter((one) => one.uuid !== uuid));
  }

  /** Whether a block has a header, as far as the disks that are there can tell. */
  hasHeader(account: Buffer, block: Buffer): boolean | undefined {
    if (this.#store.locate({ account, block }, headerSegment)) return true;
    return this.complete ? false : undefined;
  }

  async #open(disk: FoundDisk): Promise<void> {
    try {
      this.#store.attach(await openDataDisk(disk));
    } catch (error) {
      this.#refused.set(disk.uuid, (error as Error).message);
      if (!this.#known.some(({ uuid }) => uuid === disk.uuid))
        await this.#remember([...this.#known, { uuid: disk.uuid }]);
    }
  }

  async #remember(known: Known["disks"]): Promise<void> {
    this.#known = known;
    await writeDurable(this.#file, JSON.stringify({ disks: known }));
  }
}
