/** USB sticks: their file systems are open, for reading, as long as an update is looked for on them. */
import { readFile } from "node:fs/promises";
import { command } from "../command.ts";
import { blockDevices, descendants, isSystemDisk } from "../lsblk.ts";

const folder = "/run/coppice-sticks";
/** File systems that sticks have. The kernel trusts what it reads of others, and there are few who would miss them. */
const kinds: readonly (string | null)[] = ["vfat", "exfat"];

/** Opens whatever is plugged in by USB. @returns folders, none where there is nothing that can be read. @throws CommandError */
export async function openSticks(): Promise<string[]> {
  const open = await openFolders();
  const folders: string[] = [];
  for (const disk of await blockDevices()) {
    if (disk.tran !== "usb" || isSystemDisk(disk)) continue;
    for (const { name, path, fstype } of descendants(disk)) {
      if (!kinds.includes(fstype)) continue;
      const where = `${folder}/${name}`;
      const there =
        open.includes(where) ||
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
  for (const where of await openFolders())
    await command("systemd-mount", ["--umount", where]);
}

async function openFolders(): Promise<string[]> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  return mounts
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => point.startsWith(`${folder}/`));
}
