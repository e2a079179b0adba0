/** TPM 2.0 wire structures (Trusted Platform Module Library, Part 2) as bytes, big-endian: writing and bounded reading. */
import { CoppiceError } from "../../shared/errors.ts";

/** Bytes that are not the structure they should be. */
export class WireError extends CoppiceError {
  override name = "WireError";
  constructor(what: string) {
    super(
      422,
      "malformed",
      `${what}. It was damaged on the way, or it is something else: ask for it again.`,
    );
  }
}

/** Algorithm numbers, Part 2 table 9. */
export const algorithm = {
  rsa: 0x0001,
  hmac: 0x0005,
  sha1: 0x0004,
  aes: 0x0006,
  keyedHash: 0x0008,
  sha256: 0x000b,
  sha384: 0x000c,
  sha512: 0x000d,
  null: 0x0010,
  rsassa: 0x0014,
  oaep: 0x0017,
  ecdsa: 0x0018,
  ecdh: 0x0019,
  ecc: 0x0023,
  cfb: 0x0043,
} as const;

/** Hash algorithms by number: node:crypto's name and the digest's length in bytes. */
export const hashes: ReadonlyMap<number, { name: string; length: number }> =
  new Map([
    [algorithm.sha1, { name: "sha1", length: 20 }],
    [algorithm.sha256, { name: "sha256", length: 32 }],
    [algorithm.sha384, { name: "sha384", length: 48 }],
    [algorithm.sha512, { name: "sha512", length: 64 }],
  ]);

/** TPM_ECC_NIST_P256, Part 2 table 10. */
export const curveP256 = 0x0003;

/** A 16-bit number. */
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** A 32-bit number. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** A TPM2B: bytes behind their 16-bit length. */
export function sized(...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u16(body.length), body]);
}

/** Reads a structure from its beginning; never past its end. Little-endian for the firmware's log, big-endian for the TPM. */
export class WireReader {
  #bytes: Buffer;
  #offset = 0;
  #what: string;
  #little: boolean;

  /** @param what names the structure in errors. */
  constructor(bytes: Uint8Array, what: string, order: "be" | "le" = "be") {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.#little = order === "le";
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Where the next byte is. */
  get offset(): number {
    return this.#offset;
  }

  /** @throws WireError where fewer than `length` bytes are left. */
  bytes(length: number): Buffer {
    if (length > this.left)
      throw new WireError(
        `The ${this.#what} ends too early: ${length} bytes are missing at byte ${this.#offset}`,
      );
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  u8(): number {
    return this.bytes(1).readUInt8();
  }

  u16(): number {
    const bytes = this.bytes(2);
    return this.#little ? bytes.readUInt16LE() : bytes.readUInt16BE();
  }

  u32(): number {
    const bytes = this.bytes(4);
    return this.#little ? bytes.readUInt32LE() : bytes.readUInt32BE();
  }

  u64(): bigint {
    const bytes = this.bytes(8);
    return this.#little ? bytes.readBigUInt64LE() : bytes.readBigUInt64BE();
  }

  /** A TPM2B's content. */
  sized(): Buffer {
    return this.bytes(this.u16());
  }

  /** A structure read from the same bytes by `read`, and the bytes that it took. */
  span<T>(read: (reader: this) => T): { value: T; bytes: Buffer } {
    const start = this.#offset;
    const value = read(this);
    return { value, bytes: this.#bytes.subarray(start, this.#offset) };
  }

  /** @throws WireError where bytes are left over. */
  end(): void {
    if (this.left > 0)
      throw new WireError(
        `The ${this.#what} has ${this.left} bytes too many at its end`,
      );
  }

  /** An error about this structure. */
  error(why: string): WireError {
    return new WireError(`The ${this.#what} cannot be read: ${why}`);
  }
}

/** TPML_PCR_SELECTION of one bank. @param pcrs numbers, 0 to 23. */
export function pcrSelection(
  pcrs: readonly number[],
  hash: number = algorithm.sha256,
): Buffer {
  const bits = Buffer.alloc(3);
  for (const pcr of pcrs)
    bits.writeUInt8(bits.readUInt8(pcr >> 3) | (1 << (pcr & 7)), pcr >> 3);
  return Buffer.concat([u32(1), u16(hash), Buffer.of(3), bits]);
}

/** One bank of a TPML_PCR_SELECTION. */
export interface PcrBank {
  hash: number;
  pcrs: number[];
}

/** Reads a TPML_PCR_SELECTION: at most 16 banks of at most 32 PCRs. @throws WireError */
export function readPcrSelection(reader: WireReader): PcrBank[] {
  const count = reader.u32();
  if (count > 16) throw reader.error(`${count} PCR banks`);
  return Array.from({ length: count }, () => {
    const hash = reader.u16();
    const bits = reader.bytes(reader.u8());
    if (bits.length > 4) throw reader.error(`${bits.length * 8} PCRs`);
    const pcrs: number[] = [];
    for (let pcr = 0; pcr < bits.length * 8; pcr++)
      if (((bits[pcr >> 3] ?? 0) >> (pcr & 7)) & 1) pcrs.push(pcr);
    return { hash, pcrs };
  });
}
