import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { emulatorCommand, killWithParent, kvmWorks } from "./board.ts";
import { readBoard } from "./board-file.ts";
import type { Image } from "./image.ts";
import { machineId, prepareDisks, startTpm } from "./machine-folder.ts";

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
  /** Port on 127.0.0.1 that leads to the network drive, in the same way. */
  drivePort?: number;
  /** A TAP device as the LAN port instead, in a network namespace that both share. */
  lan?: { namespace: string; tap: string };
  /** Name of a TAP device as the WAN port, in the same namespace. */
  wanTap?: string;
  /** Raw disk images to plug in as SATA disks instead of this machine's own. */
  dataDisks?: string[];
  /** Raw disk images to plug in by USB. */
  sticks?: string[];
  /** What the firmware's tables say beside (SMBIOS type 11), as whoever writes them might. */
  oemStrings?: string[];
  /** File that takes down all that the system disk is told, as dm-log-writes does. */
  writeLog?: string;
  /** Gets each line of the console. */
  onLine?: (line: string) => void;
}

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
          : `,hostfwd=tcp:127.0.0.1:${options.port}-192.168.77.1:443`) +
        (options.drivePort === undefined
          ? ""
          : `,hostfwd=tcp:127.0.0.1:${options.drivePort}-192.168.77.1:445`);
    const system = join(folder, "system.raw");
    const systemDisk = options.writeLog
      ? `driver=blklogwrites,file.driver=raw,file.file.driver=file,file.file.filename=${system},log.driver=file,log.filename=${options.writeLog}`
      : `format=raw,file=${system}`;
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
      ...board.chipset,
      ...(options.oemStrings ?? []).flatMap((text) => [
        ...["-smbios", `type=11,value=${text.replaceAll(",", ",,")}`],
      ]),
      ...board.devices.flatMap((device) => ["-device", device]),
      ...[
        "-drive",
        `if=none,id=system,cache=writeback,discard=unmap,${systemDisk}`,
      ],
      // A write of as many pieces as the host takes at once, merged of several, has no room for the log's own.
      ...[
        "-device",
        `${board.systemDiskDevice},drive=system,serial=SYSTEM${options.writeLog ? ",request-merging=off" : ""}`,
      ],
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
        options.wanTap === undefined
          ? "user,id=wan"
          : `tap,id=wan,ifname=${options.wanTap},script=no,downscript=no`,
        "-device",
        `${board.networkDevice},netdev=wan,addr=${board.wanAddress},mac=52:54:00:c0:bb:01`,
      ],
      ...[
        "-netdev",
        lan,
        "-device",
        `${board.networkDevice},netdev=lan,addr=${board.lanAddress},mac=52:54:00:c0:bb:02`,
      ],
      // Behind the network ports, whose places are fixed: this one takes what is free.
      ...(options.sticks ? ["-device", "qemu-xhci"] : []),
      ...(options.sticks ?? []).flatMap((file, index) => [
        ...["-drive", `if=none,id=stick${index},format=raw,file=${file}`],
        ...["-device", `usb-storage,drive=stick${index},removable=on`],
      ]),
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
      ...(await emulatorCommand(board)),
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

  /** Whether QEMU has ended. */
  get isEnded(): boolean {
    return this.#ended;
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
