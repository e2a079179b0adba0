import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { SignatureError } from "../../shared/cose.ts";
import { BadRequestError, NotFoundError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import type { FileInfo } from "../client.ts";
import {
  type Code,
  fragmentCount,
  readBody,
  segmentCount,
  storedBytes,
} from "../store/body.ts";
import { writeBlock } from "../store/body-writer.ts";
import type { FragmentStore } from "../store/fragments.ts";
import { headerSegment } from "../store/record.ts";
import {
  type Address,
  NoBlockError,
  SegmentLostError,
} from "../store/segment.ts";
import { segmentsOf } from "../store/walk.ts";
import { type Block, openHeader, sealHeader } from "./block.ts";
import { type Named, Names } from "./names.ts";
import type { RootKey } from "./rootkey.ts";

/** The account of the owner's own files. */
export const fileAccount = Buffer.alloc(16);

/** The upload ended before all of it arrived, or is longer than was said. */
export class UploadCutError extends BadRequestError {
  override name = "UploadCutError";
  constructor(message: string) {
    super(message, "upload-cut");
  }
}

/** The owner's files: each a signed, encrypted block whose segments are in the fragment store. */
export class Files implements AsyncDisposable {
  #store: FragmentStore;
  #root: RootKey;
  #names: Names;
  #readers = new Map<string, number>();
  #doomed = new Set<string>();
  #commits = new Mutex();

  private constructor(store: FragmentStore, root: RootKey, names: Names) {
    this.#store = store;
    this.#root = root;
    this.#names = names;
  }

  /** Opens the files of a root key. @param folder where the table of names is kept. */
  static open(store: FragmentStore, root: RootKey, folder: string): Files {
    return new Files(store, root, Names.open(folder));
  }

  /** Takes in the files whose headers are on the disks and which no name leads to: those of a disk from another box, or all when the table is new. */
  async discover(signal: AbortSignal): Promise<void> {
    for await (const { account, block, segment } of segmentsOf(this.#store)) {
      signal.throwIfAborted();
      const address = { account, block };
      if (
        segment !== headerSegment ||
        !account.equals(fileAccount) ||
        this.#names.leadsTo(block) ||
        this.#store.isWriting(address)
      )
        continue;
      const found = await this.#open(block).catch((error: unknown) => {
        if (
          error instanceof SignatureError ||
          error instanceof SegmentLostError
        )
          return undefined;
        throw error;
      });
      if (!found) continue;
      await this.#commits.run(async () => {
        const old = this.#names.get(found.path);
        const [was, is] = [old?.info.version ?? 0, found.version];
        if (
          was < is ||
          (was === is && (old?.info.modified ?? 0) < found.modified)
        )
          await this.#names.set({ id: block, info: infoOf(found) });
      });
    }
  }

  /** Whether a name leads to a block, or somebody still reads it. */
  leadsTo(id: Buffer): boolean {
    return this.#names.leadsTo(id) || this.#readers.has(id.toString("hex"));
  }

  /** All files, by name. */
  list(): FileInfo[] {
    return [...this.#names.all()].map(({ info }) => info);
  }

  /** @throws NotFoundError */
  stat(name: string): FileInfo {
    return this.#named(name).info;
  }

  /**
   * Stores a file; an older one of the same name is replaced once the new one is durable.
   * @param size bytes that must come. @throws UploadCutError, DiskFullError, DiskError; then nothing is stored.
   */
  async put(
    name: string,
    size: number,
    body: AsyncIterable<Buffer>,
    signal: AbortSignal,
  ): Promise<FileInfo> {
    checkName(name);
    const code = this.#code();
    await this.#store.admit(
      fileAccount,
      Math.ceil((size * fragmentCount(code)) / code.k),
    );
    return await this.#write(name, exactly(body, size), code, signal);
  }

  /** Deletes a file. @throws NotFoundError */
  async remove(name: string): Promise<void> {
    await this.#commits.run(async () => {
      const { id } = this.#named(name);
      await this.#names.remove(name);
      await this.#release(id);
    });
  }

  /** A stream of a file's bytes; the first segment is checked before it resolves. @throws NotFoundError, SegmentLostError */
  async get(
    name: string,
    signal: AbortSignal,
  ): Promise<{ info: FileInfo; stream: Readable }> {
    const { id, info } = this.#named(name);
    const release = this.#hold(id);
    try {
      const { body } = await this.#open(id);
      const chunks = readBody(this.#store, addressOf(id), body, signal);
      const first = await chunks.next();
      const stream = Readable.from(
        (async function* () {
          try {
            if (!first.done) yield first.value;
            yield* chunks;
          } finally {
            await release();
          }
        })(),
        { objectMode: false },
      );
      // A stream that is dropped before its first byte never runs its generator.
      stream.once("close", () => void chunks.return(undefined).then(release));
      return { info, stream };
    } catch (error) {
      await release();
      if (error instanceof NoBlockError)
        throw new SegmentLostError(headerSegment, 0, 1);
      throw error;
    }
  }

  /** Writes files anew whose code is not what it should be with the present disks. */
  async recode(signal: AbortSignal): Promise<void> {
    for (const { name, size, fragments, needed } of this.list()) {
      signal.throwIfAborted();
      const code = this.#code();
      if (
        size === 0 ||
        (needed === code.k && fragments === fragmentCount(code))
      )
        continue;
      const { id, info } = this.#named(name);
      const release = this.#hold(id);
      try {
        const { body, modified } = await this.#open(id);
        const chunks = readBody(this.#store, addressOf(id), body, signal);
        await this.#write(name, chunks, code, signal, { info, modified });
      } finally {
        await release();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#names[Symbol.asyncDispose]();
  }

  /** One disk still mends rot; two survive the loss of either; more do so with less. */
  #code(): Code {
    return this.#store.accepting.length === 2 ? { k: 4, m: 4 } : { k: 4, m: 2 };
  }

  /** @param same the version that is written anew: if another was written meanwhile, nothing changes. */
  async #write(
    name: string,
    source: AsyncIterable<Buffer>,
    code: Code,
    signal: AbortSignal,
    same?: { info: FileInfo; modified: number },
  ): Promise<FileInfo> {
    const id = randomBytes(16);
    const address = addressOf(id);
    using _writing = this.#store.writing(address);
    const version =
      same?.info.version ?? (this.#names.get(name)?.info.version ?? 0) + 1;
    const modified = same?.modified ?? Date.now();
    const body = await writeBlock(
      this.#store,
      address,
      source,
      code,
      async (written) =>
        await sealHeader(
          { id, path: name, version, modified, body: written },
          this.#root,
        ),
      signal,
    );
    const info = infoOf({ id, path: name, version, modified, body });
    return await this.#commits.run(async () => {
      const previous = this.#names.get(name);
      if (same && previous?.info.version !== same.info.version) {
        await this.#store.remove(address);
        return same.info;
      }
      await this.#names.set({ id, info });
      if (previous) await this.#release(previous.id);
      return info;
    });
  }

  async #open(id: Buffer): Promise<Block> {
    return openHeader(
      await this.#store.read(addressOf(id), headerSegment),
      id,
      this.#root,
    );
  }

  /** Says that a block is being read: it stays until the returned function was called. */
  #hold(id: Buffer): () => Promise<void> {
    const key = id.toString("hex");
    this.#readers.set(key, (this.#readers.get(key) ?? 0) + 1);
    let held = true;
    return async () => {
      if (!held) return;
      held = false;
      const left = (this.#readers.get(key) ?? 1) - 1;
      if (left > 0) {
        this.#readers.set(key, left);
        return;
      }
      this.#readers.delete(key);
      if (this.#doomed.delete(key)) await this.#store.remove(addressOf(id));
    };
  }

  /** Removes a block that no name leads to any more, as soon as nobody reads it. */
  async #release(id: Buffer): Promise<void> {
    const key = id.toString("hex");
    if (this.#readers.has(key)) this.#doomed.add(key);
    else await this.#store.remove(addressOf(id));
  }

  #named(name: string): Named {
    checkName(name);
    const named = this.#names.get(name);
    if (!named)
      throw new NotFoundError(
        `There is no file "${name}". Look at the list for the names there are.`,
        "no-such-file",
      );
    return named;
  }
}

/** @throws BadRequestError unless `name` can name a file on any system: 1 to 255 bytes, no slash, no control character. */
export function checkName(name: string): void {
  if (
    name === "." ||
    name === ".." ||
    [...name].some((letter) => letter < " " || "/\\\u007f".includes(letter)) ||
    name.length === 0 ||
    Buffer.byteLength(name) > 255 ||
    !name.isWellFormed()
  ) {
    throw new BadRequestError(
      "A file's name has 1 to 255 bytes, without slashes and control characters. Rename it and try again.",
      "bad-name",
    );
  }
}

function addressOf(id: Buffer): Address {
  return { account: fileAccount, block: id };
}

function infoOf({ path, version, modified, body }: Block): FileInfo {
  return {
    name: path,
    size: body.size,
    modified,
    version,
    fragments: fragmentCount(body),
    needed: body.k,
    segments: segmentCount(body),
    stored: storedBytes(body),
  };
}

/** What comes, if it is exactly `size` bytes. @throws UploadCutError */
async function* exactly(
  body: AsyncIterable<Buffer>,
  size: number,
): AsyncGenerator<Buffer> {
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (received > size)
      throw new UploadCutError(
        `More came than the ${size} bytes that were announced. Upload the file again.`,
      );
    yield chunk;
  }
  if (received !== size)
    throw new UploadCutError(
      `Only ${received} of ${size} bytes arrived. Upload the file again.`,
    );
}
