import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { emulatorCommand, killWithParent } from "../board.ts";
import { readBoard } from "../board-file.ts";
import { buildFolder } from "../builder.ts";
import { runAsRoot } from "../debian.ts";
import { withProgress } from "../progress.ts";

/** Debian packages of the peer that boot times are measured beside: a minimal trixie with a login prompt. */
const packages = "linux-image-amd64,systemd-sysv,udev,initramfs-tools";

/** Makes the disk, kernel and initramfs of a stock minimal trixie, once: 2 min. */
async function ensureStock(): Promise<{
  disk: string;
  kernel: string;
  initrd: string;
}> {
  const folder = join(buildFolder, "stock");
  const disk = join(folder, "stock.ext4");
  const made = {
    disk,
    kernel: join(folder, "vmlinuz"),
    initrd: join(folder, "initrd.img"),
  };
  if (await stat(`${disk}.done`).catch(() => undefined)) return made;
  await withProgress("making a stock trixie to compare with", async () => {
    await mkdir(folder, { recursive: true });
    const fstab = `sh -c 'echo "/dev/vda / ext4 defaults 0 1" >"$1/etc/fstab"' sh`;
    const boot = `sh -c 'cp "$1"/boot/vmlinuz-* ${made.kernel}; cp "$1"/boot/initrd.img-* ${made.initrd}; chmod a+r ${made.kernel} ${made.initrd}' sh`;
    const disk0 = `sh -c 'truncate -s 2G ${disk}; mkfs.ext4 -q -F -d "$1" ${disk}' sh`;
    await runAsRoot("mmdebstrap", [
      "--variant=important",
      "--quiet",
      `--include=${packages}`,
      ...[fstab, boot, disk0].map((hook) => `--customize-hook=${hook} "$1"`),
      "trixie",
      "/dev/null",
    ]);
    await writeFile(`${disk}.done`, "");
  });
  return made;
}

/** Seconds from the start of the kernel to the login prompt of stock trixie, in the board's own emulator. */
export async function stockBootSeconds(): Promise<number> {
  const { disk, kernel, initrd } = await ensureStock();
  const board = await readBoard("qemu-x86-64");
  const args = [
    ...board.tcg,
    ...["-m", String(board.memoryMiB), "-nodefaults", "-display", "none"],
    ...["-serial", "stdio", "-snapshot", "-kernel", kernel, "-initrd", initrd],
    ...["-append", "root=/dev/vda rw console=ttyS0"],
    ...["-drive", `if=virtio,format=raw,file=${disk}`],
    ...["-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n"],
  ];
  const guest = spawn(
    "setpriv",
    [...killWithParent, ...(await emulatorCommand(board)), ...args],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  try {
    let begun = 0;
    let text = "";
    for await (const chunk of guest.stdout.setEncoding("utf8")) {
      text = (text + chunk).slice(-4000);
      if (begun === 0 && text.includes("Linux version"))
        begun = performance.now();
      if (/login: $/m.test(text)) return (performance.now() - begun) / 1000;
    }
    throw new Error(`stock trixie ended before its login prompt:\n${text}`);
  } finally {
    const gone = once(guest, "exit");
    guest.kill("SIGKILL");
    await gone;
  }
}
