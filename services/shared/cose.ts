import { type KeyObject, sign, verify } from "node:crypto";
import {
  decode,
  encode,
  rfc8949EncodeOptions,
  type TagDecoder,
  Tagged,
} from "cborg";
import { CoppiceError } from "./errors.ts";

/** A signature, or what was signed, is not as it must be. */
export class SignatureError extends CoppiceError {
  override name = "SignatureError";
  constructor(message: string) {
    super(503, "bad-signature", message);
  }
}

const eddsa = -8;
const signTag = 18;

/** Deterministic CBOR (RFC 8949 section 4.2). */
export function encodeCbor(value: unknown): Buffer {
  return Buffer.from(encode(value, rfc8949EncodeOptions));
}

/** Reads CBOR; duplicate keys, indefinite lengths and trailing bytes are refused. Maps come as Map. @throws Error */
export function decodeCbor(bytes: Uint8Array): unknown {
  const tags: TagDecoder[] = [];
  tags[signTag] = (inner) => new Tagged(signTag, inner());
  return decode(bytes, {
    useMaps: true,
    strict: true,
    allowIndefinite: false,
    rejectDuplicateMapKeys: true,
    tags,
  });
}

/** Signs `payload` as a tagged COSE_Sign1 (RFC 9052 section 4.2) with EdDSA. @param kid the signer's principal. */
export function signCose(
  payload: Uint8Array,
  kid: Uint8Array,
  key: KeyObject,
): Buffer {
  const protectedHeader = encodeCbor(
    new Map<number, unknown>([
      [1, eddsa],
      [4, kid],
    ]),
  );
  const signature = sign(null, toBeSigned(protectedHeader, payload), key);
  return encodeCbor(
    new Tagged(signTag, [protectedHeader, new Map(), payload, signature]),
  );
}

/** Checks a COSE_Sign1 against the one key that may have made it, and returns its payload. @throws SignatureError */
export function openCose(
  bytes: Uint8Array,
  kid: Uint8Array,
  key: KeyObject,
): Buffer {
  const tagged = decodeCbor(bytes);
  const parts = tagged instanceof Tagged ? tagged.value : undefined;
  if (!Array.isArray(parts) || parts.length !== 4)
    throw new SignatureError("this is not a signed structure");
  const [protectedHeader, , payload, signature] = parts as unknown[];
  if (
    !(
      protectedHeader instanceof Uint8Array &&
      payload instanceof Uint8Array &&
      signature instanceof Uint8Array
    )
  )
    throw new SignatureError("this is not a signed structure");
  const header = decodeCbor(protectedHeader);
  const signer = header instanceof Map ? header.get(4) : undefined;
  if (
    !(header instanceof Map) ||
    header.get(1) !== eddsa ||
    !(signer instanceof Uint8Array) ||
    !Buffer.from(signer).equals(kid)
  ) {
    throw new SignatureError(
      "this was signed by somebody else, or in another way",
    );
  }
  if (!verify(null, toBeSigned(protectedHeader, payload), key, signature))
    throw new SignatureError("this signature is not right");
  return Buffer.from(payload);
}

function toBeSigned(protectedHeader: Uint8Array, payload: Uint8Array): Buffer {
  return encodeCbor(["Signature1", protectedHeader, new Uint8Array(), payload]);
}
