import { spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Board } from "./board-file.ts";
import { builderRoot, byBuilder } from "./builder.ts";
import type { Image } from "./image.ts";

/** Has setpriv(1) end what it runs when this process ends, whatever happens to it. */
export const killWithParent = ["--pdeathsig", "KILL", "--"];

/** What starts a board's emulator: the builder's, which without KVM is a seventh faster than Debian 12's, and the same everywhere. */
export async function emulatorCommand({
  architecture,
  emulator,
}: Pick<Board, "architecture" | "emulator">): Promise<string[]> {
  const root = builderRoot(architecture);
  return [
    ...(await byBuilder(`usr/bin/${emulator}`, architecture)),
    ...["-L", join(root, "usr/share/qemu")],
    ...["-L", join(root, "usr/share/seabios")],
  ];
}

let kvm: Promise<boolean> | undefined;

/** Whether KVM really runs our kernel here: /dev/kvm alone proves nothing. Probed once a process. */
export async function kvmWorks(board: Board, image: Image): Promise<boolean> {
  kvm ??= (async () => {
    if (
      !(await access("/dev/kvm", 6).then(
        () => true,
        () => false,
      ))
    )
      return false;
    const kernel = image.disk.replace(/\.raw$/, ".vmlinuz");
    const args = [
      ...killWithParent,
      ...(await emulatorCommand(board)),
      ...board.kvm,
      "-m",
      "512",
      "-nodefaults",
      "-display",
      "none",
      "-no-reboot",
      "-serial",
      "stdio",
      "-kernel",
      kernel,
      "-append",
      `${board.consoles.map((one) => `console=${one}`).join(" ")} panic=-1`,
    ];
    const probe = spawn("setpriv", args, {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const timeout = AbortSignal.timeout(8000);
      const lines = createInterface({ input: probe.stdout });
      const booted = (async () => {
        for await (const line of lines)
          if (/Run \/|Unable to mount root|VFS: Cannot open root/.test(line))
            return true;
        return false;
      })();
      return await Promise.race([
        booted,
        once(timeout, "abort").then(() => false),
      ]);
    } finally {
      probe.kill("SIGKILL");
    }
  })();
  return await kvm;
}
