import { createRequire } from "node:module";
import { promisify } from "node:util";

/** ffi-napi's way to name a C type. */
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

/** A native library that is not there, or lacks what we call. */
export class NativeLibraryError extends Error {
  override name = "NativeLibraryError";
}

/** Calls a C function at once: for those that take microseconds. */
export type DirectCall = (...args: unknown[]) => number;

interface Ffi {
  Library(
    path: string,
    functions: Record<string, Signature>,
  ): Record<string, DirectCall & { async(...args: unknown[]): void }>;
}
interface Ref {
  readPointer(buffer: Buffer, offset: number, length: number): Buffer;
  writePointer(buffer: Buffer, offset: number, pointer: Buffer): void;
  isNull(buffer: Buffer): boolean;
}

/** Reads and writes C pointers in buffers. */
export const pointers: Ref = createRequire(import.meta.url)(
  "@2060.io/ref-napi",
) as Ref;

/**
 * Opens a native library by its soname; each call runs on a worker thread.
 * @throws NativeLibraryError that names the Debian package to install.
 */
export function openLibrary<F extends Record<string, Signature>>(
  soname: string,
  debianPackage: string,
  functions: F,
): { [K in keyof F]: NativeCall } {
  return load(soname, debianPackage, functions, (call) =>
    promisify((...args: unknown[]) => call.async(...args)),
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
  return load(soname, debianPackage, functions, (call) => call);
}

function load<F extends Record<string, Signature>, C>(
  soname: string,
  debianPackage: string,
  functions: F,
  wrap: (call: ReturnType<Ffi["Library"]>[string]) => C,
): { [K in keyof F]: C } {
  const ffi = createRequire(import.meta.url)("ffi-napi") as Ffi;
  let library: ReturnType<Ffi["Library"]>;
  try {
    library = ffi.Library(soname, functions);
  } catch (error) {
    throw new NativeLibraryError(
      `cannot load ${soname}: install the Debian package ${debianPackage}`,
      { cause: error },
    );
  }
  const calls = Object.keys(functions).map((name) => {
    const call = library[name];
    if (!call)
      throw new NativeLibraryError(
        `${soname} lacks ${name}: install a newer ${debianPackage}`,
      );
    return [name, wrap(call)] as const;
  });
  return Object.fromEntries(calls) as { [K in keyof F]: C };
}
