/** What a TPM signs about itself (Part 2 section 10.12), and its signatures, without a TPM. */
import {
  createHash,
  type KeyObject,
  timingSafeEqual,
  verify,
} from "node:crypto";
import {
  algorithm,
  hashes,
  type PcrBank,
  readPcrSelection,
  WireReader,
} from "../tpm/wire.ts";
import { type Checks, short } from "./check.ts";

/** TPMS_ATTEST of a quote or of a certification. */
export interface Attest {
  /** Qualified name of the key that signed. */
  signer: Buffer;
  /** The verifier's nonce. */
  nonce: Buffer;
  /** Milliseconds that the TPM was powered, and how often it was reset (boot) or restarted (wake up). */
  clock: { time: bigint; resets: number; restarts: number; safe: boolean };
  firmware: bigint;
  subject:
    | { kind: "quote"; banks: PcrBank[]; digest: Buffer }
    | { kind: "certify"; name: Buffer };
}

const magic = 0xff544347;
const attestType = { certify: 0x8017, quote: 0x8018 };

/** Reads a TPMS_ATTEST. @throws WireError where it is malformed, not made by a TPM, or of another kind */
export function readAttest(bytes: Uint8Array): Attest {
  const reader = new WireReader(bytes, "TPM's statement");
  const begin = reader.u32();
  if (begin !== magic)
    throw reader.error(
      `it begins with 0x${begin.toString(16)} instead of 0xff544347, so no TPM made it`,
    );
  const type = reader.u16();
  const signer = reader.sized();
  const nonce = reader.sized();
  const clock = {
    time: reader.u64(),
    resets: reader.u32(),
    restarts: reader.u32(),
    safe: reader.u8() === 1,
  };
  const firmware = reader.u64();
  let subject: Attest["subject"];
  if (type === attestType.quote)
    subject = {
      kind: "quote",
      banks: readPcrSelection(reader),
      digest: reader.sized(),
    };
  else if (type === attestType.certify) {
    subject = { kind: "certify", name: reader.sized() };
    reader.sized();
  } else throw reader.error(`its kind is 0x${type.toString(16)}`);
  reader.end();
  return { signer, nonce, clock, firmware, subject };
}

/** A signature by a TPM: its scheme, its hash, and the bytes as node:crypto takes them (ECDSA as r and s). */
export interface TpmSignature {
  scheme: number;
  /** node:crypto's name of the hash. */
  hash: string;
  bytes: Buffer;
}

/** Reads a TPMT_SIGNATURE by RSASSA or ECDSA with SHA-256 or longer. @throws WireError */
export function readSignature(bytes: Uint8Array): TpmSignature {
  const reader = new WireReader(bytes, "TPM's signature");
  const scheme = reader.u16();
  const hash = hashes.get(reader.u16());
  if (!hash || hash.length < 32) throw reader.error("its hash is not SHA-2");
  let signature: Buffer;
  if (scheme === algorithm.rsassa) signature = reader.sized();
  else if (scheme === algorithm.ecdsa) {
    const halves = [reader.sized(), reader.sized()];
    if (halves.some((half) => half.length > 32))
      throw reader.error("its numbers are too long");
    signature = Buffer.concat(
      halves.flatMap((half) => [Buffer.alloc(32 - half.length), half]),
    );
  } else throw reader.error(`its scheme is 0x${scheme.toString(16)}`);
  reader.end();
  return { scheme, hash: hash.name, bytes: signature };
}

/** Whether `key` made a TPM's signature over `data`. */
export function signatureMatches(
  key: KeyObject,
  data: Uint8Array,
  { scheme, hash, bytes }: TpmSignature,
): boolean {
  const wanted =
    key.asymmetricKeyType === "rsa" ? algorithm.rsassa : algorithm.ecdsa;
  if (scheme !== wanted) return false;
  return verify(hash, data, { key, dsaEncoding: "ieee-p1363" }, bytes);
}

/** A quote as it arrives. */
export interface Quote {
  /** TPMS_ATTEST. */
  attest: Uint8Array;
  /** TPMT_SIGNATURE. */
  signature: Uint8Array;
  /** PCR values as the prover tells them, a bank each. */
  values: readonly { hash: number; values: ReadonlyMap<number, Uint8Array> }[];
}

/** What a verifier asked for. */
export interface QuoteRequest {
  nonce: Uint8Array;
  /** The PCRs of the SHA-256 bank that must be quoted, no more and no fewer; any where it is left out. */
  pcrs?: readonly number[] | undefined;
}

/** Checks a quote by name; gives it, and the quoted SHA-256 values, where they can be trusted. */
export function checkQuote(
  checks: Checks,
  key: KeyObject | undefined,
  quote: Quote,
  { nonce, pcrs }: QuoteRequest,
): { attest: Attest; values: ReadonlyMap<number, Uint8Array> } | undefined {
  const attest = checks.attempt("quote", () => readAttest(quote.attest));
  const signature = checks.attempt("quote signature", () =>
    readSignature(quote.signature),
  );
  if (!attest || !signature) return undefined;
  const { subject } = attest;
  if (
    !checks.expect(
      "quote",
      subject.kind === "quote",
      `made by a TPM, a statement of kind "${subject.kind}"`,
    )
  )
    return undefined;
  if (subject.kind !== "quote") return undefined;
  const signed =
    key !== undefined && signatureMatches(key, quote.attest, signature);
  checks.expect(
    "quote signature",
    signed,
    signed
      ? `${key?.asymmetricKeyType?.toUpperCase()} with ${signature.hash} by the attestation key`
      : "the attestation key did not make it",
  );
  const fresh =
    attest.nonce.length === nonce.length &&
    timingSafeEqual(attest.nonce, nonce);
  checks.expect(
    "nonce",
    fresh,
    fresh
      ? "the verifier's own"
      : `quoted for ${short(attest.nonce)}, asked for ${short(nonce)}`,
  );
  const { resets, restarts, safe, time } = attest.clock;
  checks.note(
    "clock",
    `${resets} resets, ${restarts} restarts, ${Math.round(Number(time) / 1000)} s powered${safe ? "" : "; the clock may have been set back"}`,
  );
  const told = subject.banks
    .map(
      ({ hash, pcrs }) => `${hashes.get(hash)?.name ?? hash}:${pcrs.join(",")}`,
    )
    .join("+");
  if (pcrs) {
    const wanted = [...pcrs].sort((a, b) => a - b).join(",");
    checks.expect(
      "PCR selection",
      told === `sha256:${wanted}`,
      `quoted ${told}, asked for sha256:${wanted}`,
    );
  } else checks.note("PCR selection", told);
  const hash = createHash(signature.hash);
  let whole = true;
  for (const bank of subject.banks)
    for (const pcr of bank.pcrs) {
      const value = quote.values
        .find((given) => given.hash === bank.hash)
        ?.values.get(pcr);
      if (value === undefined || value.length !== hashes.get(bank.hash)?.length)
        whole = false;
      else hash.update(value);
    }
  const digest = hash.digest();
  const equal = whole && digest.equals(subject.digest);
  checks.expect(
    "PCR digest",
    equal,
    equal
      ? `${short(digest)}: the values told are the ones quoted`
      : whole
        ? `quoted ${short(subject.digest)}, the values told give ${short(digest)}`
        : "a quoted PCR's value was not told",
  );
  if (!signed || !fresh || !equal) return undefined;
  const bank = subject.banks.find(({ hash }) => hash === algorithm.sha256);
  const values = quote.values.find(
    ({ hash }) => hash === algorithm.sha256,
  )?.values;
  return {
    attest,
    values: new Map(
      (bank?.pcrs ?? []).map((pcr) => [pcr, values?.get(pcr) as Uint8Array]),
    ),
  };
}
