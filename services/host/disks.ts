import { randomBytes } from "node:crypto";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "typebox";
import { readJson, syncFolder, writeDurable } from "../shared/durable.ts";
import { ConflictError, DiskError, NotFoundError } from "../shared/errors.ts";
import type { Disk, PrepareStep } from "./client.ts";
import { command } from "./command.ts";
import {
  type BlockDevice,
  blockDevices,
  contentsOf,
  descendants,
  diskId,
  isSystemDisk,
  mountedBelow,
} from "./lsblk.ts";

/** The data disks of this machine. */
export interface Disks {
  /** Disks that could be chosen: whole, writable, not the system's. */
  list(): Promise<Disk[]>;
  /** Erases a disk and makes it a data disk. @throws ConflictError, NotFoundError, DiskError */
  prepare(id: string, name: string): AsyncGenerator<PrepareStep>;
  /** Voids a disk's recovery key and draws another. @throws NotFoundError, DiskError */
  renewRecoveryKey(uuid: string): Promise<string>;
  /** Closes a data disk and forgets it; what is on it stays there. @throws NotFoundError, CommandError */
  close(uuid: string): Promise<void>;
  /** UUIDs of the disks that were prepared here, whether they are there or not. */
  uuids(): Promise<string[]>;
  /** Opens and mounts every disk that was prepared here; resolves to what did not open, in words. */
  openAll(): Promise<string[]>;
}

/** The LUKS label of a disk that was prepared by one of ours. */
export const dataDiskLabel = "coppice-data";

const List = Type.Object({
  disks: Type.Array(
    Type.Object({
      uuid: Type.String({ pattern: "^[0-9a-f-]{36}$" }),
      id: Type.String(),
    }),
  ),
});
// The signed PCR 11 policy survives updates; raw PCR values would not survive a firmware update.
const tpmPolicy = [
  "--tpm2-device=auto",
  "--tpm2-pcrs=",
  "--tpm2-public-key-pcrs=11",
];
const steps = [
  "Erasing",
  "Encrypting",
  "Binding to this box's TPM",
  "Making the file system",
  "Opening",
  "Finishing",
];

/** Real disks: LUKS2 with a TPM slot and a recovery-key slot, ext4 inside, mounted by systemd. */
export class BlockDisks implements Disks {
  #file: string;
  #mounts: string;
  #owner: () => Promise<{ uid: number; gid: number }>;

  /** @param state folder that lists the prepared disks. @param mounts folder of mount points. @param user who owns the files on them. */
  constructor(state: string, mounts: string, user: string) {
    this.#file = join(state, "disks.json");
    this.#mounts = mounts;
    this.#owner = async () => {
      const [uid = 0, gid = 0] = (await command("getent", ["passwd", user]))
        .split(":")
        .slice(2, 4)
        .map(Number);
      return { uid, gid };
    };
  }

  async list(): Promise<Disk[]> {
    // By name: the kernel finds them in another order at each start.
    return (await this.#candidates())
      .map((disk) => ({
        ...describe(disk),
        uuid: mountedBelow(disk, this.#mounts),
      }))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  async *prepare(id: string, name: string): AsyncGenerator<PrepareStep> {
    const disk = (await this.#candidates()).find(
      (candidate) => diskId(candidate) === id,
    );
    if (!disk)
      throw new NotFoundError(
        "That disk is not there any more. Plug it in again, or choose another.",
        "no-such-disk",
      );
    if (describe(disk).name !== name)
      throw new ConflictError(
        `To erase this disk, type its name: ${describe(disk).name}.`,
        "name-mismatch",
      );
    let done = 0;
    const next = (): PrepareStep => ({
      step: steps[done] as string,
      done: done++,
      of: steps.length,
    });
    const keyFolder = await mkdtemp(join(tmpdir(), "key-"));
    const keyFile = join(keyFolder, "key");
    try {
      yield next();
      await this.#close(disk);
      for (const device of descendants(disk)
        .filter(({ type }) => type === "part")
        .reverse())
        await command("wipefs", ["--all", "--quiet", device.path]);
      await command("wipefs", ["--all", "--quiet", disk.path]);
      yield next();
      // A first key for a moment only: the TPM's slot replaces it. It has 512 random bits, so it needs no stretching.
      await writeFile(keyFile, randomBytes(64), { mode: 0o600 });
      const uuid = crypto.randomUUID();
      await command("cryptsetup", [
        "luksFormat",
        "--batch-mode",
        "--type=luks2",
        `--label=${dataDiskLabel}`,
        `--uuid=${uuid}`,
        "--pbkdf=pbkdf2",
        "--pbkdf-force-iterations=1000",
        disk.path,
        keyFile,
      ]);
      yield next();
      await command("systemd-cryptenroll", [
        `--unlock-key-file=${keyFile}`,
        ...tpmPolicy,
        disk.path,
      ]);
      await command("systemd-cryptenroll", [
        "--unlock-tpm2-device=auto",
        "--wipe-slot=password",
        disk.path,
      ]);
      await command("udevadm", [
        "trigger",
        "--settle",
        "--action=change",
        disk.path,
      ]);
      await this.#attach(uuid, disk.path);
      yield next();
      await command("mkfs.ext4", [
        "-q",
        "-F",
        "-m",
        "1",
        "-L",
        dataDiskLabel,
        `/dev/mapper/${mapping(uuid)}`,
      ]);
      yield next();
      await this.#mount(uuid);
      yield next();
      const top = join(this.#mounts, uuid);
      const owner = await this.#owner();
      const mark = join(top, "coppice-disk.json");
      await writeDurable(mark, JSON.stringify({ format: 1, uuid }));
      for (const path of [top, mark]) await chown(path, owner.uid, owner.gid);
      await chmod(top, 0o700);
      await syncFolder(top);
      const others = (await this.#prepared()).filter(
        (other) => other.id !== id,
      );
      await writeDurable(
        this.#file,
        JSON.stringify({ disks: [...others, { uuid, id }] }),
      );
      yield { uuid };
    } finally {
      await rm(keyFolder, { recursive: true, force: true });
    }
  }

  async renewRecoveryKey(uuid: string): Promise<string> {
    if (!(await this.#prepared()).some((disk) => disk.uuid === uuid))
      throw new NotFoundError(
        "No data disk of this box has that UUID.",
        "no-such-disk",
      );
    const output = await command("systemd-cryptenroll", [
      "--unlock-tpm2-device=auto",
      "--wipe-slot=recovery",
      "--recovery-key",
      `/dev/disk/by-uuid/${uuid}`,
    ]);
    const key = /^[a-z]{8}(-[a-z]{8}){7}$/m.exec(output)?.[0];
    if (!key)
      throw new DiskError(
        "The disk's recovery key could not be made. Try again.",
      );
    return key;
  }

  async uuids(): Promise<string[]> {
    return (await this.#prepared()).map(({ uuid }) => uuid);
  }

  async close(uuid: string): Promise<void> {
    const disks = await this.#prepared();
    if (!disks.some((disk) => disk.uuid === uuid))
      throw new NotFoundError(
        "No data disk of this box has that UUID.",
        "no-such-disk",
      );
    // Forgotten first: what power takes away in between is not opened again.
    await writeDurable(
      this.#file,
      JSON.stringify({ disks: disks.filter((disk) => disk.uuid !== uuid) }),
    );
    const point = join(this.#mounts, uuid);
    if ((await readFile("/proc/self/mounts", "utf8")).includes(` ${point} `))
      await command("systemd-mount", ["--umount", point]);
    if (await stat(`/dev/mapper/${mapping(uuid)}`).catch(() => undefined))
      await command("systemd-cryptsetup", ["detach", mapping(uuid)]);
  }

  async openAll(): Promise<string[]> {
    const failures: string[] = [];
    for (const { uuid, id } of await this.#prepared()) {
      try {
        const device = `/dev/disk/by-uuid/${uuid}`;
        await command("udevadm", ["wait", "--timeout=20", device]);
        await this.#attach(uuid, device);
        await this.#mount(uuid);
      } catch (error) {
        failures.push(`data disk ${id}: ${(error as Error).message}`);
      }
    }
    return failures;
  }

  async #prepared(): Promise<{ uuid: string; id: string }[]> {
    return (await readJson(List, this.#file))?.disks ?? [];
  }

  async #candidates(): Promise<BlockDevice[]> {
    const disks = await blockDevices();
    const mounts = this.#mounts;
    // A disk in use by something else than us is not for the taking.
    return disks.filter(
      (disk) =>
        !disk.ro &&
        !isSystemDisk(disk) &&
        !descendants(disk).some(({ mountpoints }) =>
          mountpoints.some(
            (point) => point !== null && !point.startsWith(`${mounts}/`),
          ),
        ),
    );
  }

  /** Closes what an earlier, interrupted setup opened on a disk. */
  async #close(disk: BlockDevice): Promise<void> {
    for (const device of descendants(disk)
      .filter(({ type }) => type === "crypt")
      .reverse()) {
      for (const point of device.mountpoints)
        if (point) await command("systemd-mount", ["--umount", point]);
      await command("systemd-cryptsetup", ["detach", device.name]);
    }
  }

  async #attach(uuid: string, device: string): Promise<void> {
    const open = await stat(`/dev/mapper/${mapping(uuid)}`).catch(
      () => undefined,
    );
    if (!open)
      await command("systemd-cryptsetup", [
        "attach",
        mapping(uuid),
        device,
        "-",
        "tpm2-device=auto,headless=yes,discard",
      ]);
  }

  async #mount(uuid: string): Promise<void> {
    const point = join(this.#mounts, uuid);
    if ((await readFile("/proc/self/mounts", "utf8")).includes(` ${point} `))
      return;
    await mkdir(point, { recursive: true });
    // By the service manager, so that the mount is in everybody's name space and not only in this sandbox.
    await command("systemd-mount", [
      "--quiet",
      "--collect",
      "--type=ext4",
      "--options=nodev,nosuid,noexec,noatime,discard",
      `/dev/mapper/${mapping(uuid)}`,
      point,
    ]);
  }
}

function mapping(uuid: string): string {
  return `coppice-${uuid}`;
}

function describe(disk: BlockDevice): Omit<Disk, "uuid"> {
  return {
    id: diskId(disk),
    name: (disk.serial ?? disk.name).trim(),
    model: (disk.model ?? "Disk").trim(),
    serial: (disk.serial ?? "").trim(),
    size: disk.size,
    contents: contentsOf(disk),
  };
}
