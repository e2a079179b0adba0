import { type DirectCall, openDirectLibrary } from "../../shared/native.ts";

const functions = {
  gf_gen_cauchy1_matrix: ["void", ["pointer", "int", "int"]],
  gf_invert_matrix: ["int", ["pointer", "pointer", "int"]],
  ec_init_tables: ["void", ["int", "int", "pointer", "pointer"]],
  ec_encode_data: [
    "void",
    ["int", "int", "int", "pointer", "pointer", "pointer"],
  ],
} as const;

let opened: Isal | undefined;

/** Intel's Intelligent Storage Acceleration Library: Reed-Solomon over GF(2^8), on the calling thread. */
export class Isal {
  #library: Record<keyof typeof functions, DirectCall>;

  private constructor() {
    this.#library = openDirectLibrary("libisal.so.2", "libisal2", functions);
  }

  /** @throws NativeLibraryError that names the Debian package to install: there is no slow path. */
  static open(): Isal {
    opened ??= new Isal();
    return opened;
  }

  /** The (k+m) x k Cauchy matrix whose upper k rows are the identity. */
  cauchyMatrix(k: number, m: number): Buffer {
    const matrix = Buffer.alloc((k + m) * k);
    this.#library.gf_gen_cauchy1_matrix(matrix, k + m, k);
    return matrix;
  }

  /** The inverse of a k x k matrix. @throws RangeError where it is singular, which no choice of Cauchy rows is. */
  invert(matrix: Buffer, k: number): Buffer {
    const inverse = Buffer.alloc(k * k);
    if (this.#library.gf_invert_matrix(Buffer.from(matrix), inverse, k) !== 0)
      throw new RangeError("a singular matrix cannot be inverted");
    return inverse;
  }

  /** Multiplication tables for rows of k coefficients; 32 bytes a coefficient. */
  tables(coefficients: Buffer, k: number): Buffer {
    const rows = coefficients.length / k;
    const tables = Buffer.alloc(32 * k * rows);
    if (rows > 0)
      this.#library.ec_init_tables(k, rows, Buffer.from(coefficients), tables);
    return tables;
  }

  /** Computes one output for each row of `tables` from the k inputs; all buffers have the same length. */
  code(
    tables: Buffer,
    inputs: readonly Buffer[],
    outputs: readonly Buffer[],
  ): void {
    this.#library.ec_encode_data(
      inputs[0]?.length ?? 0,
      inputs.length,
      outputs.length,
      tables,
      inputs,
      outputs,
    );
  }
}
