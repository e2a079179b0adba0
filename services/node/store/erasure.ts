import { Isal } from "./isal.ts";

/** Fewer than k fragments of a segment are left. */
export class TooFewFragmentsError extends Error {
  override name = "TooFewFragmentsError";
}

const cachedPatterns = 256;
const codes = new Map<string, ErasureCode>();

/**
 * Systematic Reed-Solomon code over GF(2^8): k data and m parity fragments, any k of which restore the segment
 * (ISA-L, Cauchy matrix). It computes on the calling thread: the coder's workers call it.
 */
export class ErasureCode {
  readonly k: number;
  readonly m: number;
  #isal: Isal;
  #matrix: Buffer;
  #encodeTables: Buffer;
  /** Tables by what is lost, since a lost disk loses the same fragments of every segment. */
  #restoreTables = new Map<string, Buffer>();

  private constructor(k: number, m: number, isal: Isal) {
    this.k = k;
    this.m = m;
    this.#isal = isal;
    this.#matrix = isal.cauchyMatrix(k, m);
    this.#encodeTables = isal.tables(this.#matrix.subarray(k * k), k);
  }

  /** The code of these parameters, made once. @throws RangeError unless k >= 1, m >= 0 and k + m <= 255; NativeLibraryError without ISA-L. */
  static of(k: number, m: number): ErasureCode {
    const name = `${k}+${m}`;
    let code = codes.get(name);
    if (!code) {
      checkCode(k, m);
      code = new ErasureCode(k, m, Isal.open());
      codes.set(name, code);
    }
    return code;
  }

  /** Computes the m parity fragments from the k data fragments, all of the same length. */
  encode(data: readonly Buffer[], parity: readonly Buffer[]): void {
    if (this.m > 0) this.#isal.code(this.#encodeTables, data, parity);
  }

  /**
   * Restores lost fragments from any k others.
   * @param fragments one buffer for each of the k + m fragments, those of the lost ones to be written.
   * @param lost numbers of the lost ones. @throws TooFewFragmentsError
   */
  restore(fragments: readonly Buffer[], lost: readonly number[]): void {
    const { k, m } = this;
    if (lost.length === 0) return;
    if (lost.length > m)
      throw new TooFewFragmentsError(
        `${k + m - lost.length} of ${k + m} fragments are left and ${k} are needed`,
      );
    const used = [...fragments.keys()]
      .filter((index) => !lost.includes(index))
      .slice(0, k);
    this.#isal.code(
      this.#tablesFor(used, lost),
      used.map((index) => fragments[index] as Buffer),
      lost.map((index) => fragments[index] as Buffer),
    );
  }

  #tablesFor(used: readonly number[], lost: readonly number[]): Buffer {
    const pattern = lost.join();
    let tables = this.#restoreTables.get(pattern);
    if (!tables) {
      const { k } = this;
      const inverse = this.#isal.invert(
        Buffer.concat(used.map((index) => this.#row(index))),
        k,
      );
      tables = this.#isal.tables(
        Buffer.concat(
          lost.map((index) => multiplyRow(this.#row(index), inverse, k)),
        ),
        k,
      );
      if (this.#restoreTables.size >= cachedPatterns)
        this.#restoreTables.clear();
      this.#restoreTables.set(pattern, tables);
    }
    return tables;
  }

  #row(index: number): Buffer {
    return this.#matrix.subarray(index * this.k, (index + 1) * this.k);
  }
}

/** @throws RangeError unless k >= 1, m >= 0 and k + m <= 255. */
export function checkCode(k: number, m: number): void {
  if (
    !(
      Number.isInteger(k) &&
      Number.isInteger(m) &&
      k >= 1 &&
      m >= 0 &&
      k + m <= 255
    )
  )
    throw new RangeError(
      `no code has k=${k} and m=${m}: k is at least 1, m at least 0, and both together at most 255`,
    );
}

/** A row vector times a k x k matrix, in GF(2^8). */
function multiplyRow(row: Buffer, matrix: Buffer, k: number): Buffer {
  const product = Buffer.alloc(k);
  for (let column = 0; column < k; column++) {
    let sum = 0;
    for (let index = 0; index < k; index++)
      sum ^= multiply(
        row[index] as number,
        matrix[index * k + column] as number,
      );
    product[column] = sum;
  }
  return product;
}

/** The product of two elements of GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1, ISA-L's polynomial. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = a;
  for (let bits = b; bits > 0; bits >>= 1) {
    if (bits & 1) product ^= shifted;
    shifted = shifted & 0x80 ? ((shifted << 1) ^ 0x11d) & 0xff : shifted << 1;
  }
  return product;
}
