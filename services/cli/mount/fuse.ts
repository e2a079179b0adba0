import { createRequire } from "node:module";
import { constants } from "node:os";

const { errno } = constants;

/** What stat(2) tells; times in milliseconds since 1970. */
export interface Stats {
  mode: number;
  uid: number;
  gid: number;
  size: number;
  nlink: number;
  modified: number;
  changed: number;
}

/** An error that whoever uses the file system sees as a number, such as ENOENT. */
export class PosixError extends Error {
  override name = "PosixError";
  /** As in errno(3), positive. */
  readonly number: number;
  constructor(name: keyof typeof errno) {
    super(name);
    this.number = errno[name];
  }
}

/** A file system; paths begin with a slash. What throws a PosixError is answered so, everything else by `numberOf`. */
export interface FileSystem {
  /** The number of an error that is no PosixError. */
  numberOf(error: unknown): number;
  stat(path: string, handle: number | undefined): Promise<Stats>;
  /** Bytes in all and free. */
  room(): Promise<{ total: number; free: number }>;
  list(path: string): Promise<string[]>;
  readLink(path: string): Promise<string>;
  /** @param empty whether the file is emptied (O_TRUNC). @returns a handle */
  open(path: string, empty: boolean): Promise<number>;
  create(path: string, mode: number): Promise<number>;
  read(handle: number, target: Buffer, position: number): Promise<number>;
  write(handle: number, bytes: Buffer, position: number): Promise<void>;
  truncate(
    path: string,
    handle: number | undefined,
    size: number,
  ): Promise<void>;
  /** A handle is closed, or (fsync) everything of it is to be durable. */
  flush(path: string, handle: number, durable: boolean): Promise<void>;
  release(path: string, handle: number): Promise<void>;
  /** Everything is to be durable. */
  sync(): Promise<void>;
  makeDirectory(path: string, mode: number): Promise<void>;
  makeLink(path: string, target: string): Promise<void>;
  remove(path: string): Promise<void>;
  removeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  setAttributes(
    path: string,
    change: { mode?: number; uid?: number; gid?: number; modified?: number },
  ): Promise<void>;
  /** Extended attributes, by name. */
  attributes(path: string): Promise<ReadonlyMap<string, Buffer>>;
  setAttribute(
    path: string,
    name: string,
    value: Buffer | undefined,
  ): Promise<void>;
}

/** What fuse-native takes; its own types are not a module's. */
type FuseClass = new (
  folder: string,
  operations: Record<string, (...args: never[]) => void>,
  options: Record<string, unknown>,
) => {
  mount(done: (error?: Error | null) => void): void;
  unmount(done: (error?: Error | null) => void): void;
};

type Answer = (error: number, result?: unknown) => void;

/** Owner numbers that chown(2) leaves as they are. */
const unchanged = 0xffffffff;
/** What stands for a time that utimensat(2) leaves as it is; see scripts/mend-fuse. */
const unchangedTime = 2 ** 53;
/** The flag of open(2) that empties a file. */
const truncates = 0o1000;
/** The flags of setxattr(2). */
const onlyNew = 1;
const onlyOld = 2;
const fileType = 0o170000;
const regular = 0o100000;
const blockSize = 4096;

/**
 * Mounts a file system on a folder (libfuse 2). Dispose of it to unmount. @param checked whether the kernel checks modes and
 * owners; else only the file system does. @throws Error where FUSE or the folder is not there
 */
export async function mountFuse(
  folder: string,
  system: FileSystem,
  { allowOther, checked }: { allowOther: boolean; checked: boolean },
): Promise<AsyncDisposable> {
  const FuseNative = createRequire(import.meta.url)(
    "@cocalc/fuse-native",
  ) as FuseClass;
  const fuse = new FuseNative(folder, operationsOf(system), {
    // Options of libfuse that the binding does not know go behind one that it does.
    fsname: "coppice,big_writes,entry_timeout=1,attr_timeout=1,auto_cache",
    subtype: "coppice",
    defaultPermissions: checked,
    allowOther,
    timeout: false,
  });
  const settled = async (
    act: (done: (error?: Error | null) => void) => void,
  ): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    act((error) => (error ? reject(error) : resolve()));
    await promise;
  };
  await settled((done) => fuse.mount(done));
  return {
    [Symbol.asyncDispose]: async () =>
      await settled((done) => fuse.unmount(done)),
  };
}

function operationsOf(
  system: FileSystem,
): Record<string, (...args: never[]) => void> {
  /** Answers with a result behind 0, or with the negative number of an error. */
  const run = (answer: Answer, work: () => Promise<unknown>): void => {
    work().then(
      (result) => answer(0, result),
      (error: unknown) =>
        answer(
          -(error instanceof PosixError
            ? error.number
            : system.numberOf(error)),
        ),
    );
  };
  /** Answers with how many bytes there were, or with the negative number of an error. */
  const count = (answer: Answer, work: () => Promise<number>): void =>
    run(
      (error, bytes) => answer(error === 0 ? (bytes as number) : error),
      work,
    );
  const stats = async (path: string, handle?: number) => {
    const { modified, changed, ...rest } = await system.stat(path, handle);
    const mtime = new Date(modified);
    return {
      ...rest,
      dev: 0,
      ino: 0,
      rdev: 0,
      blksize: 128 * 1024,
      blocks: Math.ceil(rest.size / 512),
      atime: mtime,
      mtime,
      ctime: new Date(changed),
    };
  };
  return {
    getattr: (path: string, answer: Answer) =>
      run(answer, async () => await stats(path)),
    fgetattr: (path: string, handle: number, answer: Answer) =>
      run(answer, async () => await stats(path, handle)),
    statfs: (_path: string, answer: Answer) =>
      run(answer, async () => {
        const { total, free } = await system.room();
        const [blocks, bfree] = [total, free].map((bytes) =>
          Math.floor(bytes / blockSize),
        );
        return {
          bsize: blockSize,
          frsize: blockSize,
          blocks,
          bfree,
          bavail: bfree,
          files: 1e9,
          ffree: 1e9,
          favail: 1e9,
          fsid: 0,
          flag: 0,
          namemax: 255,
        };
      }),
    readdir: (path: string, answer: Answer) =>
      run(answer, async () => await system.list(path)),
    readlink: (path: string, answer: Answer) =>
      run(answer, async () => await system.readLink(path)),
    open: (path: string, flags: number, answer: Answer) =>
      run(
        answer,
        async () => await system.open(path, (flags & truncates) !== 0),
      ),
    create: (path: string, mode: number, answer: Answer) =>
      run(answer, async () => await system.create(path, mode & 0o7777)),
    read: (
      _path: string,
      handle: number,
      buffer: Buffer,
      length: number,
      position: number,
      answer: Answer,
    ) =>
      count(
        answer,
        async () =>
          await system.read(handle, buffer.subarray(0, length), position),
      ),
    write: (
      _path: string,
      handle: number,
      buffer: Buffer,
      length: number,
      position: number,
      answer: Answer,
    ) =>
      count(answer, async () => {
        await system.write(handle, buffer.subarray(0, length), position);
        return length;
      }),
    truncate: (path: string, size: number, answer: Answer) =>
      run(answer, async () => await system.truncate(path, undefined, size)),
    ftruncate: (path: string, handle: number, size: number, answer: Answer) =>
      run(answer, async () => await system.truncate(path, handle, size)),
    flush: (path: string, handle: number, answer: Answer) =>
      run(answer, async () => await system.flush(path, handle, false)),
    fsync: (path: string, _data: boolean, handle: number, answer: Answer) =>
      run(answer, async () => await system.flush(path, handle, true)),
    fsyncdir: (
      _path: string,
      _data: boolean,
      _handle: number,
      answer: Answer,
    ) => run(answer, async () => await system.sync()),
    release: (path: string, handle: number, answer: Answer) =>
      run(answer, async () => await system.release(path, handle)),
    mkdir: (path: string, mode: number, answer: Answer) =>
      run(answer, async () => await system.makeDirectory(path, mode & 0o7777)),
    mknod: (path: string, mode: number, _device: number, answer: Answer) =>
      run(answer, async () => {
        // Devices and pipes are not for other boxes: mknod(2) says so by EPERM.
        if (![0, regular].includes(mode & fileType))
          throw new PosixError("EPERM");
        await system.release(path, await system.create(path, mode & 0o7777));
      }),
    symlink: (target: string, path: string, answer: Answer) =>
      run(answer, async () => await system.makeLink(path, target)),
    unlink: (path: string, answer: Answer) =>
      run(answer, async () => await system.remove(path)),
    rmdir: (path: string, answer: Answer) =>
      run(answer, async () => await system.removeDirectory(path)),
    rename: (from: string, to: string, answer: Answer) =>
      run(answer, async () => await system.rename(from, to)),
    // A block has one place: there are no hard links.
    link: (_from: string, _to: string, answer: Answer) => answer(-errno.EPERM),
    chmod: (path: string, mode: number, answer: Answer) =>
      run(
        answer,
        async () => await system.setAttributes(path, { mode: mode & 0o7777 }),
      ),
    chown: (path: string, uid: number, gid: number, answer: Answer) =>
      run(
        answer,
        async () =>
          await system.setAttributes(path, {
            ...(uid === unchanged ? {} : { uid }),
            ...(gid === unchanged ? {} : { gid }),
          }),
      ),
    utimens: (
      path: string,
      _accessed: number,
      modified: number,
      answer: Answer,
    ) =>
      run(answer, async () => {
        // Times of access are not kept, and times before 1970 come as very large numbers.
        if (modified === unchangedTime) return;
        await system.setAttributes(path, {
          modified: modified > unchangedTime ? 0 : modified,
        });
      }),
    setxattr: (
      path: string,
      name: string,
      value: Buffer,
      _position: number,
      flags: number,
      answer: Answer,
    ) => {
      const bytes = Buffer.from(value);
      run(answer, async () => {
        if (flags !== 0) {
          const there = (await system.attributes(path)).has(name);
          if (flags === onlyNew && there) throw new PosixError("EEXIST");
          if (flags === onlyOld && !there) throw new PosixError("ENODATA");
        }
        await system.setAttribute(path, name, bytes);
      });
    },
    getxattr: (path: string, name: string, _position: number, answer: Answer) =>
      run(answer, async () =>
        // The kernel asks for security.* at each write.
        name.startsWith("user.")
          ? (await system.attributes(path)).get(name)
          : undefined,
      ),
    listxattr: (path: string, answer: Answer) =>
      run(answer, async () => [...(await system.attributes(path)).keys()]),
    removexattr: (path: string, name: string, answer: Answer) =>
      run(answer, async () => {
        if (!(await system.attributes(path)).has(name))
          throw new PosixError("ENODATA");
        await system.setAttribute(path, name, undefined);
      }),
  };
}
