import { readFile } from "node:fs/promises";
import {
  cpus,
  freemem,
  hostname,
  loadavg,
  networkInterfaces,
  totalmem,
  uptime,
} from "node:os";
import { cpuTemperature, currentLoad, fsSize, mem } from "systeminformation";
import { imageVersion } from "../shared/image.ts";
import type { HostStatus } from "./client.ts";
import {
  type BlockDevice,
  blockDevices,
  descendants,
  isSystemDisk,
  mountedBelow,
} from "./lsblk.ts";
import { readSmart, type SmartHealth } from "./smart.ts";

type Port = HostStatus["ports"]["wan"];

/** Milliseconds for which a reading is good for all who ask: it takes processes (lsblk, df). */
const fresh = 1000;

/** Measures the machine, at most once a second. Disk health is asked for once a minute: SMART wakes disks up. */
export class StatusReader {
  #mounts: string;
  #version = imageVersion().then((version) =>
    version === "0" ? "development" : version,
  );
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
    const [load, memory, temperature, disks, version, slot, wan, lan] =
      await Promise.all([
        currentLoad(),
        mem(),
        cpuTemperature(),
        devices.then(async (found) => await this.#disks(found)),
        this.#version,
        devices.then(slotOf),
        port("wan0"),
        port("lan-home"),
      ]);
    return {
      version,
      slot,
      hostname: hostname(),
      uptime: uptime(),
      cpu: {
        load: Number.isFinite(load.currentLoad)
          ? load.currentLoad
          : (loadavg()[0] ?? 0),
        cores: cpus().length,
        model: cpus()[0]?.model.trim() ?? "",
      },
      memory: {
        total: totalmem(),
        used: Math.round(memory.active || totalmem() - freemem()),
      },
      temperature:
        typeof temperature.main === "number" && temperature.main > 0
          ? temperature.main
          : null,
      disks,
      ports: { wan, lan },
    };
  }

  async #disks(devices: readonly BlockDevice[]): Promise<HostStatus["disks"]> {
    const [sizes, ...reports] = await Promise.all([
      fsSize(),
      ...devices.map(({ path }) => this.#smart(path)),
    ]);
    return devices.map((disk, index) => {
      const points = descendants(disk).flatMap(
        ({ mountpoints }) => mountpoints,
      );
      const data = points.some((point) =>
        point?.startsWith(`${this.#mounts}/`),
      );
      const role = isSystemDisk(disk) ? "system" : data ? "data" : "unused";
      const mount = points.find((point) =>
        role === "system"
          ? point === "/var"
          : point?.startsWith(`${this.#mounts}/`),
      );
      const size = sizes.find((entry) => entry.mount === mount);
      return {
        name: disk.name,
        model: (
          disk.model ?? (role === "system" ? "System disk" : "Disk")
        ).trim(),
        serial: (disk.serial ?? "").trim(),
        size: disk.size,
        used: size ? size.used : null,
        available: size ? size.available : null,
        role,
        uuid: mountedBelow(disk, this.#mounts),
        ...(reports[index] as SmartHealth),
      };
    });
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
