import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readBoard } from "../../scripts/board-file.ts";
import { Emulator, type EmulatorOptions } from "../../scripts/emulator.ts";
import { ensureImage, type Image } from "../../scripts/image.ts";
import { freePort } from "../../scripts/local-services.ts";
import { prepareDisks } from "../../scripts/machine-folder.ts";
import { probe } from "../../scripts/probe.ts";
import { run } from "../../scripts/process.ts";
import { BoxClient } from "../box-client.ts";
import { temporaryFolder } from "../folder.ts";

const board = "qemu-x86-64";
const bootTime = 1_500_000;

/** A powered board with a client that talks to its admin. */
export interface Running extends AsyncDisposable {
  guest: Emulator;
  client: BoxClient;
  /** What the console last said: the setup code. */
  code(): string;
}

/** An emulated machine of a test's own: its folder holds disks and TPM across power cycles. */
export class Machine implements AsyncDisposable {
  readonly folder: string;
  #image: Image;
  #remove: () => PromiseLike<void>;
  #log: (line: string) => void;

  private constructor(
    folder: string,
    image: Image,
    remove: () => PromiseLike<void>,
    log: (line: string) => void,
  ) {
    this.folder = folder;
    this.#image = image;
    this.#remove = remove;
    this.#log = log;
  }

  /** A new machine. @param log gets console lines. */
  static async create(log: (line: string) => void): Promise<Machine> {
    const image = await ensureImage(board);
    const folder = await temporaryFolder();
    await mkdir(folder.path, { recursive: true });
    return new Machine(
      folder.path,
      image,
      () => folder[Symbol.asyncDispose](),
      log,
    );
  }

  /** Makes the machine's disks, as its first boot would: what is on them can be changed before. */
  async prepare(): Promise<void> {
    await prepareDisks(this.folder, await readBoard(board), this.#image);
  }

  /** Presses the power button and resolves when the admin answers. @throws GuestError with the console's end */
  async boot(options: Partial<EmulatorOptions> = {}): Promise<Running> {
    const port = await freePort();
    const guest = await Emulator.start({
      board,
      image: this.#image,
      folder: this.folder,
      port,
      onLine: this.#log,
      ...options,
    });
    const client = new BoxClient(`https://127.0.0.1:${port}`);
    const deadline = performance.now() + bootTime;
    try {
      while (
        options.lan === undefined &&
        (await probe(`${client.url}/api/session`)) !== 200
      ) {
        if (guest.isEnded) throw guest.error("the emulator ended");
        if (performance.now() > deadline)
          throw guest.error("the admin does not answer");
        await sleep(200);
      }
      await guest.line(/Certificate SHA-256/, AbortSignal.timeout(bootTime));
    } catch (error) {
      await guest.pullPlug();
      throw error;
    }
    return {
      guest,
      client,
      code: () =>
        guest.lines
          .map((line) => /^Setup code: (\S+)/.exec(line)?.[1])
          .findLast((text) => text !== undefined) ?? "",
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]();
        await guest.pullPlug();
      },
    };
  }

  /** The image that the next boot finds in the system disk's slot A, as after an update or an attack. */
  useImage(image: Image): void {
    this.#image = image;
  }

  /** Copies the system disk of a machine that is off: an old one, with everything on it that the box calls its own. @returns the copy's path */
  async cloneSystemDisk(name = "clone.raw"): Promise<string> {
    const clone = join(this.folder, name);
    await run("cp", ["--sparse=always", this.systemDisk, clone]);
    return clone;
  }

  /** Takes the TPM of a machine that is off for another one, as with another mainboard. */
  async replaceTpm(): Promise<void> {
    await rm(join(this.folder, "tpm"), { recursive: true });
  }

  /** Path of the machine's system disk image. */
  get systemDisk(): string {
    return join(this.folder, "system.raw");
  }

  /** Path of the machine's data disk image. */
  get dataDisk(): string {
    return join(this.folder, "data-0.raw");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.systemDisk, { force: true });
    await this.#remove();
  }
}
