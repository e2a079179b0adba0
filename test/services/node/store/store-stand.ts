import { Coder } from "../../../../services/node/store/coder.ts";
import { DiskStore } from "../../../../services/node/store/disk-store.ts";
import { FragmentStore } from "../../../../services/node/store/fragments.ts";
import { sizeOf } from "../../../../services/node/store/ledger.ts";
import { merkleRoot } from "../../../../services/node/store/merkle.ts";
import { Objects } from "../../../../services/node/store/objects.ts";
import type { PackOptions } from "../../../../services/node/store/pack.ts";
import { scanPack } from "../../../../services/node/store/pack-scan.ts";
import { encodePlace } from "../../../../services/node/store/record.ts";
import { Scrubber } from "../../../../services/node/store/scrub.ts";
import {
  Machine,
  PowerLossError,
  SimulatedDisk,
  SimulatedIndex,
} from "./simulated-disk.ts";

export const never = new AbortController().signal;
export const key = Buffer.alloc(32, 9);

/** The disks of a simulated machine, by UUID. */
export type SimulatedDisks = Map<
  string,
  { disk: SimulatedDisk; index: SimulatedIndex }
>;

/** Empty disks. */
export function freshDisks(machine: Machine, count: number): SimulatedDisks {
  return new Map(
    Array.from({ length: count }, (_, number) => [
      `00000000-0000-4000-8000-00000000000${number}`,
      { disk: new SimulatedDisk(machine), index: new SimulatedIndex(machine) },
    ]),
  );
}

/** A store on simulated disks. */
export class StoreStand implements AsyncDisposable {
  readonly machine: Machine;
  readonly disks: SimulatedDisks;
  readonly store: FragmentStore;
  readonly objects: Objects;
  readonly scrubber: Scrubber;
  readonly options: PackOptions;

  private constructor(
    machine: Machine,
    disks: SimulatedDisks,
    store: FragmentStore,
    options: PackOptions,
  ) {
    this.options = options;
    this.machine = machine;
    this.disks = disks;
    this.store = store;
    this.objects = new Objects(store, key);
    this.scrubber = new Scrubber(store);
  }

  /** Opens what is on the disks. */
  static async open(
    machine: Machine,
    disks: SimulatedDisks,
    options: PackOptions = { packSize: 128 * 1024, patience: 10_000 },
  ): Promise<StoreStand> {
    const store = new FragmentStore(Coder.open(), (error) => {
      if (!(error instanceof PowerLossError) && !machine.dead) throw error;
    });
    for (const [uuid, { disk, index }] of disks)
      store.attach(await DiskStore.open(disk, index, uuid, options));
    return new StoreStand(machine, disks, store, options);
  }

  /** Cuts the power; the disks as the next machine finds them. */
  powerLoss(random: () => number): { machine: Machine; disks: SimulatedDisks } {
    this.machine.dead = true;
    const machine = new Machine();
    const disks: SimulatedDisks = new Map(
      [...this.disks].map(([uuid, { disk, index }]) => [
        uuid,
        {
          disk: disk.afterPowerLoss(machine, random),
          index: index.afterPowerLoss(machine, random),
        },
      ]),
    );
    return { machine, disks };
  }

  /** Ends in order; the disks as the next machine finds them. */
  async end(): Promise<{ machine: Machine; disks: SimulatedDisks }> {
    await this[Symbol.asyncDispose]();
    const machine = new Machine();
    return {
      machine,
      disks: new Map(
        [...this.disks].map(([uuid, { disk, index }]) => [
          uuid,
          { disk: disk.moved(machine), index: index.moved(machine) },
        ]),
      ),
    };
  }

  async put(bytes: Buffer, k = 2, m = 1): Promise<string> {
    const source = async function* () {
      yield bytes;
    };
    return (await this.objects.put(source(), { k, m }, never)).id;
  }

  async get(
    id: string,
    range?: { start: number; end: number },
  ): Promise<Buffer> {
    const parts: Buffer[] = [];
    const { bytes } = await this.objects.get(id, never, range);
    for await (const part of bytes) parts.push(part);
    return Buffer.concat(parts);
  }

  /** What is wrong between the index and the packs, in words; nothing where all is well. */
  async inconsistencies(): Promise<string[]> {
    const wrong: string[] = [];
    for (const disk of this.store.disks.values()) {
      const live = new Map<number, number>();
      const used = new Map<string, { bytes: number; fragments: number }>();
      for (const { row, ...place } of disk.rowsAfter(undefined, 100_000)) {
        const name = encodePlace(place).toString("hex");
        const bytes = Buffer.alloc(row.length);
        if (!(await disk.read(row, bytes)))
          wrong.push(`${name}: its pack ends before it`);
        else if (!merkleRoot(bytes).equals(row.name))
          wrong.push(`${name}: the bytes are not its own`);
        live.set(row.pack, (live.get(row.pack) ?? 0) + sizeOf(row));
        const account = place.account.toString("hex");
        const old = used.get(account) ?? { bytes: 0, fragments: 0 };
        used.set(account, {
          bytes: old.bytes + row.length,
          fragments: old.fragments + 1,
        });
      }
      for (const [number, state] of disk.packStates()) {
        if (state.live !== (live.get(number) ?? 0))
          wrong.push(
            `pack ${number}: ${state.live} bytes are said to be alive, ${live.get(number) ?? 0} are`,
          );
        const marks = await this.#marks(disk, number);
        if (state.marks !== marks)
          wrong.push(
            `pack ${number}: ${state.marks} bytes are said to be marks, ${marks} are`,
          );
      }
      for (const [account, { bytes, fragments }] of disk.usage()) {
        const real = used.get(account) ?? { bytes: 0, fragments: 0 };
        if (real.bytes !== bytes || real.fragments !== fragments)
          wrong.push(`account ${account}: the counters are wrong`);
      }
    }
    return wrong;
  }

  /** Bytes of the marks in a pack that the index points at. */
  async #marks(disk: DiskStore, number: number): Promise<number> {
    let bytes = 0;
    for await (const found of scanPack(disk.packs, number, 0, false)) {
      if (found.header.kind === "fragment") continue;
      const mark = disk.mark(found.header);
      if (mark?.pack === number && mark.offset === found.offset)
        bytes += found.end - found.offset;
    }
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scrubber[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]().catch((error: unknown) => {
      if (!this.machine.dead) throw error;
    });
  }
}
