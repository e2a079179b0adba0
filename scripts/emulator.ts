import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  access,
  copyFile,
  mkdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { repository } from "./builder.ts";
import type { Image } from "./image.ts";
import { run } from "./process.ts";

/** What `board/<name>/board.json` says of an emulated board. */
interface Board {
  emulator: string;
  firmware: { code: string; variables: string };
  memoryMiB: number;
  systemDiskGiB: number;
  dataDisksGiB: number[];
  kvm: string[];
  /** One processor: with more, QEMU's TCG now and then runs kernel code that was just patched, and the guest panics. */
  tcg: string[];
  tpmDevice: string;
  systemDiskDevice: string;
  networkDevice: string;
  wanAddress: string;
  lanAddress: string;
  devices: string[];
}

/** The guest ended or did not do in time what was waited for; the message ends with its last console lines. */
export class GuestError extends Error {
  override name = "GuestError";
}

/** How to start a guest. */
export interface EmulatorOptions {
  board: string;
  image: Image;
  /** The folder that is this machine: its disks, its TPM's state, its firmware's variables. */
  folder: string;
  /** Port on 127.0.0.1 that leads to the admin, through QEMU's own network on the LAN port. */
  port?: number;
  /** A TAP device as the LAN port instead, in a network namespace that both share. */
  lan?: { namespace: string; tap: string };
  /** Raw disk images to plug in as SATA disks instead of this machine's own. */
  dataDisks?: string[];
  /** Gets each line of the console. */
  onLine?: (line: string) => void;
}

const killWithParent = ["--pdeathsig", "KILL", "--"];

/** A running emulated board: QEMU with a software TPM. Ends with its parent, whatever happens to that. */
export class Emulator {
  readonly folder: string;
  #qemu: ChildProcess;
  #swtpm: ChildProcess;
  #lines: string[] = [];
  #waiters = new Set<(line: string) => void>();
  #exit: Promise<unknown>;
  #ended = false;

  private constructor(
    folder: string,
    qemu: ChildProcess,
    swtpm: ChildProcess,
    onLine?: (line: string) => void,
  ) {
    this.folder = folder;
    this.#qemu = qemu;
    this.#swtpm = swtpm;
    this.#exit = once(qemu, "exit").then(() => {
      this.#ended = true;
    });
    for (const stream of [qemu.stdout, qemu.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (raw) => {
        const line = plain(raw);
        if (line === "") return;
        this.#lines.push(line);
        if (this.#lines.length > 5000) this.#lines.splice(0, 1000);
        onLine?.(line);
        for (const waiter of this.#waiters) waiter(line);
      });
    }
  }

  /** Starts a guest. @throws GuestError where the emulator cannot be started. */
  static async start(options: EmulatorOptions): Promise<Emulator> {
    const board = await readBoard(options.board);
    const { folder } = options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await prepareDisks(folder, board, options.image);
    const swtpm = await startTpm(folder);
    const dataDisks =
      options.dataDisks ??
      board.dataDisksGiB.map((_, index) => join(folder, `data-${index}.raw`));
    const lan = options.lan
      ? `tap,id=lan,ifname=${options.lan.tap},script=no,downscript=no`
      : `user,id=lan,net=192.168.77.0/24,host=192.168.77.2,dns=192.168.77.3,dhcpstart=192.168.77.200,restrict=on,ipv6=off` +
        (options.port === undefined
          ? ""
          : `,hostfwd=tcp:127.0.0.1:${options.port}-192.168.77.1:443`);
    const args = [
      ...((await kvmWorks(board, options.image)) ? board.kvm : board.tcg),
      ...[
        "-m",
        String(board.memoryMiB),
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
      ],
      ...["-name", "coppice", "-uuid", await machineId(folder)],
      ...[
        "-drive",
        `if=pflash,format=raw,unit=0,readonly=on,file=${board.firmware.code}`,
      ],
      ...[
        "-drive",
        `if=pflash,format=raw,unit=1,file=${join(folder, "firmware-variables.fd")}`,
      ],
      ...[
        "-chardev",
        `socket,id=tpm,path=${join(folder, "swtpm.sock")}`,
        "-tpmdev",
        "emulator,id=tpm,chardev=tpm",
        "-device",
        `${board.tpmDevice},tpmdev=tpm`,
      ],
      ...board.devices.flatMap((device) => ["-device", device]),
      ...[
        "-drive",
        `if=none,id=system,format=raw,cache=writeback,discard=unmap,file=${join(folder, "system.raw")}`,
      ],
      ...["-device", `${board.systemDiskDevice},drive=system,serial=SYSTEM`],
      ...dataDisks.flatMap((file, index) => [
        ...[
          "-drive",
          `if=none,id=data${index},format=raw,cache=writeback,discard=unmap,file=${file}`,
        ],
        ...[
          "-device",
          `ide-hd,id=disk${index},bus=sata.${index},drive=data${index},model=Coppice Emulated,serial=BIRCH${index + 1}`,
        ],
      ]),
      ...[
        "-netdev",
        "user,id=wan",
        "-device",
        `${board.networkDevice},netdev=wan,addr=${board.wanAddress},mac=52:54:00:c0:bb:01`,
      ],
      ...[
        "-netdev",
        lan,
        "-device",
        `${board.networkDevice},netdev=lan,addr=${board.lanAddress},mac=52:54:00:c0:bb:02`,
      ],
      ...[
        "-chardev",
        "stdio,id=console,signal=off",
        "-serial",
        "chardev:console",
      ],
      ...["-qmp", `unix:${join(folder, "qmp.sock")},server=on,wait=off`],
    ];
    const enter = options.lan
      ? ["ip", "netns", "exec", options.lan.namespace]
      : [];
    const [command, ...rest] = [
      ...enter,
      "setpriv",
      ...killWithParent,
      board.emulator,
      ...args,
    ] as [string, ...string[]];
    const qemu = spawn(command, rest, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const emulator = new Emulator(folder, qemu, swtpm, options.onLine);
    await Promise.race([
      once(qemu, "spawn"),
      once(qemu, "error").then(([error]) =>
        Promise.reject(
          new GuestError(`cannot start ${board.emulator}: ${error}`),
        ),
      ),
    ]);
    return emulator;
  }

  /** What the console showed so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Resolves when QEMU has ended. */
  get ended(): Promise<unknown> {
    return this.#exit;
  }

  /** Resolves to the first console line that matches, from now on or already shown. @throws GuestError where the guest ends first. */
  async line(pattern: RegExp, signal: AbortSignal): Promise<RegExpExecArray> {
    for (const line of this.#lines) {
      const match = pattern.exec(line);
      if (match) return match;
    }
    const { promise, resolve, reject } =
      Promise.withResolvers<RegExpExecArray>();
    const waiter = (line: string): void => {
      const match = pattern.exec(line);
      if (match) resolve(match);
    };
    const fail = (): void =>
      reject(
        this.error(
          `the guest ended or took too long before its console showed ${pattern}`,
        ),
      );
    this.#waiters.add(waiter);
    signal.addEventListener("abort", fail, { once: true });
    this.#exit.then(fail);
    try {
      return await promise;
    } finally {
      this.#waiters.delete(waiter);
      signal.removeEventListener("abort", fail);
    }
  }

  /** An error that carries the failed units and the last console lines. */
  error(what: string): GuestError {
    const failed = this.#lines.filter((line) =>
      /\bFAILED\b|Failed to start|failed with result/i.test(line),
    );
    return new GuestError(
      [
        what,
        ...(failed.length > 0 ? ["failed units:", ...failed.slice(-12)] : []),
        "last console lines:",
        ...this.#lines.slice(-25),
      ].join("\n  "),
    );
  }

  /** Sends one QMP command. */
  async qmp(
    command: string,
    args: Record<string, unknown> = {},
  ): Promise<void> {
    const socket: Socket = connect(join(this.folder, "qmp.sock"));
    await once(socket, "connect");
    const lines = createInterface({ input: socket });
    const messages = lines[Symbol.asyncIterator]();
    try {
      await messages.next();
      for (const message of [
        { execute: "qmp_capabilities" },
        { execute: command, arguments: args },
      ]) {
        socket.write(`${JSON.stringify(message)}\n`);
        for (;;) {
          const { value, done } = await messages.next();
          if (done) throw new GuestError(`QMP ${command}: the guest ended`);
          const answer = JSON.parse(value as string) as {
            return?: unknown;
            error?: { desc: string };
          };
          if (answer.error)
            throw new GuestError(`QMP ${command}: ${answer.error.desc}`);
          if (answer.return !== undefined) break;
        }
      }
    } finally {
      lines.close();
      socket.destroy();
    }
  }

  /** Presses the power button and waits until the guest is off; pulls the plug after `seconds`. */
  async powerOff(seconds = 90): Promise<void> {
    if (!this.#ended) {
      await this.qmp("system_powerdown").catch(() => {});
      const expired = new AbortController();
      await Promise.race([
        this.#exit,
        sleep(seconds * 1000, undefined, { signal: expired.signal }).catch(
          () => {},
        ),
      ]);
      expired.abort();
    }
    await this.pullPlug();
  }

  /** Cuts the power: what the guest had not flushed is gone. */
  async pullPlug(): Promise<void> {
    if (!this.#ended) this.#qemu.kill("SIGKILL");
    await this.#exit;
    if (this.#swtpm.exitCode === null && this.#swtpm.signalCode === null) {
      const gone = once(this.#swtpm, "exit");
      this.#swtpm.kill("SIGTERM");
      await gone;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pullPlug();
  }
}

/** A console line without colours and cursor movements. */
function plain(line: string): string {
  // systemd asks the terminal to reset itself with a sequence that the standard function does not know.
  return stripVTControlCharacters(line)
    .replaceAll("\u001b[!p", "")
    .replaceAll("[!p", "")
    .trim();
}

/** Reads a board's description. */
async function readBoard(name: string): Promise<Board> {
  return JSON.parse(
    await readFile(join(repository, "board", name, "board.json"), "utf8"),
  ) as Board;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** A UUID that stays with the machine's folder, as the firmware of a real one would report it. */
async function machineId(folder: string): Promise<string> {
  const file = join(folder, "machine-id");
  if (!(await exists(file))) await writeFile(file, crypto.randomUUID());
  return (await readFile(file, "utf8")).trim();
}

/** Makes the disks that are missing; a system disk with an older image gets the new one, and keeps its state. */
async function prepareDisks(
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
  interface Table {
    partitiontable: {
      partitions: {
        start: number;
        size: number;
        uuid: string;
        name?: string;
      }[];
    };
  }
  const { partitiontable } = JSON.parse(
    await run("sfdisk", ["--json", image]),
  ) as Table;
  for (const [index, part] of partitiontable.partitions.entries()) {
    const range = [
      "bs=512",
      `skip=${part.start}`,
      `seek=${part.start}`,
      `count=${part.size}`,
      "iflag=fullblock",
    ];
    await run(
      "dd",
      [
        `if=${image}`,
        `of=${disk}`,
        "conv=notrunc,sparse",
        "status=none",
        ...range,
      ].map((arg) => (arg === "bs=512" ? "bs=512" : arg)),
    );
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
async function startTpm(folder: string): Promise<ChildProcess> {
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
      throw new GuestError(
        `swtpm ended with ${swtpm.exitCode}; look at ${state}`,
      );
    await sleep(20);
  }
  return swtpm;
}

let kvm: Promise<boolean> | undefined;

/** Whether KVM really runs our kernel here: /dev/kvm alone proves nothing. Probed once a process. */
async function kvmWorks(board: Board, image: Image): Promise<boolean> {
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
      board.emulator,
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
      "console=ttyS0 panic=-1",
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
