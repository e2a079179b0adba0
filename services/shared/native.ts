import { createRequire } from "node:module";

/** C types of arguments and results. */
export type CType =
  | "int"
  | "uint8"
  | "uint16"
  | "uint32"
  | "int64"
  | "uint64"
  | "size_t"
  | "string"
  | "pointer"
  | "void";
/** One C function: what it returns, what it takes. */
export type Signature = readonly [CType, readonly CType[]];
/** Calls a C function on a worker thread, so that the event loop goes on. */
export type NativeCall = (...args: unknown[]) => Promise<number>;
/** Calls a C function at once: for those that take microseconds. */
export type DirectCall = (...args: unknown[]) => number;

/** A native library that is not there, or lacks what we call. */
export class NativeLibraryError extends Error {
  override name = "NativeLibraryError";
}

interface Ffi {
  DynamicLibrary: new (path: string) => { get(name: string): Buffer };
  CIF(result: CType, args: readonly CType[]): Buffer;
}
interface Bindings {
  ffi_call(cif: Buffer, code: Buffer, result: Buffer, args: Buffer): void;
  ffi_call_async(
    cif: Buffer,
    code: Buffer,
    result: Buffer,
    args: Buffer,
    done: (error: string | null) => void,
  ): void;
}
interface Ref {
  address(buffer: Buffer): number;
}

const { address } = createRequire(import.meta.url)("@2060.io/ref-napi") as Ref;

/** Where each block of memory begins: to ask costs as much as a small call, and they do not move. */
const bases = new WeakMap<ArrayBufferLike, number>();

/** Where a buffer's bytes are in memory; it stays there as long as somebody holds the buffer. */
function addressOf(buffer: Buffer): bigint {
  let base = bases.get(buffer.buffer);
  if (base === undefined) {
    base = address(buffer) - buffer.byteOffset;
    bases.set(buffer.buffer, base);
  }
  return BigInt(base + buffer.byteOffset);
}

const slot = 8;

/** The memory of one call: its arguments one behind the other, and pointers to each. */
class Frame {
  readonly args: Buffer;
  readonly result = Buffer.alloc(slot);
  #values: Buffer;
  #types: readonly CType[];
  /** Keeps what the arguments point to alive until the call is done. */
  #held: unknown[] = [];

  constructor(types: readonly CType[]) {
    this.#types = types;
    this.#values = Buffer.alloc(Math.max(1, types.length) * slot);
    this.args = Buffer.alloc(this.#values.length);
    const start = addressOf(this.#values);
    types.forEach((_, index) => {
      this.args.writeBigUInt64LE(start + BigInt(index * slot), index * slot);
    });
  }

  fill(args: readonly unknown[]): void {
    if (args.length !== this.#types.length)
      throw new TypeError(
        `a native function takes ${this.#types.length} arguments, not ${args.length}`,
      );
    this.#types.forEach((type, index) => {
      this.#values.writeBigUInt64LE(
        this.#word(type, args[index]),
        index * slot,
      );
    });
  }

  clear(): void {
    this.#held = [];
  }

  #word(type: CType, value: unknown): bigint {
    if (type !== "pointer" && type !== "string")
      return BigInt.asUintN(64, BigInt(value as number | bigint));
    if (value === null) return 0n;
    // A pointer that a native function gave.
    if (typeof value === "bigint") return value;
    const memory =
      type === "string"
        ? Buffer.from(`${value as string}\0`)
        : Array.isArray(value)
          ? this.#addresses(value)
          : value;
    if (!Buffer.isBuffer(memory))
      throw new TypeError("a native function takes a Buffer as a pointer");
    this.#held.push(memory);
    return addressOf(memory);
  }

  /** A C array of pointers to buffers. */
  #addresses(buffers: readonly Buffer[]): Buffer {
    const list = Buffer.alloc(slot * buffers.length);
    for (const [index, buffer] of buffers.entries())
      list.writeBigUInt64LE(addressOf(buffer), index * slot);
    this.#held.push(buffers);
    return list;
  }
}

function readResult(type: CType, result: Buffer): number {
  switch (type) {
    case "void":
      return 0;
    case "int":
      return result.readInt32LE();
    case "uint8":
    case "uint16":
    case "uint32":
      return result.readUInt32LE();
    default:
      return Number(result.readBigInt64LE());
  }
}

/**
 * Opens a native library by its soname; each call runs on a worker thread.
 * @throws NativeLibraryError that names the Debian package to install.
 */
export function openLibrary<F extends Record<string, Signature>>(
  soname: string,
  debianPackage: string,
  functions: F,
): { [K in keyof F]: NativeCall } {
  return load(
    soname,
    debianPackage,
    functions,
    (bindings, code, cif, [result, types]): NativeCall => {
      const free: Frame[] = [];
      return async (...args) => {
        const frame = free.pop() ?? new Frame(types);
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        try {
          frame.fill(args);
          bindings.ffi_call_async(
            cif,
            code,
            frame.result,
            frame.args,
            (error) => (error === null ? resolve() : reject(new Error(error))),
          );
          await promise;
          return readResult(result, frame.result);
        } finally {
          frame.clear();
          free.push(frame);
        }
      };
    },
  );
}

/**
 * Opens a native library whose functions only compute, in microseconds: they run on the event loop.
 * @throws NativeLibraryError that names the Debian package to install.
 */
export function openDirectLibrary<F extends Record<string, Signature>>(
  soname: string,
  debianPackage: string,
  functions: F,
): { [K in keyof F]: DirectCall } {
  return load(
    soname,
    debianPackage,
    functions,
    (bindings, code, cif, [result, types]): DirectCall => {
      const frame = new Frame(types);
      return (...args) => {
        try {
          frame.fill(args);
          bindings.ffi_call(cif, code, frame.result, frame.args);
          return readResult(result, frame.result);
        } finally {
          frame.clear();
        }
      };
    },
  );
}

/** ffi-napi's own callers lose some kilobytes at each call, so we lay out the arguments ourselves and call below them. */
function load<F extends Record<string, Signature>, C>(
  soname: string,
  debianPackage: string,
  functions: F,
  caller: (
    bindings: Bindings,
    code: Buffer,
    cif: Buffer,
    signature: Signature,
  ) => C,
): { [K in keyof F]: C } {
  const require = createRequire(import.meta.url);
  const ffi = require("ffi-napi") as Ffi;
  const bindings = require("ffi-napi/lib/bindings") as Bindings;
  let library: InstanceType<Ffi["DynamicLibrary"]>;
  try {
    library = new ffi.DynamicLibrary(soname);
  } catch (error) {
    throw new NativeLibraryError(
      `cannot load ${soname}: install the Debian package ${debianPackage}`,
      { cause: error },
    );
  }
  const calls = Object.entries(functions).map(([name, signature]) => {
    let code: Buffer;
    try {
      code = library.get(name);
    } catch (error) {
      throw new NativeLibraryError(
        `${soname} lacks ${name}: install a newer ${debianPackage}`,
        { cause: error },
      );
    }
    const [result, types] = signature;
    return [
      name,
      caller(bindings, code, ffi.CIF(result, types), signature),
    ] as const;
  });
  return Object.fromEntries(calls) as { [K in keyof F]: C };
}
