import { readFile, statfs } from "node:fs/promises";
import { cpus, hostname, networkInterfaces, totalmem, uptime } from "node:os";
import { imageVersion } from "../shared/image.ts";
import type { HostStatus } from "./client.ts";
import {
  type BlockDevice,
  blockDevices,
  descendants,
  isSystemDisk,
  mountedBelow,
} from "./lsblk.ts";
import { Sampler } from "./metrics/sampler.ts";
import { readSmart, type SmartHealth } from "./smart.ts";

type Port = HostStatus["ports"]["wan"];

/** Milliseconds for which a reading is good for all who ask: it takes a process (lsblk). */
const fresh = 1000;

/** Measures the machine, at most once a second. Disk health is asked for once a minute: SMART wakes disks up. */
export class StatusReader {
  #mounts: string;
  #version = imageVersion().then((version) =>
    version === "0" ? "development" : version,
  );
  #sampler = new Sampler(() => "wan0");
  #last: { at: number; status: Promise<HostStatus> } | undefined;
  #health = new Map<string, { at: number; smart: Promise<SmartHealth> }>();

  /** @param mounts folder of the mounted data disks. */
  constructor(mounts: string) {
    this.#mounts = mounts;
  }

  /** @throws CommandError where lsblk cannot say what disks there are. */
  async read(): Promise<HostStatus> {
    if (!this.#last || performance.now() - this.#last.at > fresh) {
      const last = { at: performance.now(), status: this.#measure() };
      last.status.catch(() => {
        if (this.#last === last) this.#last = undefined;
      });
      this.#last = last;
    }
    return await this.#last.status;
  }

  async #measure(): Promise<HostStatus> {
    const devices = blockDevices();
    const [disks, version, slot, wan, lan] = await Promise.all([
      devices.then(async (found) => await this.#disks(found)),
      this.#version,
      devices.then(slotOf),
      port("wan0"),
      port("lan-home"),
    ]);
    const { cpu, memory, temperature } = this.#sampler.measure(
      performance.now(),
    );
    return {
      version,
      slot,
      hostname: hostname(),
      uptime: uptime(),
      cpu: {
        // Nothing was since the start at first.
        load: Number.isNaN(cpu) ? 0 : cpu,
        cores: cpus().length,
        model: cpus()[0]?.model.trim() ?? "",
      },
      memory: {
        total: totalmem(),
        used: Math.round(memory),
      },
      temperature: Number.isNaN(temperature) ? null : temperature,
      disks,
      ports: { wan, lan },
    };
  }

  async #disks(devices: readonly BlockDevice[]): Promise<HostStatus["disks"]> {
    return await Promise.all(devices.map((disk) => this.#disk(disk)));
  }

  async #disk(disk: BlockDevice): Promise<HostStatus["disks"][number]> {
    const points = descendants(disk).flatMap(({ mountpoints }) => mountpoints);
    const data = points.some((point) => point?.startsWith(`${this.#mounts}/`));
    const role = isSystemDisk(disk) ? "system" : data ? "data" : "unused";
    const mount = points.find((point) =>
      role === "system"
        ? point === "/var"
        : point?.startsWith(`${this.#mounts}/`),
    );
    const [room, health] = await Promise.all([
      mount ? roomIn(mount) : null,
      this.#smart(disk.path),
    ]);
    return {
      name: disk.name,
      model: (
        disk.model ?? (role === "system" ? "System disk" : "Disk")
      ).trim(),
      serial: (disk.serial ?? "").trim(),
      size: disk.size,
      used: room?.used ?? null,
      available: room?.available ?? null,
      role,
      uuid: mountedBelow(disk, this.#mounts),
      ...health,
    };
  }

  async #smart(path: string): Promise<SmartHealth> {
    let known = this.#health.get(path);
    if (!known || performance.now() - known.at > 60_000) {
      known = { at: performance.now(), smart: readSmart(path) };
      known.smart.catch(() => this.#health.delete(path));
      this.#health.set(path, known);
    }
    return await known.smart;
  }
}

/** Bytes in a file system, as df(1) says them; nothing where it is gone. */
async function roomIn(
  mount: string,
): Promise<{ used: number; available: number } | null> {
  return await statfs(mount).then(
    ({ bsize, blocks, bfree, bavail }) => ({
      used: (blocks - bfree) * bsize,
      available: bavail * bsize,
    }),
    () => null,
  );
}

/** Which of the two root partitions is running. */
function slotOf(devices: readonly BlockDevice[]): string {
  for (const disk of devices) {
    const roots = ((disk.children ?? []) as BlockDevice[]).filter(
      (part) =>
        /^Root \(|Root Partition|root \(/i.test(part.parttypename ?? "") &&
        !/verity/i.test(part.parttypename ?? ""),
    );
    const active = roots.findIndex((part) =>
      descendants(part).some(({ name }) => name === "root"),
    );
    if (active >= 0) return "AB"[active] ?? "?";
  }
  return "none";
}

async function port(name: string): Promise<Port> {
  const read = async (file: string): Promise<string> =>
    (
      await readFile(`/sys/class/net/${name}/${file}`, "utf8").catch(() => "")
    ).trim();
  const [state, carrier, received, sent] = await Promise.all([
    read("operstate"),
    read("carrier"),
    read("statistics/rx_bytes"),
    read("statistics/tx_bytes"),
  ]);
  const addresses = (networkInterfaces()[name] ?? [])
    .filter(({ address }) => !address.startsWith("fe80"))
    .map(({ cidr, address }) => cidr ?? address);
  return {
    present: state !== "",
    link: carrier === "1",
    addresses,
    received: Number(received),
    sent: Number(sent),
  };
}
