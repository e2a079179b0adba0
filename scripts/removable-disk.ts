import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "typebox";
import { Parse } from "typebox/value";
import { repository } from "./builder.ts";
import { run } from "./process.ts";

/** A disk that can be taken out of this machine: a stick, a card, a disk at a USB port. */
export interface RemovableDisk {
  /** As the kernel calls it, such as `sdb`. */
  name: string;
  /** Its device, such as `/dev/sdb`. */
  path: string;
  model: string;
  /** Bytes. */
  size: number;
  /** Where something of it is mounted. */
  mounts: string[];
}

const Text = Type.Union([Type.String(), Type.Null()]);
const Mounts = Type.Array(Text);
/** What `lsblk --json --bytes --output-all` says, as far as it matters here. */
const Lsblk = Type.Object({
  blockdevices: Type.Array(
    Type.Object({
      name: Type.String(),
      path: Type.String(),
      model: Text,
      vendor: Text,
      size: Type.Integer(),
      rm: Type.Boolean(),
      hotplug: Type.Boolean(),
      ro: Type.Boolean(),
      tran: Text,
      type: Type.String(),
      mountpoints: Mounts,
      children: Type.Optional(Type.Array(Type.Object({ mountpoints: Mounts }))),
    }),
  ),
});

/** Disks that can be taken out, of what lsblk says (JSON). @throws where it says something else */
export function removableIn(json: string): RemovableDisk[] {
  return Parse(Lsblk, JSON.parse(json))
    .blockdevices.filter(
      ({ type, rm, hotplug, tran, ro, size }) =>
        type === "disk" &&
        !ro &&
        size > 0 &&
        // Disks inside are hot-pluggable too, at some SATA ports.
        (rm || (hotplug && (tran === "usb" || tran === "mmc"))),
    )
    .map(({ name, path, model, vendor, size, mountpoints, children = [] }) => ({
      name,
      path,
      model: [vendor, model]
        .map((one) => one?.trim() ?? "")
        .filter((one) => one !== "")
        .join(" "),
      size,
      mounts: [mountpoints, ...children.map((one) => one.mountpoints)]
        .flat()
        .filter((one) => one !== null),
    }));
}

/** Disks that can be taken out of this machine. @throws CommandError */
export async function removableDisks(): Promise<RemovableDisk[]> {
  return removableIn(await run("lsblk", ["--json", "--bytes", "--output-all"]));
}

/** Bytes that a disk must have for all partitions that the first boot makes. */
export async function leastDisk(): Promise<number> {
  const folder = join(repository, "rootfs-overlay/usr/lib/repart.d");
  let sum = 2 * 2 ** 20;
  for await (const name of glob("*.conf", { cwd: folder })) {
    const text = await readFile(join(folder, name), "utf8");
    sum += Number(/^SizeMinBytes=(\d+)M$/m.exec(text)?.[1]) * 2 ** 20;
  }
  return sum;
}
