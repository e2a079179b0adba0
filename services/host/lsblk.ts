import { type Static, Type } from "typebox";
import { Parse } from "typebox/value";
import { command } from "./command.ts";

const text = Type.Union([Type.String(), Type.Null()]);

/** A block device as lsblk(8) tells it, with what is on it. */
export const BlockDevice = Type.Cyclic(
  {
    Device: Type.Object({
      name: Type.String(),
      path: Type.String(),
      type: Type.String(),
      size: Type.Integer(),
      ro: Type.Boolean(),
      model: text,
      serial: text,
      wwn: text,
      tran: text,
      fstype: text,
      label: text,
      partlabel: text,
      parttypename: text,
      uuid: text,
      mountpoints: Type.Array(text),
      children: Type.Optional(Type.Array(Type.Ref("Device"))),
    }),
  },
  "Device",
);
export type BlockDevice = Static<typeof BlockDevice>;

const columns =
  "NAME,PATH,TYPE,SIZE,RO,MODEL,SERIAL,WWN,TRAN,FSTYPE,LABEL,PARTLABEL,PARTTYPENAME,UUID,MOUNTPOINTS";

/** All whole disks with their partitions and what is opened on them. @throws CommandError */
export async function blockDevices(): Promise<BlockDevice[]> {
  const answer: unknown = JSON.parse(
    await command("lsblk", ["--json", "--bytes", "--output", columns]),
  );
  const { blockdevices } = Parse(
    Type.Object({ blockdevices: Type.Array(BlockDevice) }),
    answer,
  );
  return (blockdevices as BlockDevice[]).filter(
    (device) =>
      device.type === "disk" &&
      device.size > 0 &&
      !/^(zram|ram|nbd|fd)/.test(device.name),
  );
}

/** The device and all that is on it. */
export function descendants(device: BlockDevice): BlockDevice[] {
  return [
    device,
    ...((device.children ?? []) as BlockDevice[]).flatMap(descendants),
  ];
}

/** Whether the running system stands on this disk: the verity root or the state is opened from it. */
export function isSystemDisk(disk: BlockDevice): boolean {
  return descendants(disk).some(
    ({ name, mountpoints }) =>
      name === "root" ||
      name === "state" ||
      mountpoints.some((point) => point === "/" || point === "/var"),
  );
}

/** The UUID of the data disk that is open on this disk: the name of its mount point below `mounts`. */
export function mountedBelow(disk: BlockDevice, mounts: string): string | null {
  const point = descendants(disk)
    .flatMap(({ mountpoints }) => mountpoints)
    .find((one) => one?.startsWith(`${mounts}/`));
  return point?.slice(mounts.length + 1) ?? null;
}

/** A name for a disk that stays the same across reboots. */
export function diskId(disk: BlockDevice): string {
  return (
    (disk.wwn ?? [disk.model, disk.serial].filter((part) => part).join("-")) ||
    disk.name
  );
}

/** What is on a disk, in words; empty for an empty one. */
export function contentsOf(disk: BlockDevice): string[] {
  return descendants(disk)
    .filter((device) => device.fstype !== null || device.type === "part")
    .map((device) => {
      const kind =
        device.fstype === "crypto_LUKS"
          ? "encrypted (LUKS)"
          : (device.fstype ?? device.parttypename ?? "partition");
      const label = device.label ?? device.partlabel;
      return label ? `${kind} "${label}"` : kind;
    });
}
