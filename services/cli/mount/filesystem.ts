import { constants } from "node:os";
import {
  type Act,
  type Entry,
  splitPath,
  type TreeClient,
} from "../../node/client.ts";
import { CoppiceError } from "../../shared/errors.ts";
import { EntryCache } from "./entry-cache.ts";
import { type FileSystem, PosixError, type Stats } from "./fuse.ts";
import { type Change, OpenFile } from "./open-file.ts";

const { errno } = constants;
const types = { file: 0o100000, directory: 0o040000, link: 0o120000 } as const;
/** What is older than this goes into the bin when it is deleted; what is younger was only passing through. */
const passing = 600_000;

const mostAttributes = 64;
/** What the tree takes: bytes of a name, and characters of a path. */
const longestName = 255;
const longestPath = 4096;

/** The numbers of POSIX for what the tree refuses. */
const numbers: Readonly<Record<string, number>> = {
  "no-such-file": errno.ENOENT,
  exists: errno.EEXIST,
  "not-a-directory": errno.ENOTDIR,
  "is-a-directory": errno.EISDIR,
  "not-empty": errno.ENOTEMPTY,
  "into-itself": errno.EINVAL,
  "read-only": errno.EROFS,
  "bad-name": errno.EINVAL,
  locked: errno.EBUSY,
  "disk-full": errno.ENOSPC,
  quota: errno.EDQUOT,
};

/** The number of POSIX for what the tree refuses. @param onError hears of what is no error of whoever asked. */
export function numberOf(
  error: unknown,
  onError: (error: unknown) => void,
): number {
  if (error instanceof CoppiceError) {
    const known = numbers[error.type];
    if (known !== undefined) return known;
    if (error.status === 403) return errno.EACCES;
    // More than one act may carry: extended attributes that are too large.
    if (error.status === 413) return errno.ENOSPC;
  }
  onError(error);
  return errno.EIO;
}

/** A part of the block tree as a file system. What is written is in the tree when a file is closed, and durable after fsync. */
export class TreeFileSystem implements FileSystem {
  #tree: TreeClient;
  #entries: EntryCache;
  #handles = new Map<number, OpenFile>();
  #open = new Map<string, OpenFile>();
  #next = 1;
  #onError: (error: unknown) => void;

  /** @param top path in the tree. @param onError hears of what is no error of whoever uses it. */
  constructor(
    tree: TreeClient,
    top: string,
    onError: (error: unknown) => void,
  ) {
    this.#tree = tree;
    this.#entries = new EntryCache(tree, top);
    this.#onError = onError;
  }

  numberOf(error: unknown): number {
    return numberOf(error, this.#onError);
  }

  async stat(path: string, handle: number | undefined): Promise<Stats> {
    const file = handle === undefined ? undefined : this.#handles.get(handle);
    const entry = file?.entry ?? (await this.#entry(path));
    const open = file ?? this.#open.get(entry.id);
    const { mode, uid, gid, modified } = open?.attributes ?? entry;
    return {
      mode: types[entry.kind] | mode,
      uid,
      gid,
      size: entry.kind === "directory" ? 4096 : (open?.size ?? entry.size),
      nlink: entry.kind === "directory" ? 2 : 1,
      modified,
      changed: (open ?? entry).changed,
    };
  }

  async room(): Promise<{ total: number; free: number }> {
    return await this.#tree.room();
  }

  async list(path: string): Promise<string[]> {
    return await this.#entries.list(path);
  }

  async readLink(path: string): Promise<string> {
    const { target } = await this.#tree.entry(this.#entries.inTree(path));
    if (target === undefined) throw new PosixError("EINVAL");
    return target;
  }

  async open(path: string, empty: boolean): Promise<number> {
    const file = this.#take(await this.#entry(path));
    if (empty) file.truncate(0);
    return this.#handle(file);
  }

  async create(path: string, mode: number): Promise<number> {
    const { parent, name } = this.#place(path);
    const entry = await this.#act(path, {
      act: "file",
      parent,
      name,
      mode,
      layout: "random",
    });
    if (!entry) throw new PosixError("EIO");
    return this.#handle(this.#take(entry));
  }

  async read(
    handle: number,
    target: Buffer,
    position: number,
  ): Promise<number> {
    return await this.#file(handle).read(target, position);
  }

  async write(handle: number, bytes: Buffer, position: number): Promise<void> {
    await this.#file(handle).write(bytes, position);
  }

  async truncate(
    path: string,
    handle: number | undefined,
    size: number,
  ): Promise<void> {
    if (handle !== undefined) {
      this.#file(handle).truncate(size);
      return;
    }
    const entry = await this.#entry(path);
    const open = this.#open.get(entry.id);
    const file = open ?? new OpenFile(this.#tree, entry);
    file.truncate(size);
    if (!open) await file.flush();
    this.#entries.set(path, file.entry);
  }

  async flush(path: string, handle: number, durable: boolean): Promise<void> {
    const file = this.#file(handle);
    await file.flush();
    this.#entries.set(path, file.entry);
    if (durable) await this.sync();
  }

  async release(path: string, handle: number): Promise<void> {
    const file = this.#file(handle);
    this.#handles.delete(handle);
    file.handles--;
    await file.flush();
    this.#entries.forget(path);
    if (file.handles === 0) this.#open.delete(file.entry.id);
  }

  async sync(): Promise<void> {
    await this.#tree.flush();
  }

  /** Brings everything that is open into the tree, durably. */
  async end(): Promise<void> {
    for (const file of this.#open.values()) await file.flush();
    await this.sync();
  }

  async makeDirectory(path: string, mode: number): Promise<void> {
    await this.#act(path, { act: "directory", ...this.#place(path), mode });
  }

  async makeLink(path: string, target: string): Promise<void> {
    const place = this.#place(path);
    await this.#act(path, { act: "link", ...place, target, mode: 0o777 });
  }

  async remove(path: string): Promise<void> {
    const { id, changed, size, kind } = await this.#entry(path);
    const old = Date.now() - changed > passing && size > 0 && kind === "file";
    await this.#tree.act({ act: old ? "remove" : "discard", at: id }, false);
    this.#entries.set(path, undefined);
    this.#open.delete(id);
  }

  async removeDirectory(path: string): Promise<void> {
    const { id, kind } = await this.#entry(path);
    if (kind !== "directory") throw new PosixError("ENOTDIR");
    await this.#act(path, { act: "discard", at: id });
  }

  async rename(from: string, to: string): Promise<void> {
    const { id, kind } = await this.#entry(from);
    const file = this.#open.get(id);
    if (file?.isDirty) await file.flush();
    const entry = await this.#tree.act(
      { act: "move", at: id, ...this.#place(to), replace: true },
      false,
    );
    if (kind === "directory") this.#entries.clear();
    this.#entries.set(from, undefined);
    if (!entry) return;
    this.#entries.set(to, entry);
    if (!file) return;
    // What takes another's place goes on under that one's id.
    this.#open.delete(id);
    file.entry = entry;
    this.#open.set(entry.id, file);
  }

  async setAttributes(path: string, change: Change): Promise<void> {
    const { id } = await this.#entry(path);
    const open = this.#open.get(id);
    if (open?.isDirty) {
      open.setAttributes(change);
      return;
    }
    const entry = await this.#act(path, {
      act: "attributes",
      at: id,
      ...change,
    });
    if (entry && open) open.entry = entry;
  }

  async attributes(path: string): Promise<ReadonlyMap<string, Buffer>> {
    const { id } = await this.#entry(path);
    const { attributes } = await this.#tree.entry(id);
    return new Map(
      Object.entries(attributes).map(([name, value]) => [
        name,
        Buffer.from(value, "base64"),
      ]),
    );
  }

  async setAttribute(
    path: string,
    name: string,
    value: Buffer | undefined,
  ): Promise<void> {
    if (!name.startsWith("user.")) throw new PosixError("EOPNOTSUPP");
    const { id } = await this.#entry(path);
    const attributes = new Map(await this.attributes(path));
    if (value) attributes.set(name, value);
    else attributes.delete(name);
    if (attributes.size > mostAttributes) throw new PosixError("ENOSPC");
    const entry = await this.#act(path, {
      act: "attributes",
      at: id,
      attributes: Object.fromEntries(
        [...attributes].map(([key, bytes]) => [key, bytes.toString("base64")]),
      ),
    });
    const open = this.#open.get(id);
    if (entry && open) open.entry = entry;
  }

  /** Does something to the entry at a path; it is durable after the next fsync. */
  async #act(path: string, act: Act): Promise<Entry | undefined> {
    const entry = (await this.#tree.act(act, false)) ?? undefined;
    this.#entries.set(path, entry);
    return entry;
  }

  async #entry(path: string): Promise<Entry> {
    refuseBadName(path);
    const entry = await this.#entries.find(path);
    if (!entry) throw new PosixError("ENOENT");
    return this.#open.get(entry.id)?.entry ?? entry;
  }

  #place(path: string): { parent: string; name: string } {
    refuseBadName(path);
    return splitPath(this.#entries.inTree(path));
  }

  #file(handle: number): OpenFile {
    const file = this.#handles.get(handle);
    if (!file) throw new PosixError("EBADF");
    return file;
  }

  #take(entry: Entry): OpenFile {
    if (entry.kind === "directory") throw new PosixError("EISDIR");
    let file = this.#open.get(entry.id);
    if (!file) {
      file = new OpenFile(this.#tree, entry);
      this.#open.set(entry.id, file);
    }
    file.handles++;
    return file;
  }

  #handle(file: OpenFile): number {
    const handle = this.#next++;
    this.#handles.set(handle, file);
    return handle;
  }
}

/** @throws PosixError ENAMETOOLONG, and EINVAL for a name that is not UTF-8: the binding tells of it with U+FFFD */
function refuseBadName(path: string): void {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name.includes("\ufffd")) throw new PosixError("EINVAL");
  if (path.length > longestPath || Buffer.byteLength(name) > longestName)
    throw new PosixError("ENAMETOOLONG");
}
