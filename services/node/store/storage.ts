import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  statfs,
  unlink,
} from "node:fs/promises";
import { join } from "node:path";
import { isThere, syncFolder } from "../../shared/durable.ts";
import { openLibrary } from "../../shared/native.ts";

/** A file of a data disk. Nothing written is durable before `datasync`. */
export interface StorageFile {
  /** Bytes read into `target`; fewer where the file ends. */
  read(target: Uint8Array, offset: number): Promise<number>;
  write(parts: readonly Uint8Array[], offset: number): Promise<void>;
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Takes room for `length` bytes from `offset` on, and leaves the file's size. */
  reserve(offset: number, length: number): Promise<void>;
  /** Gives back the room that is reserved behind the file's end. */
  release(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** The folder of packs on a data disk, as the store needs it; tests put a simulated disk behind it. */
export interface Storage {
  /** The folder's path, where it is one that another thread can read. */
  readonly path?: string;
  /** Names of the files. */
  list(): Promise<string[]>;
  open(name: string, create: boolean): Promise<StorageFile>;
  remove(name: string): Promise<void>;
  /** Makes names that were made or removed durable. */
  sync(): Promise<void>;
  /** Bytes free for us, and of the whole disk. */
  room(): Promise<{ free: number; total: number }>;
}

const keepSize = 1;
/** Bytes that stat(2) counts as one block, whatever the file system's own. */
const blockUnit = 512;
/** Bytes that a file takes beyond its size without a reservation: its last block, and what the file system keeps of its map. */
const mostSlack = 256 * 1024;

/** A real folder. */
export class FolderStorage implements Storage {
  readonly path: string;
  #libc = openLibrary("libc.so.6", "libc6", {
    fallocate: ["int", ["int", "int", "int64", "int64"]],
  });

  private constructor(folder: string) {
    this.path = folder;
  }

  /** Opens a folder, or makes it. */
  static async open(folder: string): Promise<FolderStorage> {
    await mkdir(folder, { recursive: true });
    await syncFolder(join(folder, ".."));
    return new FolderStorage(folder);
  }

  async list(): Promise<string[]> {
    return await readdir(this.path);
  }

  async open(name: string, create: boolean): Promise<StorageFile> {
    const path = join(this.path, name);
    const exists = await isThere(path);
    return new HandleFile(
      await open(path, exists || !create ? "r+" : "wx+", 0o600),
      async (fd, offset, length) =>
        // A file system that cannot preallocate still stores; it only says later that it is full.
        void (await this.#libc.fallocate(fd, keepSize, offset, length)),
    );
  }

  async remove(name: string): Promise<void> {
    await unlink(join(this.path, name));
  }

  async sync(): Promise<void> {
    await syncFolder(this.path);
  }

  async room(): Promise<{ free: number; total: number }> {
    const { bavail, blocks, bsize } = await statfs(this.path);
    return { free: bavail * bsize, total: blocks * bsize };
  }
}

class HandleFile implements StorageFile {
  #handle: FileHandle;
  #allocate: (fd: number, offset: number, length: number) => Promise<void>;

  constructor(
    handle: FileHandle,
    allocate: (fd: number, offset: number, length: number) => Promise<void>,
  ) {
    this.#handle = handle;
    this.#allocate = allocate;
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const { bytesRead } = await this.#handle.read(
        target,
        done,
        target.length - done,
        offset + done,
      );
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(parts: readonly Uint8Array[], offset: number): Promise<void> {
    const wanted = parts.reduce((sum, { length }) => sum + length, 0);
    const { bytesWritten } = await this.#handle.writev(parts, offset);
    if (bytesWritten === wanted) return;
    // A disk that is about full writes less; the rest fails with the reason, or succeeds.
    const rest = Buffer.concat(parts).subarray(bytesWritten);
    let done = 0;
    while (done < rest.length) {
      const more = await this.#handle.write(
        rest,
        done,
        rest.length - done,
        offset + bytesWritten + done,
      );
      done += more.bytesWritten;
    }
  }

  async datasync(): Promise<void> {
    await this.#handle.datasync();
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size);
  }

  async reserve(offset: number, length: number): Promise<void> {
    await this.#allocate(this.#handle.fd, offset, length);
  }

  async release(): Promise<void> {
    const { blocks, size } = await this.#handle.stat();
    // Cutting where nothing is reserved would change the file's times all the same.
    if (blocks * blockUnit > size + mostSlack)
      await this.#handle.truncate(size);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
