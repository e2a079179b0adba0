import type { Stream } from "@libp2p/interface";
import { LateError, UnreachableError, WireProtocolError } from "./errors.ts";
import type { Gate } from "./shaper.ts";

const lengthBytes = 4;

/**
 * Messages with their length in front (32 bits, big-endian) over a libp2p stream. Sending waits while the other end does
 * not read; what is longer than `most` is refused before it is kept.
 */
export class Frames {
  readonly stream: Stream;
  /** Bytes of a message that comes in, at most. */
  most: number;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #source: AsyncIterator<Uint8Array | { subarray(): Uint8Array }>;

  /** @param most bytes of a message that comes in. */
  constructor(stream: Stream, most: number) {
    this.stream = stream;
    this.most = most;
    this.#source = stream[Symbol.asyncIterator]();
  }

  /**
   * Sends one message, as fast as a gate lets it; resolves when there is room for the next.
   * @param paid bytes of it for which the gate was asked already. @throws UnreachableError where the stream has ended
   */
  async send(
    message: Uint8Array,
    signal: AbortSignal,
    gate?: Gate,
    paid = 0,
  ): Promise<void> {
    const frame = Buffer.allocUnsafe(lengthBytes + message.length);
    frame.writeUInt32BE(message.length);
    frame.set(message, lengthBytes);
    try {
      for (let at = 0; at < frame.length; ) {
        const piece = frame.subarray(at, at + (gate?.grain ?? frame.length));
        at += piece.length;
        if (gate && at > paid)
          await gate.take(Math.min(piece.length, at - paid), signal);
        if (!this.stream.send(piece)) await drained(this.stream, signal);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw new UnreachableError("The other box", { cause: error });
    }
  }

  /** The next message; `undefined` where the other end has closed. @throws WireProtocolError, UnreachableError */
  async next(): Promise<Buffer | undefined> {
    const head = await this.#take(lengthBytes, true);
    if (!head) return undefined;
    const length = head.readUInt32BE();
    if (length > this.most) {
      const error = new WireProtocolError(`a message of ${length} bytes`);
      this.stream.abort(error);
      throw error;
    }
    return await this.#take(length, false);
  }

  /** The next message, or an error where none comes in time. @throws LateError, UnreachableError, WireProtocolError */
  async nextWithin(milliseconds: number): Promise<Buffer> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new LateError("The other box", milliseconds / 1000)),
      milliseconds,
    );
    try {
      const message = await Promise.race([this.next(), late.promise]);
      if (message) return message;
      throw new UnreachableError("The other box");
    } catch (error) {
      if (error instanceof LateError) this.stream.abort(error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Says that nothing more comes. */
  async close(): Promise<void> {
    await this.stream.close().catch(() => {});
  }

  async #take(length: number, mayEnd: boolean): Promise<Buffer | undefined> {
    while (this.#held < length) {
      let result: IteratorResult<Uint8Array | { subarray(): Uint8Array }>;
      try {
        result = await this.#source.next();
      } catch (error) {
        throw new UnreachableError("The other box", { cause: error });
      }
      if (result.done) {
        if (mayEnd && this.#held === 0) return undefined;
        throw new UnreachableError("The other box");
      }
      const chunk = result.value.subarray();
      this.#chunks.push(chunk);
      this.#held += chunk.length;
    }
    const all =
      this.#chunks.length === 1
        ? viewOf(this.#chunks[0] as Uint8Array)
        : Buffer.concat(this.#chunks, this.#held);
    this.#chunks = length === all.length ? [] : [all.subarray(length)];
    this.#held -= length;
    return all.subarray(0, length);
  }
}

/**
 * Resolves when a stream takes more. libp2p's own onDrain() (@libp2p/utils 7.4) gives the promise of its first time for ever, so
 * that nobody waits; and its "drain" comes with each window update, also where most of what was written still lies in its buffer.
 */
async function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const end = (): void => reject(signal.reason ?? new Error("it has ended"));
  const go = (): void => resolve();
  const event = stream.writeBufferLength > 0 ? "idle" : "drain";
  stream.addEventListener(event, go);
  stream.addEventListener("close", end);
  signal.addEventListener("abort", end);
  try {
    signal.throwIfAborted();
    await promise;
  } finally {
    stream.removeEventListener(event, go);
    stream.removeEventListener("close", end);
    signal.removeEventListener("abort", end);
  }
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
