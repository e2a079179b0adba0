/** USB sticks: their file systems are open, for reading, as long as an update is looked for on them. */
import { readFile } from "node:fs/promises";
import { command } from "../command.ts";
import { blockDevices, descendants, isSystemDisk } from "../lsblk.ts";

const folder = "/run/coppice-sticks";
/** File systems that sticks have. The kernel trusts what it reads of others, and there are few who would miss them. */
const kinds: readonly (string | null)[] = ["vfat", "exfat"];

/** Opens whatever is plugged in by USB. @returns folders, none where there is nothing that can be read. @throws CommandError */
export async function openSticks(): Promise<string[]> {
  const folders: string[] = [];
  for (const disk of await blockDevices()) {
    if (disk.tran !== "usb" || isSystemDisk(disk)) continue;
    for (const { name, path, fstype, mountpoints } of descendants(disk)) {
      if (!kinds.includes(fstype)) continue;
      const where = `${folder}/${name}`;
      const there =
        mountpoints.includes(where) ||
        // A stick that cannot be read does not hide another.
        (await command("systemd-mount", [
          ...["--collect", "--fsck=no", `--type=${fstype}`],
          ...["--options=ro,nosuid,nodev,noexec,umask=0222", path, where],
        ]).then(
          () => true,
          () => false,
        ));
      if (there) folders.push(where);
    }
  }
  return folders;
}

/** Closes what is open of them. @throws CommandError */
export async function closeSticks(): Promise<void> {
  // This is asked again and again, and one stick is rarely there: no lsblk is started for it.
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  for (const line of mounts.split("\n")) {
    const point = line.split(" ")[4];
    if (point?.startsWith(`${folder}/`))
      await command("systemd-mount", ["--umount", point]);
  }
}
