import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { Database } from "lmdb";
import { decodeCbor, encodeCbor } from "../../shared/cbor.ts";
import { SignatureError } from "../../shared/cose.ts";
import { BadRequestError, NotFoundError } from "../../shared/errors.ts";
import { Mutex } from "../../shared/mutex.ts";
import {
  type FragmentStore,
  type Segment,
  SegmentLostError,
  type SegmentRef,
  type Written,
} from "../store/fragments.ts";
import { headerSegment } from "../store/record.ts";
import {
  type Block,
  decryptSegment,
  encryptSegment,
  openHeader,
  plainSegmentSize,
  sealHeader,
} from "./block.ts";
import type { RootKey } from "./rootkey.ts";

/** The upload ended before all of it arrived, or is longer than was said. */
export class UploadCutError extends BadRequestError {
  override name = "UploadCutError";
  constructor(message: string) {
    super(message, "upload-cut");
  }
}

/** How a file is kept. */
export interface FileInfo {
  name: string;
  size: number;
  modified: number;
  version: number;
  /** Fragments of each segment, and how many of them restore it. */
  fragments: number;
  needed: number;
  segments: number;
  /** Bytes on the disk. */
  stored: number;
}

interface Row {
  id: Buffer;
  header: SegmentRef;
  info: FileInfo;
}

/** The owner's files: each a signed, encrypted block whose segments are in the fragment store. */
export class Files {
  #store: FragmentStore;
  #root: RootKey;
  #names: Database<Buffer, string>;
  #readers = new Map<string, number>();
  #doomed = new Map<string, Segment[]>();

  #commits = new Mutex();

  private constructor(store: FragmentStore, root: RootKey) {
    this.#store = store;
    this.#root = root;
    this.#names = store.table("files");
  }

  /** Opens the files of a root key; fragments of blocks that no name leads to, which a crash left, are given back. */
  static async open(store: FragmentStore, root: RootKey): Promise<Files> {
    const files = new Files(store, root);
    await store.sweep(
      new Set(
        [...files.#names.getRange()].map(({ value }) =>
          decodeRow(value).id.toString("hex"),
        ),
      ),
    );
    return files;
  }

  /** All files, by name. */
  list(): FileInfo[] {
    return [...this.#names.getRange()].map(
      ({ value }) => decodeRow(value).info,
    );
  }

  /** @throws NotFoundError */
  stat(name: string): FileInfo {
    return this.#row(name).info;
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
    await this.#store.admit(size);
    const id = randomBytes(16);
    const key = randomBytes(32);
    const written: Written[] = [];
    try {
      let received = 0;
      for await (const { plain, last } of cut(body, size)) {
        signal.throwIfAborted();
        received += plain.length;
        if (plain.length > 0)
          written.push(
            await this.#store.write(
              id,
              written.length,
              encryptSegment(key, written.length, last, plain),
            ),
          );
      }
      return await this.#commits.run(async () => {
        const old = this.#names.get(name);
        const previous = old ? decodeRow(old) : undefined;
        const segments = written.map(({ length, fragments }) => ({
          length,
          fragments,
        }));
        const block: Block = {
          id,
          path: name,
          version: (previous?.info.version ?? 0) + 1,
          size: received,
          modified: Date.now(),
          key,
          segments,
        };
        const header = await this.#store.write(
          id,
          headerSegment,
          await sealHeader(block, this.#root),
        );
        written.push(header);
        const { k, m } = this.#store.code;
        const stored = written.reduce(
          (sum, segment) => sum + this.#store.size(segment),
          0,
        );
        const info: FileInfo = {
          name,
          size: received,
          modified: block.modified,
          version: block.version,
          fragments: k + m,
          needed: k,
          segments: segments.length,
          stored,
        };
        const removed = previous
          ? this.#holdBack(previous, await this.#segmentsOf(previous))
          : [];
        await this.#store.commit(written, removed, () =>
          this.#names.put(name, encodeRow({ id, header, info })),
        );
        return info;
      });
    } catch (error) {
      await this.#store.discard(written);
      throw error;
    }
  }

  /** Deletes a file. @throws NotFoundError */
  async remove(name: string): Promise<void> {
    await this.#commits.run(async () => {
      const row = this.#row(name);
      const removed = this.#holdBack(row, await this.#segmentsOf(row));
      await this.#store.commit([], removed, () => this.#names.remove(name));
    });
  }

  /** A stream of a file's bytes; the first segment is checked before it resolves. @throws NotFoundError, SegmentLostError */
  async get(name: string): Promise<{ info: FileInfo; stream: Readable }> {
    const row = this.#row(name);
    const hold = row.id.toString("hex");
    this.#readers.set(hold, (this.#readers.get(hold) ?? 0) + 1);
    const chunks = this.#chunks(row);
    try {
      const first = await chunks.next();
      const release = (): Promise<void> => this.#release(hold);
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
      stream.once("close", () => void chunks.return(undefined));
      return { info: row.info, stream };
    } catch (error) {
      await this.#release(hold);
      throw error;
    }
  }

  async *#chunks(row: Row): AsyncGenerator<Buffer> {
    const block = await this.#block(row);
    for (const [number, ref] of block.segments.entries()) {
      const bytes = await this.#store.read({
        block: row.id,
        segment: number,
        ...ref,
      });
      yield decryptSegment(
        block.key,
        number,
        number === block.segments.length - 1,
        bytes,
      );
    }
    // What a download does not need is checked after it, so that rot in parity is found and mended too.
    for (const [number, ref] of block.segments.entries())
      await this.#store.mend({ block: row.id, segment: number, ...ref });
    await this.#store.mend({
      block: row.id,
      segment: headerSegment,
      ...row.header,
    });
  }

  async #block(row: Row): Promise<Block> {
    return openHeader(
      await this.#store.read({
        block: row.id,
        segment: headerSegment,
        ...row.header,
      }),
      row.id,
      this.#root,
    );
  }

  async #segmentsOf(row: Row): Promise<Segment[]> {
    const header = { block: row.id, segment: headerSegment, ...row.header };
    try {
      const { segments } = await this.#block(row);
      return [
        ...segments.map((ref, segment) => ({ block: row.id, segment, ...ref })),
        header,
      ];
    } catch (error) {
      // A file whose header is lost can still be deleted; the sweep at the next start takes the rest.
      if (error instanceof SegmentLostError || error instanceof SignatureError)
        return [header];
      throw error;
    }
  }

  /** Segments that somebody is reading are kept until that ends; the others are returned, to be removed now. */
  #holdBack(row: Row, segments: Segment[]): Segment[] {
    const hold = row.id.toString("hex");
    if (!this.#readers.has(hold)) return segments;
    this.#doomed.set(hold, segments);
    return [];
  }

  async #release(hold: string): Promise<void> {
    const left = (this.#readers.get(hold) ?? 1) - 1;
    if (left > 0) {
      this.#readers.set(hold, left);
      return;
    }
    this.#readers.delete(hold);
    const doomed = this.#doomed.get(hold);
    this.#doomed.delete(hold);
    if (doomed) await this.#store.commit([], doomed, () => {});
  }

  #row(name: string): Row {
    checkName(name);
    const value = this.#names.get(name);
    if (!value)
      throw new NotFoundError(
        `There is no file "${name}". Look at the list for the names there are.`,
        "no-such-file",
      );
    return decodeRow(value);
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

/** Cuts a body into full plain segments and a last one. @throws UploadCutError unless exactly `size` bytes come. */
async function* cut(
  body: AsyncIterable<Buffer>,
  size: number,
): AsyncGenerator<{ plain: Buffer; last: boolean }> {
  let parts: Buffer[] = [];
  let waiting = 0;
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (received > size)
      throw new UploadCutError(
        `More came than the ${size} bytes that were announced. Upload the file again.`,
      );
    let rest = chunk;
    while (rest.length > 0) {
      const part = rest.subarray(0, plainSegmentSize - waiting);
      parts.push(part);
      waiting += part.length;
      rest = rest.subarray(part.length);
      if (waiting === plainSegmentSize && received - rest.length < size) {
        yield { plain: Buffer.concat(parts), last: false };
        parts = [];
        waiting = 0;
      }
    }
  }
  if (received !== size)
    throw new UploadCutError(
      `Only ${received} of ${size} bytes arrived. Upload the file again.`,
    );
  yield { plain: Buffer.concat(parts), last: true };
}

function encodeRow({ id, header, info }: Row): Buffer {
  const { name, size, modified, version, fragments, needed, segments, stored } =
    info;
  return encodeCbor([
    id,
    header.length,
    header.fragments,
    name,
    size,
    modified,
    version,
    fragments,
    needed,
    segments,
    stored,
  ]);
}

function decodeRow(bytes: Buffer): Row {
  const [
    id,
    length,
    names,
    name,
    size,
    modified,
    version,
    fragments,
    needed,
    segments,
    stored,
  ] = decodeCbor(bytes) as [
    Uint8Array,
    number,
    Uint8Array[],
    string,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    id: Buffer.from(id),
    header: { length, fragments: names },
    info: {
      name,
      size,
      modified,
      version,
      fragments,
      needed,
      segments,
      stored,
    },
  };
}
