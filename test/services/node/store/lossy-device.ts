import { execFile } from "node:child_process";
import { mkdir, open, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const blockSize = 4096;
/** Buffers that Linux writes in one call (IOV_MAX). */
const mostAtOnce = 1024;

/** What fuse-native takes, as far as this needs it; its own types are not a module's. */
interface Fuse {
  mount(done: (error: Error | null) => void): void;
  unmount(done: (error: Error | null) => void): void;
}
type FuseClass = new (
  folder: string,
  operations: Record<string, (...args: never[]) => void>,
  options: { force: boolean; mkdir: boolean; attrTimeout: string },
) => Fuse;

/** What a disk was told, in order, and what somebody was told meanwhile. */
type Event =
  | { kind: "write"; offset: number; bytes: Buffer }
  | { kind: "flush" }
  | { kind: "note"; text: string };

/** A block device whose every write and flush is recorded: a file in FUSE, under a loop device, with ext4 on it. */
export class LossyDevice implements AsyncDisposable {
  readonly mount: string;
  #folder: string;
  #size: number;
  #blocks = new Map<number, Buffer>();
  #events: Event[] = [];
  #recording = false;
  #fuse: Fuse;
  #loop = "";
  #start = new Map<number, Buffer>();

  private constructor(folder: string, size: number) {
    this.#folder = folder;
    this.#size = size;
    this.mount = join(folder, "mount");
    const FuseNative = createRequire(import.meta.url)(
      "@cocalc/fuse-native",
    ) as FuseClass;
    this.#fuse = new FuseNative(join(folder, "fuse"), this.#operations(), {
      force: true,
      mkdir: true,
      attrTimeout: "1000",
    });
  }

  /** Makes a device of `size` bytes with an empty ext4 on it, mounted. */
  static async create(folder: string, size: number): Promise<LossyDevice> {
    const device = new LossyDevice(folder, size);
    await mkdir(device.mount, { recursive: true });
    await promisify(device.#fuse.mount.bind(device.#fuse))();
    const image = join(folder, "fuse/disk.img");
    await run("mkfs.ext4", ["-q", "-F", image]);
    device.#loop = await attach(image);
    await run("mount", ["-o", "noatime", device.#loop, device.mount]);
    return device;
  }

  /** Starts to record; what is on the device now is the beginning. */
  async record(): Promise<void> {
    await run("sync", ["-f", this.mount]);
    this.#start = new Map(
      [...this.#blocks].map(([number, block]) => [number, Buffer.from(block)]),
    );
    this.#recording = true;
  }

  /** Notes what somebody was told at this moment. */
  note(text: string): void {
    if (this.#recording) this.#events.push({ kind: "note", text });
  }

  /** Ends the record; how many events it has. */
  stop(): number {
    this.#recording = false;
    return this.#events.length;
  }

  /**
   * The device as a power loss at each of these moments leaves it: all that was flushed, and of what came after the last
   * flush each write whole, not at all, or torn at 512 or 4096 bytes. Mounted while `look` runs.
   * @param moments numbers of events, ascending. @param look is given the mount and what had been told until then.
   */
  async replay(
    moments: readonly number[],
    random: () => number,
    look: (mount: string, told: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const durable = this.#start;
    const mount = join(this.#folder, "replay");
    await mkdir(mount, { recursive: true });
    const told: string[] = [];
    let unsynced: { offset: number; bytes: Buffer }[] = [];
    let at = 0;
    for (const [number, moment] of moments.entries()) {
      for (; at < moment; at++) {
        const event = this.#events[at];
        if (event?.kind === "write") unsynced.push(event);
        else if (event?.kind === "note") told.push(event.text);
        else {
          for (const { offset, bytes } of unsynced)
            apply(durable, offset, bytes);
          unsynced = [];
        }
      }
      const survivors = new Map(durable);
      for (const { offset, bytes } of unsynced) {
        const fate = random();
        if (fate < 0.3) continue;
        if (fate < 0.6) {
          apply(survivors, offset, bytes);
          continue;
        }
        const sector = fate < 0.8 ? 512 : blockSize;
        for (let from = 0; from < bytes.length; from += sector)
          if (random() < 0.5)
            apply(
              survivors,
              offset + from,
              bytes.subarray(from, from + sector),
            );
      }
      // A namespace that somebody made meanwhile may hold the last one's mount: that goes on writing, but not into this one.
      const image = join(this.#folder, `replay-${number}.img`);
      await this.#materialise(image, survivors);
      const loop = await attach(image);
      try {
        await run("mount", ["-o", "noatime", loop, mount]);
        try {
          await look(mount, told);
        } finally {
          await run("umount", [mount]);
        }
      } finally {
        await run("losetup", ["--detach", loop]);
        await rm(image);
      }
    }
  }

  async #materialise(
    image: string,
    blocks: ReadonlyMap<number, Buffer>,
  ): Promise<void> {
    await using file = await open(image, "wx");
    await file.truncate(this.#size);
    // Blocks side by side in one act: Debian 12's glibc loses a wake-up in some millions (its bug 25847), and the test would wait for ever.
    let together: Buffer[] = [];
    let start = 0;
    for (const [number, block] of [...blocks].sort(([a], [b]) => a - b)) {
      if (
        number !== start + together.length ||
        together.length === mostAtOnce
      ) {
        if (together.length > 0) await file.writev(together, start * blockSize);
        together = [];
        start = number;
      }
      together.push(block);
    }
    if (together.length > 0) await file.writev(together, start * blockSize);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#recording = false;
    if (this.#loop) {
      await run("umount", [this.mount]).catch(() => {});
      await run("losetup", ["--detach", this.#loop]).catch(() => {});
    }
    await promisify(this.#fuse.unmount.bind(this.#fuse))().catch(() => {});
  }

  #operations(): Record<string, (...args: never[]) => void> {
    type Done = (code: number, value?: unknown) => void;
    const stat = (path: string) => ({
      mode: path === "/" ? 0o40755 : 0o100600,
      size: path === "/" ? 4096 : this.#size,
      nlink: 1,
      uid: 0,
      gid: 0,
      mtime: new Date(0),
      atime: new Date(0),
      ctime: new Date(0),
    });
    const known = (path: string): boolean =>
      path === "/" || path === "/disk.img";
    return {
      readdir: (_path: string, done: Done) => done(0, ["disk.img"]),
      getattr: (path: string, done: Done) =>
        known(path) ? done(0, stat(path)) : done(-2),
      open: (path: string, _flags: number, done: Done) =>
        known(path) ? done(0, 42) : done(-2),
      release: (_path: string, _fd: number, done: Done) => done(0),
      flush: (_path: string, _fd: number, done: Done) => done(0),
      read: (
        _path: string,
        _fd: number,
        target: Buffer,
        length: number,
        offset: number,
        done: Done,
      ) => {
        const size = Math.max(0, Math.min(length, this.#size - offset));
        for (let from = 0; from < size; ) {
          const number = Math.floor((offset + from) / blockSize);
          const start = (offset + from) % blockSize;
          const part = Math.min(blockSize - start, size - from);
          const block = this.#blocks.get(number);
          if (block) block.copy(target, from, start, start + part);
          else target.fill(0, from, from + part);
          from += part;
        }
        done(size);
      },
      write: (
        _path: string,
        _fd: number,
        source: Buffer,
        length: number,
        offset: number,
        done: Done,
      ) => {
        const bytes = Buffer.from(source.subarray(0, length));
        apply(this.#blocks, offset, bytes);
        if (this.#recording)
          this.#events.push({ kind: "write", offset, bytes });
        done(length);
      },
      fsync: (_path: string, _data: boolean, _fd: number, done: Done) => {
        if (this.#recording) this.#events.push({ kind: "flush" });
        done(0);
      },
    };
  }
}

async function attach(image: string): Promise<string> {
  const { stdout } = await run("losetup", ["--find", "--show", image]);
  return stdout.trim();
}

/** Writes into blocks; a block that is shared with another map is not changed. */
function apply(
  blocks: Map<number, Buffer>,
  offset: number,
  bytes: Buffer,
): void {
  for (let from = 0; from < bytes.length; ) {
    const number = Math.floor((offset + from) / blockSize);
    const start = (offset + from) % blockSize;
    const part = Math.min(blockSize - start, bytes.length - from);
    const fresh = Buffer.alloc(blockSize);
    blocks.get(number)?.copy(fresh);
    bytes.copy(fresh, start, from, from + part);
    blocks.set(number, fresh);
    from += part;
  }
}
