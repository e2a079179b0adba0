import { Isal } from "./isal.ts";

/** Fewer than k fragments of a segment are left. */
export class TooFewFragmentsError extends Error {
  override name = "TooFewFragmentsError";
}

/** Systematic Reed-Solomon code: k data and m parity fragments, any k of which restore the segment (ISA-L, Cauchy matrix). */
export class ErasureCode {
  readonly k: number;
  readonly m: number;
  #isal: Isal;
  #matrix: Buffer;
  #encodeTables: Buffer;

  private constructor(
    k: number,
    m: number,
    isal: Isal,
    matrix: Buffer,
    tables: Buffer,
  ) {
    this.k = k;
    this.m = m;
    this.#isal = isal;
    this.#matrix = matrix;
    this.#encodeTables = tables;
  }

  /** @throws RangeError unless k >= 1, m >= 0 and k + m <= 255; NativeLibraryError without ISA-L. */
  static async create(k: number, m: number): Promise<ErasureCode> {
    if (
      !(
        Number.isInteger(k) &&
        Number.isInteger(m) &&
        k >= 1 &&
        m >= 0 &&
        k + m <= 255
      )
    )
      throw new RangeError(`no code has k=${k} and m=${m}`);
    const isal = new Isal();
    const matrix = await isal.cauchyMatrix(k, m);
    return new ErasureCode(
      k,
      m,
      isal,
      matrix,
      m === 0 ? Buffer.alloc(0) : await isal.tables(matrix.subarray(k * k), k),
    );
  }

  /** Length in bytes of each fragment of a segment of `segmentLength` bytes. */
  fragmentLength(segmentLength: number): number {
    return Math.ceil(segmentLength / this.k);
  }

  /** Cuts a segment into k + m fragments of the same length; the last data fragments are padded with zeros. */
  async encode(segment: Buffer): Promise<Buffer[]> {
    const length = this.fragmentLength(segment.length);
    const data = Array.from({ length: this.k }, (_, index) => {
      const part = segment.subarray(index * length, (index + 1) * length);
      return part.length === length
        ? part
        : Buffer.concat([part, Buffer.alloc(length - part.length)]);
    });
    return this.m === 0
      ? data
      : [...data, ...(await this.#isal.code(this.#encodeTables, data, this.m))];
  }

  /**
   * Restores all k + m fragments from any k of them.
   * @param fragments one place for each fragment, `undefined` where it is lost.
   * @throws TooFewFragmentsError
   */
  async restore(fragments: readonly (Buffer | undefined)[]): Promise<Buffer[]> {
    const { k, m } = this;
    const present = Array.from({ length: k + m }, (_, index) => index).filter(
      (index) => fragments[index] !== undefined,
    );
    if (present.length < k)
      throw new TooFewFragmentsError(
        `${present.length} of ${k + m} fragments are left and ${k} are needed`,
      );
    const lost = Array.from({ length: k + m }, (_, index) => index).filter(
      (index) => fragments[index] === undefined,
    );
    const used = present.slice(0, k);
    const whole = fragments.slice() as Buffer[];
    if (lost.length === 0) return whole;
    const rows = Buffer.concat(used.map((index) => this.#row(index)));
    const inverse = await this.#isal.invert(rows, k);
    const coefficients = Buffer.concat(
      lost.map((index) => multiplyRow(this.#row(index), inverse, k)),
    );
    const restored = await this.#isal.code(
      await this.#isal.tables(coefficients, k),
      used.map((index) => whole[index] as Buffer),
      lost.length,
    );
    for (const [position, index] of lost.entries())
      whole[index] = restored[position] as Buffer;
    return whole;
  }

  #row(index: number): Buffer {
    return this.#matrix.subarray(index * this.k, (index + 1) * this.k);
  }
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
