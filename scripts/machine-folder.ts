import { type ChildProcess, spawn } from "node:child_process";
import {
  access,
  copyFile,
  mkdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { killWithParent } from "./board.ts";
import type { Board } from "./board-file.ts";
import type { Image } from "./image.ts";
import { readPartitions } from "./partitions.ts";
import { CommandError, run } from "./process.ts";

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** A UUID that stays with the machine's folder, as the firmware of a real one would report it. */
export async function machineId(folder: string): Promise<string> {
  const file = join(folder, "machine-id");
  if (!(await exists(file))) await writeFile(file, crypto.randomUUID());
  return (await readFile(file, "utf8")).trim();
}

/** Makes the disks that are missing; a system disk with an older image gets the new one, and keeps its state. */
export async function prepareDisks(
  folder: string,
  board: Board,
  image: Image,
): Promise<void> {
  const system = join(folder, "system.raw");
  const stamp = join(folder, "system.inputs");
  const written = await readFile(stamp, "utf8").catch(() => undefined);
  if (written === undefined || !(await exists(system))) {
    await run("cp", ["--sparse=always", "--reflink=auto", image.disk, system]);
    await truncate(system, board.systemDiskGiB * 2 ** 30);
  } else if (written !== image.inputs) {
    await replaceSlot(system, image.disk);
  }
  await writeFile(stamp, image.inputs);
  for (const [index, size] of board.dataDisksGiB.entries()) {
    const disk = join(folder, `data-${index}.raw`);
    if (!(await exists(disk))) {
      await writeFile(disk, "");
      await truncate(disk, size * 2 ** 30);
    }
  }
  const variables = join(folder, "firmware-variables.fd");
  if (!(await exists(variables)))
    await copyFile(board.firmware.variables, variables);
}

/** Writes the ESP and slot A of `image` over those of `disk`; the other partitions stay as they are. */
async function replaceSlot(disk: string, image: string): Promise<void> {
  for (const [index, part] of (await readPartitions(image)).entries()) {
    await run("dd", [
      `if=${image}`,
      `of=${disk}`,
      "bs=1M",
      "iflag=skip_bytes,count_bytes,fullblock",
      "oflag=seek_bytes",
      `skip=${part.start}`,
      `seek=${part.start}`,
      `count=${part.size}`,
      "conv=notrunc",
      "status=none",
    ]);
    await run("sfdisk", [
      "--quiet",
      "--part-uuid",
      disk,
      String(index + 1),
      part.uuid,
    ]);
    if (part.name)
      await run("sfdisk", [
        "--quiet",
        "--part-label",
        disk,
        String(index + 1),
        part.name,
      ]);
  }
}

/** Makes the machine's TPM once, with an endorsement key certified by a CA of its own, and starts it. */
export async function startTpm(folder: string): Promise<ChildProcess> {
  const state = join(folder, "tpm");
  if (!(await exists(join(state, "tpm2-00.permall")))) {
    const ca = join(folder, "tpm-ca");
    await mkdir(state, { recursive: true, mode: 0o700 });
    await mkdir(ca, { recursive: true, mode: 0o700 });
    const conf = join(ca, "swtpm-localca.conf");
    await writeFile(
      conf,
      `statedir = ${ca}\nsigningkey = ${ca}/signkey.pem\nissuercert = ${ca}/issuercert.pem\ncertserial = ${ca}/certserial\n`,
    );
    const options = join(ca, "swtpm-localca.options");
    await writeFile(
      options,
      "--platform-manufacturer Coppice\n--platform-version 1\n--platform-model qemu\n",
    );
    const setup = join(ca, "swtpm_setup.conf");
    const tool = (await run("sh", ["-c", "command -v swtpm_localca"])).trim();
    await writeFile(
      setup,
      `create_certs_tool = ${tool}\ncreate_certs_tool_config = ${conf}\ncreate_certs_tool_options = ${options}\n`,
    );
    const user = process.getuid?.() === 0 ? ["--runas", "root"] : [];
    await run("swtpm_setup", [
      "--tpm2",
      "--tpmstate",
      state,
      "--create-ek-cert",
      "--create-platform-cert",
      "--pcr-banks",
      "sha256",
      "--config",
      setup,
      ...user,
    ]);
  }
  const socket = join(folder, "swtpm.sock");
  await rm(socket, { force: true });
  const args = [
    ...killWithParent,
    "swtpm",
    "socket",
    "--tpm2",
    "--tpmstate",
    `dir=${state}`,
    "--ctrl",
    `type=unixio,path=${socket}`,
    "--terminate",
  ];
  const swtpm = spawn("setpriv", args, {
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  while (!(await exists(socket))) {
    if (swtpm.exitCode !== null)
      throw new CommandError(
        `swtpm ended with ${swtpm.exitCode}; look at ${state}`,
      );
    await sleep(20);
  }
  return swtpm;
}
