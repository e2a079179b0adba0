import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type Cipher, type Cut, codedLength, type Restored } from "./coding.ts";
import { Isal } from "./isal.ts";
import { type Answer, type Job, work } from "./job.ts";

/** Segments up to this are worked on at once: handing them to a thread would take longer. */
const inlineBytes = 64 * 1024;
/** Threads that had nothing to do for so long are ended, milliseconds. */
const patience = 10_000;
/** Kept for the next, all that sixteen streams need: what is dropped instead is collected late, because V8 does not see its size. */
const pooledBytes = 32 * 2 ** 20;
const spareBytes = 12 * 2 ** 20;

interface Thread {
  worker: Worker;
  jobs: Map<number, PromiseWithResolvers<Answer>>;
}

/** Memory of one segment with its parity, shared with the coder's threads. */
export interface SegmentMemory {
  shared: SharedArrayBuffer;
  bytes: Buffer;
}

/** Encrypts, codes, hashes and restores segments on threads of its own, which end when there is nothing to do. */
export class Coder implements AsyncDisposable {
  #threads: Thread[] = [];
  #next = 0;
  #idle: NodeJS.Timeout | undefined;
  #pool = new Map<number, SharedArrayBuffer[]>();
  #pooled = 0;
  #taken = 0;
  readonly #patience: number;

  private constructor(patience: number) {
    this.#patience = patience;
  }

  /** @param idle milliseconds without work after which threads end. @throws NativeLibraryError without ISA-L: there is no slow path. */
  static open(idle = patience): Coder {
    // Also because a thread must not be the first to load the FFI: it would take it away when it ends.
    Isal.open();
    return new Coder(idle);
  }

  /** Memory for a segment. Give it back with `release`; the bytes in it are what its last user left. */
  memory(cut: Cut): SegmentMemory {
    const size = codedLength(cut);
    this.#taken += size;
    const shared = this.#pool.get(size)?.pop();
    if (shared) this.#pooled -= size;
    const memory = shared ?? new SharedArrayBuffer(size);
    return { shared: memory, bytes: Buffer.from(memory) };
  }

  /** Whether there is memory to work ahead: one segment of each stream is always allowed, more only as long as this says so. */
  hasSpare(bytes: number): boolean {
    return this.#taken + bytes <= spareBytes;
  }

  release({ shared }: SegmentMemory): void {
    const size = shared.byteLength;
    this.#taken -= size;
    if (this.#pooled + size > pooledBytes) return;
    this.#pooled += size;
    const free = this.#pool.get(size);
    if (free) free.push(shared);
    else this.#pool.set(size, [shared]);
  }

  /** Makes fragments, in place, of the plain bytes in a segment's memory. @returns the names, 32 bytes each. */
  async seal(
    { shared }: SegmentMemory,
    cut: Cut,
    cipher?: Cipher,
  ): Promise<Buffer> {
    const job: Job = {
      act: "seal",
      memory: shared,
      cut,
      ...(cipher ? { cipher: bare(cipher) } : {}),
    };
    return Buffer.from((await this.#do(job)) as Uint8Array);
  }

  /** Decrypts a segment, of which some fragments may be missing, in place; whether it is what was encrypted. */
  async open(
    { shared }: SegmentMemory,
    cut: Cut,
    cipher: Cipher,
    missing: number[],
  ): Promise<boolean> {
    return (await this.#do({
      act: "open",
      memory: shared,
      cut,
      cipher: bare(cipher),
      missing,
    })) as boolean;
  }

  /** Checks the fragments in a segment's memory against their names and restores those that are missing or rotten. */
  async restore(
    { shared }: SegmentMemory,
    cut: Cut,
    names: Buffer,
    missing: number[],
  ): Promise<Restored> {
    return (await this.#do({
      act: "restore",
      memory: shared,
      cut,
      names: new Uint8Array(names),
      missing,
    })) as Restored;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    await this.#end();
  }

  async #do(job: Job): Promise<Answer> {
    if (codedLength(job.cut) <= inlineBytes) return work(job);
    clearTimeout(this.#idle);
    const thread = this.#thread();
    const id = this.#next++;
    const result = Promise.withResolvers<Answer>();
    thread.jobs.set(id, result);
    thread.worker.ref();
    thread.worker.postMessage({ id, job });
    try {
      return await result.promise;
    } finally {
      // Each job that ends begins the wait anew: a timer that was left alone would end threads in the midst of work.
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => void this.#end(), this.#patience);
      this.#idle.unref();
    }
  }

  /** The thread with the fewest jobs; a new one as long as there are processors. */
  #thread(): Thread {
    const least = this.#threads.toSorted(
      (a, b) => a.jobs.size - b.jobs.size,
    )[0];
    if (
      least &&
      (least.jobs.size === 0 || this.#threads.length >= availableParallelism())
    )
      return least;
    const worker = new Worker(new URL("./coding-worker.ts", import.meta.url));
    worker.unref();
    const thread: Thread = { worker, jobs: new Map() };
    worker.on(
      "message",
      ({
        id,
        answer,
        error,
      }: {
        id: number;
        answer?: Answer;
        error?: Error;
      }) => {
        const job = thread.jobs.get(id);
        thread.jobs.delete(id);
        if (thread.jobs.size === 0) worker.unref();
        if (error) job?.reject(error);
        else job?.resolve(answer as Answer);
      },
    );
    const fail = (error: Error): void => {
      this.#threads = this.#threads.filter((other) => other !== thread);
      for (const { reject } of thread.jobs.values()) reject(error);
      thread.jobs.clear();
    };
    worker.on("error", fail);
    worker.on("exit", () =>
      fail(new Error("a thread of the coder ended before its job was done")),
    );
    this.#threads.push(thread);
    return thread;
  }

  async #end(): Promise<void> {
    this.#pool.clear();
    this.#pooled = 0;
    const idle = this.#threads.filter(({ jobs }) => jobs.size === 0);
    this.#threads = this.#threads.filter((thread) => !idle.includes(thread));
    await Promise.all(idle.map(({ worker }) => worker.terminate()));
  }
}

/** A buffer may be a piece of a larger one, which would be copied with it. */
function bare({ key, nonce }: Cipher): Cipher {
  return { key: new Uint8Array(key), nonce: new Uint8Array(nonce) };
}
