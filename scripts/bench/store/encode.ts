import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { ErasureCode } from "../../../services/node/store/erasure.ts";
import { Isal } from "../../../services/node/store/isal.ts";
import { printFigure } from "../figure.ts";

const [k, m] = [10, 6];

interface Prepared {
  ffi_call(cif: Buffer, code: Buffer, result: Buffer, args: Buffer): void;
}

/** Encoding through our interface, beside ISA-L's function called again and again with arguments that are ready, as C would. */
export async function benchEncode(): Promise<void> {
  for (const size of [64 * 1024, 2 ** 20]) {
    const data = Array.from({ length: k }, () => randomBytes(size));
    const parity = Array.from({ length: m }, () => Buffer.alloc(size));
    const code = ErasureCode.of(k, m);
    const prepared = prepare(data, parity);
    const bytes = 2 ** 31;
    const count = Math.floor(bytes / (size * k));
    const rate = (work: () => void): number => {
      for (let index = 0; index < count / 10; index++) work();
      const started = performance.now();
      for (let index = 0; index < count; index++) work();
      return (count * size * k) / 1e6 / (performance.now() - started);
    };
    const [ours, bare]: [number[], number[]] = [[], []];
    for (let round = 0; round < 5; round++) {
      ours.push(rate(() => code.encode(data, parity)));
      bare.push(rate(prepared));
    }
    const best = (list: number[]): number => Math.max(...list);
    printFigure({
      name: `encode 10+6, fragments of ${size / 1024} KiB`,
      value: best(ours),
      unit: "GB/s",
      versus: `ec_encode_data with arguments that are ready, ${best(bare).toFixed(2)} GB/s`,
      ratio: best(ours) / best(bare),
      bar: ">= 0.85",
    });
  }
}

/** A call of ec_encode_data whose arguments are laid out once. */
function prepare(data: Buffer[], parity: Buffer[]): () => void {
  const require = createRequire(import.meta.url);
  const ffi = require("ffi-napi") as {
    DynamicLibrary: new (path: string) => { get(name: string): Buffer };
    CIF(result: string, args: readonly string[]): Buffer;
  };
  const { ffi_call: call } = require("ffi-napi/lib/bindings") as Prepared;
  const { address } = require("@2060.io/ref-napi") as {
    address(buffer: Buffer): number;
  };
  const pointers = (list: readonly Buffer[]): Buffer => {
    const table = Buffer.alloc(8 * list.length);
    for (const [index, one] of list.entries())
      table.writeBigUInt64LE(BigInt(address(one)), 8 * index);
    return table;
  };
  const isal = Isal.open();
  const tables = isal.tables(isal.cauchyMatrix(k, m).subarray(k * k), k);
  const [inputs, outputs] = [pointers(data), pointers(parity)];
  const values = Buffer.alloc(48);
  for (const [index, value] of [
    data[0]?.length ?? 0,
    k,
    m,
    address(tables),
    address(inputs),
    address(outputs),
  ].entries())
    values.writeBigUInt64LE(BigInt(value), 8 * index);
  const args = Buffer.alloc(48);
  for (let index = 0; index < 6; index++)
    args.writeBigUInt64LE(
      BigInt(address(values)) + BigInt(8 * index),
      8 * index,
    );
  const code = new ffi.DynamicLibrary("libisal.so.2").get("ec_encode_data");
  const cif = ffi.CIF("void", [
    "int",
    "int",
    "int",
    "pointer",
    "pointer",
    "pointer",
  ]);
  const result = Buffer.alloc(8);
  // What the addresses point to must live as long as the function.
  const held = [tables, inputs, outputs, values];
  return () => {
    if (held.length > 0) call(cif, code, result, args);
  };
}
