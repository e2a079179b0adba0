import {
  decode,
  encode,
  rfc8949EncodeOptions,
  type TagDecoder,
  Tagged,
} from "cborg";
import { type Static, type TSchema, Type } from "typebox";
import { Check } from "typebox/value";
import { CoppiceError } from "./errors.ts";

/** CBOR that is not what it should be. */
export class CborError extends CoppiceError {
  override name = "CborError";
  constructor(what: string) {
    super(
      422,
      "malformed",
      `This is not ${what}. It was damaged on the way, or it is something else: ask for it again.`,
    );
  }
}

/** The tags of a COSE_Sign1 and of a COSE_Sign (RFC 9052 section 2). */
export const coseSign1Tag = 18;
export const coseSignTag = 98;

/** Deterministic CBOR (RFC 8949 section 4.2). */
export function encodeCbor(value: unknown): Buffer {
  const { buffer, byteOffset, length } = encode(value, rfc8949EncodeOptions);
  return Buffer.from(buffer, byteOffset, length);
}

/** Reads CBOR; duplicate keys, indefinite lengths and trailing bytes are refused. Maps come as Map. @throws Error */
export function decodeCbor(bytes: Uint8Array): unknown {
  const tags: TagDecoder[] = [];
  for (const tag of [coseSign1Tag, coseSignTag])
    tags[tag] = (inner) => new Tagged(tag, inner());
  return decode(bytes, {
    useMaps: true,
    strict: true,
    allowIndefinite: false,
    rejectDuplicateMapKeys: true,
    tags,
  });
}

/** A byte string of at least `minimum` and at most `maximum` bytes. */
export function Bytes(minimum: number, maximum = minimum) {
  return Type.Refine(
    Type.Unsafe<Uint8Array>({}),
    (value) =>
      value instanceof Uint8Array &&
      value.length >= minimum &&
      value.length <= maximum,
  );
}

/** Reads CBOR of a known shape; maps with text keys become objects. @param what names it in the error. @throws CborError */
export function parseCbor<S extends TSchema>(
  schema: S,
  bytes: Uint8Array,
  what: string,
): Static<S> {
  let value: unknown;
  try {
    value = toObjects(decodeCbor(bytes), 0);
  } catch {
    throw new CborError(what);
  }
  if (!Check(schema, value)) throw new CborError(what);
  return value as Static<S>;
}

function toObjects(value: unknown, depth: number): unknown {
  if (depth > 16) throw new RangeError("too deep");
  if (Array.isArray(value))
    return value.map((one) => toObjects(one, depth + 1));
  if (!(value instanceof Map)) return value;
  const entries = [...value].map(([name, one]) => {
    if (typeof name !== "string" || name === "__proto__")
      throw new TypeError("a map's name is not text");
    return [name, toObjects(one, depth + 1)];
  });
  return Object.fromEntries(entries);
}
