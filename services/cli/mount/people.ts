import { performance } from "node:perf_hooks";
import { type Static, Type } from "typebox";
import type { NodeClient, Share } from "../../node/client.ts";
import { CoppiceError } from "../../shared/errors.ts";
import { numberOf, TreeFileSystem } from "./filesystem.ts";
import { type FileSystem, PosixError, type Stats } from "./fuse.ts";

/** Whose files a mount shows: for each account of this machine the owner's, or those of the share that a secret opens. */
export const People = Type.Array(
  Type.Object({
    account: Type.String({ pattern: "^[a-z][a-z0-9-]{0,31}$" }),
    uid: Type.Integer({ minimum: 1, maximum: 2 ** 32 - 2 }),
    secret: Type.Optional(Type.String({ pattern: "^[\\w-]{43}$" })),
  }),
  { maxItems: 1000 },
);
export type People = Static<typeof People>;

/** How long it is taken as true that a share is in force, and gives the same rights, milliseconds. */
const fresh = 1000;
const directory = 0o040000;

interface View {
  system: TreeFileSystem;
  /** Permission bits of POSIX that may show. */
  bits: number;
}

/** The folder of one account. */
class Home {
  readonly uid: number;
  #node: NodeClient;
  #secret: string | undefined;
  #onError: (error: unknown) => void;
  #view: Promise<View> | undefined;
  #system: TreeFileSystem | undefined;
  #at = 0;

  constructor(
    node: NodeClient,
    { uid, secret }: People[number],
    onError: (error: unknown) => void,
  ) {
    this.uid = uid;
    this.#node = node;
    this.#secret = secret;
    this.#onError = onError;
  }

  /** What the account sees at this moment: shares end, are taken back, and grow. @throws PosixError EACCES */
  async view(): Promise<View> {
    const now = performance.now();
    if (!this.#view || now - this.#at > fresh) {
      this.#at = now;
      this.#view = this.#look();
    }
    return await this.#view;
  }

  /** Brings everything that is open into the tree. */
  async end(): Promise<void> {
    await this.#system?.end();
  }

  async #look(): Promise<View> {
    const secret = this.#secret;
    const { path, rights }: Pick<Share, "path" | "rights"> =
      secret === undefined
        ? { path: "/", rights: ["write"] }
        : await this.#node.openShare(secret).catch((error: unknown) => {
            if (error instanceof CoppiceError && error.status < 500)
              throw new PosixError("EACCES");
            throw error;
          });
    this.#system ??= new TreeFileSystem(
      secret === undefined ? this.#node.tree : this.#node.tree.as(secret),
      path,
      this.#onError,
    );
    return {
      system: this.#system,
      bits: rights.includes("write") ? 0o7777 : 0o7555,
    };
  }
}

/**
 * The files of several people, a folder for each account: a program that serves them all, such as Samba, leads each into
 * his own. Rights are the storage node's to check; whatever owner a file has, it shows as its account's.
 */
export class PeopleFileSystem implements FileSystem {
  #node: NodeClient;
  #homes: ReadonlyMap<string, Home>;
  #handles = new Map<number, { system: TreeFileSystem; handle: number }>();
  #next = 1;
  #started = Date.now();
  #onError: (error: unknown) => void;

  /** @param onError hears of what is no error of whoever uses it. */
  constructor(
    node: NodeClient,
    people: People,
    onError: (error: unknown) => void,
  ) {
    this.#node = node;
    this.#homes = new Map(
      people.map((one) => [one.account, new Home(node, one, onError)]),
    );
    this.#onError = onError;
  }

  numberOf(error: unknown): number {
    return numberOf(error, this.#onError);
  }

  async stat(path: string, handle: number | undefined): Promise<Stats> {
    if (path === "/")
      return {
        mode: directory | 0o711,
        uid: process.getuid?.() ?? 0,
        gid: process.getgid?.() ?? 0,
        size: 4096,
        nlink: 2,
        modified: this.#started,
        changed: this.#started,
      };
    const { home, within } = this.#home(path);
    const { system, bits } = await home.view();
    const open = handle === undefined ? undefined : this.#handles.get(handle);
    const stats = open
      ? await open.system.stat(within, open.handle)
      : await system.stat(within, undefined);
    const mode = stats.mode & (~0o7777 | bits);
    return { ...stats, mode, uid: home.uid, gid: home.uid };
  }

  async room(): Promise<{ total: number; free: number }> {
    return await this.#node.tree.room();
  }

  async list(path: string): Promise<string[]> {
    if (path === "/") return [...this.#homes.keys()];
    const { system, within } = await this.#place(path);
    return await system.list(within);
  }

  async readLink(path: string): Promise<string> {
    const { system, within } = await this.#place(path);
    return await system.readLink(within);
  }

  async open(path: string, empty: boolean): Promise<number> {
    const { system, within } = await this.#place(path);
    return this.#keep(system, await system.open(within, empty));
  }

  async create(path: string, mode: number): Promise<number> {
    const { system, within } = await this.#beneath(path);
    return this.#keep(system, await system.create(within, mode));
  }

  async read(
    handle: number,
    target: Buffer,
    position: number,
  ): Promise<number> {
    const open = this.#open(handle);
    return await open.system.read(open.handle, target, position);
  }

  async write(handle: number, bytes: Buffer, position: number): Promise<void> {
    const open = this.#open(handle);
    await open.system.write(open.handle, bytes, position);
  }

  async truncate(
    path: string,
    handle: number | undefined,
    size: number,
  ): Promise<void> {
    const { system, within } = await this.#place(path);
    const open = handle === undefined ? undefined : this.#open(handle);
    await (open?.system ?? system).truncate(within, open?.handle, size);
  }

  async flush(path: string, handle: number, durable: boolean): Promise<void> {
    const open = this.#open(handle);
    await open.system.flush(this.#home(path).within, open.handle, durable);
  }

  async release(path: string, handle: number): Promise<void> {
    const open = this.#open(handle);
    this.#handles.delete(handle);
    await open.system.release(this.#home(path).within, open.handle);
  }

  async sync(): Promise<void> {
    await this.#node.tree.flush();
  }

  /** Brings everything that is open into the tree, durably. */
  async end(): Promise<void> {
    for (const home of this.#homes.values()) await home.end();
  }

  async makeDirectory(path: string, mode: number): Promise<void> {
    const { system, within } = await this.#beneath(path);
    await system.makeDirectory(within, mode);
  }

  async makeLink(path: string, target: string): Promise<void> {
    const { system, within } = await this.#beneath(path);
    await system.makeLink(within, target);
  }

  async remove(path: string): Promise<void> {
    const { system, within } = await this.#beneath(path);
    await system.remove(within);
  }

  async removeDirectory(path: string): Promise<void> {
    const { system, within } = await this.#beneath(path);
    await system.removeDirectory(within);
  }

  async rename(from: string, to: string): Promise<void> {
    const source = await this.#beneath(from);
    const target = await this.#beneath(to);
    if (source.system !== target.system) throw new PosixError("EXDEV");
    await source.system.rename(source.within, target.within);
  }

  async setAttributes(
    path: string,
    change: { mode?: number; uid?: number; gid?: number; modified?: number },
  ): Promise<void> {
    const { system, within } = await this.#place(path);
    await system.setAttributes(within, change);
  }

  async attributes(path: string): Promise<ReadonlyMap<string, Buffer>> {
    if (path === "/") return new Map();
    const { system, within } = await this.#place(path);
    return await system.attributes(within);
  }

  async setAttribute(
    path: string,
    name: string,
    value: Buffer | undefined,
  ): Promise<void> {
    const { system, within } = await this.#place(path);
    await system.setAttribute(within, name, value);
  }

  /** Whose folder a path is in, and what remains of it. @throws PosixError ENOENT; EACCES for the folder of all folders */
  #home(path: string): { home: Home; within: string } {
    if (path === "/") throw new PosixError("EACCES");
    const end = path.indexOf("/", 1);
    const home = this.#homes.get(path.slice(1, end < 0 ? undefined : end));
    if (!home) throw new PosixError("ENOENT");
    return { home, within: end < 0 ? "/" : path.slice(end) };
  }

  async #place(
    path: string,
  ): Promise<{ system: TreeFileSystem; within: string }> {
    const { home, within } = this.#home(path);
    return { system: (await home.view()).system, within };
  }

  /** As `#place`, for what may be made, moved and removed: a mount's own folders may not. @throws PosixError EBUSY */
  async #beneath(
    path: string,
  ): Promise<{ system: TreeFileSystem; within: string }> {
    const place = await this.#place(path);
    if (place.within === "/") throw new PosixError("EBUSY");
    return place;
  }

  #keep(system: TreeFileSystem, handle: number): number {
    const own = this.#next++;
    this.#handles.set(own, { system, handle });
    return own;
  }

  #open(handle: number): { system: TreeFileSystem; handle: number } {
    const open = this.#handles.get(handle);
    if (!open) throw new PosixError("EBADF");
    return open;
  }
}
