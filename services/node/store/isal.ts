import { openLibrary } from "../../shared/native.ts";

const functions = {
  gf_gen_cauchy1_matrix: ["void", ["pointer", "int", "int"]],
  gf_invert_matrix: ["int", ["pointer", "pointer", "int"]],
  ec_init_tables: ["void", ["int", "int", "pointer", "pointer"]],
  ec_encode_data: [
    "void",
    ["int", "int", "int", "pointer", "pointer", "pointer"],
  ],
} as const;

/** Intel's Intelligent Storage Acceleration Library: Reed-Solomon over GF(2^8), on worker threads. */
export class Isal {
  #library = openLibrary("libisal.so.2", "libisal2", functions);

  /** The (k+m) x k Cauchy matrix whose upper k rows are the identity. */
  async cauchyMatrix(k: number, m: number): Promise<Buffer> {
    const matrix = Buffer.alloc((k + m) * k);
    await this.#library.gf_gen_cauchy1_matrix(matrix, k + m, k);
    return matrix;
  }

  /** The inverse of a k x k matrix. @throws RangeError where it is singular, which no choice of Cauchy rows is. */
  async invert(matrix: Buffer, k: number): Promise<Buffer> {
    const inverse = Buffer.alloc(k * k);
    if (
      (await this.#library.gf_invert_matrix(
        Buffer.from(matrix),
        inverse,
        k,
      )) !== 0
    )
      throw new RangeError("a singular matrix cannot be inverted");
    return inverse;
  }

  /** Multiplication tables for `rows` rows of k coefficients; 32 bytes a coefficient. */
  async tables(coefficients: Buffer, k: number): Promise<Buffer> {
    const rows = coefficients.length / k;
    const tables = Buffer.alloc(32 * k * rows);
    await this.#library.ec_init_tables(k, rows, coefficients, tables);
    return tables;
  }

  /** Computes one output buffer for each row of `tables` from k input buffers of the same length. */
  async code(
    tables: Buffer,
    inputs: readonly Buffer[],
    rows: number,
  ): Promise<Buffer[]> {
    const length = inputs[0]?.length ?? 0;
    const outputs = Array.from({ length: rows }, () =>
      Buffer.allocUnsafeSlow(length),
    );
    await this.#library.ec_encode_data(
      length,
      inputs.length,
      rows,
      tables,
      inputs,
      outputs,
    );
    return outputs;
  }
}
