import { createHash } from "node:crypto";
import { freshBytes } from "../../shared/random.ts";
import {
  type Body,
  type Code,
  depth,
  inlineLimit,
  nonceOf,
  segmentSizeOf,
} from "./body.ts";
import type { SegmentMemory } from "./coder.ts";
import { type Cut, codedLength, tagSize } from "./coding.ts";
import type { Uncommitted } from "./disk-pool.ts";
import type { FragmentStore } from "./fragments.ts";
import { headerSegment } from "./record.ts";
import type { Address } from "./segment.ts";

/** Fragments become durable at the latest after so many bytes, so that a body of any size needs little memory. */
const commitEvery = 64 * 2 ** 20;

/**
 * Writes a block: encrypts and codes what comes, then its header. All of it is durable when it resolves, and nothing is kept
 * where it throws. Memory is bounded: the source is read only as fast as the disks write.
 * @param seal makes the header's bytes from the body. @param expires milliseconds since 1970, 0 for never.
 * @throws DiskFullError, DiskError, QuotaError, and what the source throws.
 */
export async function writeBlock(
  store: FragmentStore,
  address: Address,
  source: AsyncIterable<Uint8Array>,
  code: Code,
  seal: (body: Body) => Buffer | Promise<Buffer>,
  signal: AbortSignal,
  expires = 0,
): Promise<Body> {
  using _writing = store.writing(address);
  const writer = new BodyWriter(store, address, code, expires, inlineLimit);
  try {
    for await (const chunk of source) {
      signal.throwIfAborted();
      await writer.add(chunk);
    }
    const body = await writer.end();
    await writer.header(await seal(body));
    return body;
  } catch (error) {
    await writer.undo();
    throw error;
  }
}

/**
 * Writes a body alone: what leads to it is kept elsewhere. Durable when it resolves; nothing is kept where it throws.
 * Say that the address is being written (`FragmentStore.writing`) until something leads to it.
 * @param inline bytes up to which the body stands in what is returned and nothing is stored.
 * @throws DiskFullError, DiskError, QuotaError, and what the source throws.
 */
export async function writeBody(
  store: FragmentStore,
  address: Address,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  code: Code,
  signal: AbortSignal,
  inline: number,
): Promise<Body> {
  const writer = new BodyWriter(store, address, code, 0, inline);
  try {
    for await (const chunk of source) {
      signal.throwIfAborted();
      await writer.add(chunk);
    }
    const body = await writer.end();
    await writer.commit();
    return body;
  } catch (error) {
    await writer.undo();
    throw error;
  }
}

/** Writes a block that is nothing but its header. Durable when it resolves. @throws DiskFullError, DiskError, QuotaError */
export async function writeHeader(
  store: FragmentStore,
  address: Address,
  bytes: Buffer,
  code: Code,
): Promise<void> {
  const writer = new BodyWriter(store, address, code, 0, 0);
  try {
    await writer.header(bytes);
  } catch (error) {
    await writer.undo();
    throw error;
  }
}

/** Cuts what comes into segments and hands them on, a few at a time. */
class BodyWriter {
  #store: FragmentStore;
  #address: Address;
  #code: Code;
  #expires: number;
  #inlineLimit: number;
  #key = freshBytes(32);
  #segmentSize: number;
  #names = createHash("sha256");
  #first: Buffer[] = [];
  #size = 0;
  #number = 0;
  #filling: { memory: SegmentMemory; length: number } | undefined;
  #working: Promise<{ names: Buffer; written: Uncommitted }>[] = [];
  #written: Uncommitted[] = [];
  #writtenBytes = 0;
  #committing: Promise<void> = Promise.resolve();
  #committed = false;

  constructor(
    store: FragmentStore,
    address: Address,
    code: Code,
    expires: number,
    inline: number,
  ) {
    this.#store = store;
    this.#address = address;
    this.#code = code;
    this.#expires = expires;
    this.#inlineLimit = inline;
    this.#segmentSize = segmentSizeOf(code);
  }

  async add(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    if (this.#size + rest.length <= this.#inlineLimit) {
      // A copy: the source may use its buffer again.
      if (rest.length > 0) this.#first.push(Buffer.from(rest));
      this.#size += rest.length;
      return;
    }
    if (this.#first.length > 0) {
      const first = Buffer.concat(this.#first);
      this.#first = [];
      this.#size -= first.length;
      await this.#fill(first);
    }
    while (rest.length > 0) {
      await this.#fill(rest.subarray(0, this.#segmentSize));
      rest = rest.subarray(this.#segmentSize);
    }
  }

  async end(): Promise<Body> {
    if (this.#filling) await this.#submit(true);
    while (this.#working.length > 0) await this.#collect();
    // On one disk body and header go into one commit, which is whole or not there; on several the body is safe first.
    const disks = new Set(this.#written.flat().map(({ disk }) => disk));
    if (this.#committed || disks.size > 1 || this.#store.accepting.length > 1)
      await this.#commit();
    await this.#committing;
    return {
      ...this.#code,
      key: this.#key,
      size: this.#size,
      segmentSize: this.#segmentSize,
      names: this.#names.digest(),
      inline: Buffer.concat(this.#first),
    };
  }

  /** Makes the body durable without a header. */
  async commit(): Promise<void> {
    await this.#commit();
    await this.#committing;
  }

  async header(bytes: Buffer): Promise<void> {
    const { coder } = this.#store;
    // Every fragment of a header is enough to read it.
    const cut = { k: 1, m: this.#code.m, segmentLength: bytes.length };
    this.#store.checkQuota(this.#address.account, bytes.length * (1 + cut.m));
    const memory = coder.memory(cut);
    try {
      bytes.copy(memory.bytes);
      const names = await coder.seal(memory, cut);
      const written = await this.#store.write(
        this.#address,
        headerSegment,
        cut,
        memory,
        names,
        this.#expires,
      );
      this.#written.push(written);
      await this.#store.commit(this.#written);
    } finally {
      coder.release(memory);
    }
  }

  async undo(): Promise<void> {
    if (this.#filling) this.#store.coder.release(this.#filling.memory);
    this.#filling = undefined;
    for (const result of await Promise.allSettled(this.#working))
      if (result.status === "fulfilled")
        this.#written.push(result.value.written);
    await this.#committing.catch(() => {});
    this.#store.abandon(this.#written);
    if (this.#committed)
      await this.#store.remove(this.#address).catch(() => {});
  }

  async #fill(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      // A full segment waits for the next byte: the last one is encrypted as such.
      if (this.#filling?.length === this.#segmentSize)
        await this.#submit(false);
      this.#filling ??= { memory: await this.#memory(), length: 0 };
      const { memory, length } = this.#filling;
      const part = rest.subarray(0, this.#segmentSize - length);
      memory.bytes.set(part, length);
      this.#filling.length += part.length;
      this.#size += part.length;
      rest = rest.subarray(part.length);
    }
  }

  /** Memory for the next segment; where it is scarce, after one that is being worked on. */
  async #memory(): Promise<SegmentMemory> {
    const cut = this.#cut(this.#segmentSize);
    while (
      this.#working.length >= depth ||
      (this.#working.length > 0 &&
        !this.#store.coder.hasSpare(this.#segmentSize))
    )
      await this.#collect();
    return this.#store.coder.memory(cut);
  }

  #cut(plain: number): Cut {
    return { ...this.#code, segmentLength: plain + tagSize };
  }

  async #submit(last: boolean): Promise<void> {
    const filling = this.#filling;
    if (!filling) return;
    this.#filling = undefined;
    const number = this.#number++;
    if (number === 0)
      await this.#store.admit(
        this.#address.account,
        codedLength(this.#cut(filling.length)),
      );
    const work = this.#seal(filling, number, last);
    work.catch(() => {});
    this.#working.push(work);
  }

  async #seal(
    { memory, length }: { memory: SegmentMemory; length: number },
    number: number,
    last: boolean,
  ): Promise<{ names: Buffer; written: Uncommitted }> {
    const { coder } = this.#store;
    const cut = this.#cut(length);
    try {
      const names = await coder.seal(memory, cut, {
        key: this.#key,
        nonce: nonceOf(number, last),
      });
      const written = await this.#store.write(
        this.#address,
        number,
        cut,
        memory,
        names,
        this.#expires,
      );
      return { names, written };
    } finally {
      coder.release(memory);
    }
  }

  /** Waits for the oldest segment that is being worked on. */
  async #collect(): Promise<void> {
    const { names, written } = await (this.#working.shift() as Promise<{
      names: Buffer;
      written: Uncommitted;
    }>);
    this.#names.update(names);
    this.#written.push(written);
    for (const { rows } of written)
      for (const { row } of rows) this.#writtenBytes += row.length;
    if (this.#writtenBytes >= commitEvery) await this.#commit();
  }

  /** Makes durable what was written; the next segments go on meanwhile. */
  async #commit(): Promise<void> {
    await this.#committing;
    const written = this.#written;
    if (written.length === 0) return;
    this.#written = [];
    this.#committed = true;
    this.#store.checkQuota(this.#address.account, this.#writtenBytes);
    this.#writtenBytes = 0;
    this.#committing = this.#store.commit(written);
    this.#committing.catch(() => {});
  }
}
