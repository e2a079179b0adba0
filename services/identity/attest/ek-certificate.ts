/** Endorsement key certificates: TCG EK Credential Profile 2.5 section 3, validated along the path of RFC 5280 section 6. */
import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  type Extension,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
} from "@peculiar/asn1-x509";
import { CoppiceError, hasCode } from "../../shared/errors.ts";
import { derLength } from "../der.ts";

/** An endorsement certificate is not acceptable; each kind of reason has its own class. */
export class EndorsementError extends CoppiceError {
  override name = "EndorsementError";
  constructor(type: string, message: string) {
    super(422, type, message);
  }
}
/** It cannot be read as a certificate. */
export class CertificateFormatError extends EndorsementError {
  override name = "CertificateFormatError";
}
/** It, or one above it, is expired or not valid yet. */
export class CertificateExpiredError extends EndorsementError {
  override name = "CertificateExpiredError";
}
/** It is not for an endorsement key, or one above it not for signing certificates. */
export class CertificateUsageError extends EndorsementError {
  override name = "CertificateUsageError";
}
/** No trusted maker's root leads to it. */
export class CertificateChainError extends EndorsementError {
  override name = "CertificateChainError";
}
/** It is for another key than the TPM's. */
export class EndorsementKeyMismatchError extends EndorsementError {
  override name = "EndorsementKeyMismatchError";
}

/** What an endorsement certificate says of its TPM. */
export interface EndorsementSubject {
  manufacturer: string;
  model: string;
  version: string;
  issuer: string;
  /** Milliseconds since 1970. */
  expires: number;
}

const tpmOid = {
  endorsementUsage: "2.23.133.8.1",
  manufacturer: "2.23.133.2.1",
  model: "2.23.133.2.2",
  version: "2.23.133.2.3",
};
const maximumDepth = 6;
const understood: ReadonlySet<string> = new Set([
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  // Policies and CRL places bind a verifier that has an opinion on them; we have none.
  "2.5.29.32",
  "2.5.29.31",
  "2.5.29.35",
  "2.5.29.14",
]);

interface Parsed {
  x509: X509Certificate;
  asn: Certificate;
}

function parse(der: Uint8Array): Parsed {
  // An NV index may be longer than the certificate in it.
  const bytes = der.subarray(0, derLength(der));
  return {
    x509: new X509Certificate(bytes),
    asn: AsnConvert.parse(bytes, Certificate),
  };
}

/** Runs `read`; whatever a damaged certificate makes the libraries throw becomes one error. @throws CertificateFormatError */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof EndorsementError) throw error;
    throw new CertificateFormatError(
      "ek-certificate-format",
      `The endorsement certificate cannot be read (${(error as Error).message}). Read it from the TPM again.`,
    );
  }
}

/** Reads the makers' root certificates (PEM or DER) of a folder; a missing folder has none. */
export async function readRoots(folder: string): Promise<X509Certificate[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  const roots: X509Certificate[] = [];
  for (const name of names.sort())
    if (/\.(pem|crt|cer|der)$/.test(name))
      roots.push(new X509Certificate(await readFile(join(folder, name))));
  return roots;
}

function extension(asn: Certificate, oid: string): Extension | undefined {
  return asn.tbsCertificate.extensions?.find(({ extnID }) => extnID === oid);
}

function checkDates({ x509 }: Parsed, now: number): void {
  const [from, to] = [Date.parse(x509.validFrom), Date.parse(x509.validTo)];
  if (now < from || now > to)
    throw new CertificateExpiredError(
      "ek-certificate-expired",
      `The certificate of ${oneLine(x509.subject) || "the TPM"} is valid from ${x509.validFrom} to ${x509.validTo}. Check this box's clock, or ask the TPM's maker for a new one.`,
    );
}

function checkCritical({ asn, x509 }: Parsed): void {
  const strange = asn.tbsCertificate.extensions?.find(
    ({ critical, extnID }) => critical && !understood.has(extnID),
  );
  if (strange)
    throw new CertificateUsageError(
      "ek-certificate-usage",
      `The certificate of ${oneLine(x509.subject) || "the TPM"} demands extension ${strange.extnID}, which we do not know.`,
    );
}

function keyUsage(asn: Certificate): number | undefined {
  const found = extension(asn, id_ce_keyUsage);
  return found
    ? AsnConvert.parse(found.extnValue.buffer, KeyUsage).toNumber()
    : undefined;
}

/** Section 3.5: what an endorsement certificate must say. */
function checkLeaf({ asn, x509 }: Parsed): void {
  const fail = (why: string): never => {
    throw new CertificateUsageError(
      "ek-certificate-usage",
      `This is not a certificate for a TPM's endorsement key: ${why}.`,
    );
  };
  const constraints = extension(asn, id_ce_basicConstraints);
  if (
    constraints &&
    AsnConvert.parse(constraints.extnValue.buffer, BasicConstraints).cA
  )
    fail("it is one that signs certificates");
  const usage = keyUsage(asn);
  const wanted = KeyUsageFlags.keyEncipherment | KeyUsageFlags.keyAgreement;
  if (usage !== undefined && (usage & wanted) === 0)
    fail("its key usage is neither key encipherment nor key agreement");
  const extended = extension(asn, id_ce_extKeyUsage);
  const purposes = extended
    ? [...AsnConvert.parse(extended.extnValue.buffer, ExtendedKeyUsage)]
    : [];
  if (!purposes.includes(tpmOid.endorsementUsage))
    fail(`its extended key usage lacks ${tpmOid.endorsementUsage}`);
  const names = tpmNames(asn);
  if (!names.has(tpmOid.manufacturer) || !names.has(tpmOid.model))
    fail(
      `its alternative name does not tell the TPM's maker and model${x509.subjectAltName ? "" : "; it has none"}`,
    );
}

/** Section 3.1.2: maker, model and version in the alternative name's directory name. */
function tpmNames(asn: Certificate): Map<string, string> {
  const found = extension(asn, id_ce_subjectAltName);
  const names = new Map<string, string>();
  if (!found) return names;
  for (const general of AsnConvert.parse(
    found.extnValue.buffer,
    SubjectAlternativeName,
  ))
    for (const part of general.directoryName ?? [])
      for (const { type, value } of part) names.set(type, value.toString());
  return names;
}

function checkIssuer({ asn, x509 }: Parsed, below: number): void {
  const constraints = extension(asn, id_ce_basicConstraints);
  const basic = constraints
    ? AsnConvert.parse(constraints.extnValue.buffer, BasicConstraints)
    : undefined;
  const usage = keyUsage(asn);
  const limit = basic?.pathLenConstraint;
  if (
    !basic?.cA ||
    (usage !== undefined && (usage & KeyUsageFlags.keyCertSign) === 0) ||
    (limit !== undefined && below > limit)
  )
    throw new CertificateUsageError(
      "ek-certificate-usage",
      `${oneLine(x509.subject)} signed the endorsement certificate and may not.`,
    );
}

function oneLine(name: string): string {
  return name.replaceAll("\n", ", ");
}

/** The key of a certificate, also where it is marked as one for RSA-OAEP, which OpenSSL does not read. */
function certifiedKey({ asn }: Parsed): KeyObject {
  const { subjectPublicKeyInfo: info } = asn.tbsCertificate;
  const bits = Buffer.from(info.subjectPublicKey);
  return bits[0] === 0x30
    ? createPublicKey({ key: bits, format: "der", type: "pkcs1" })
    : createPublicKey({
        key: Buffer.from(AsnConvert.serialize(info)),
        format: "der",
        type: "spki",
      });
}

/** What a certificate says, unchecked: for showing it. @throws CertificateFormatError */
export function describeCertificate(der: Uint8Array): EndorsementSubject {
  return reading(() => describe(parse(der)));
}

function describe(parsed: Parsed): EndorsementSubject {
  const names = tpmNames(parsed.asn);
  return {
    manufacturer: makerName(names.get(tpmOid.manufacturer) ?? ""),
    model: names.get(tpmOid.model) ?? "",
    version: names.get(tpmOid.version) ?? "",
    issuer: oneLine(parsed.x509.issuer),
    expires: Date.parse(parsed.x509.validTo),
  };
}

/** `id:53544D20` is `STM`: the TCG's vendor numbers are letters, where they are not they are shown as they are. */
function makerName(id: string): string {
  const hex = /^id:([0-9A-Fa-f]{8})$/.exec(id)?.[1];
  const letters = Buffer.from(hex ?? "", "hex")
    .toString("latin1")
    .replace(/[\0 ]+$/, "");
  return /^[\x21-\x7e]+$/.test(letters) ? letters : id;
}

/** Whether `certificate` is for this endorsement key. @throws EndorsementKeyMismatchError, CertificateFormatError */
export function checkCertifiedKey(
  certificate: Uint8Array,
  key: KeyObject,
): void {
  reading(() => compareKeys(parse(certificate), key));
}

function compareKeys(certificate: Parsed, key: KeyObject): void {
  if (!certifiedKey(certificate).equals(key))
    throw new EndorsementKeyMismatchError(
      "ek-mismatch",
      "The endorsement certificate is for another key than the TPM's: it belongs to another TPM.",
    );
}

/**
 * Validates an endorsement certificate.
 * @param key the TPM's endorsement key. @param intermediates certificates that may lie between. @param now milliseconds since 1970.
 * @throws CertificateFormatError, CertificateExpiredError, CertificateUsageError, CertificateChainError, EndorsementKeyMismatchError
 */
export function validateEndorsement(
  certificate: Uint8Array,
  key: KeyObject,
  intermediates: readonly Uint8Array[],
  roots: readonly X509Certificate[],
  now: number,
): EndorsementSubject {
  return reading(() =>
    validatePath(parse(certificate), key, intermediates.map(parse), roots, now),
  );
}

function validatePath(
  leaf: Parsed,
  key: KeyObject,
  between: readonly Parsed[],
  roots: readonly X509Certificate[],
  now: number,
): EndorsementSubject {
  checkDates(leaf, now);
  checkLeaf(leaf);
  checkCritical(leaf);
  compareKeys(leaf, key);
  let current = leaf;
  for (let below = 0; below < maximumDepth; below++) {
    const signed = (issuer: X509Certificate): boolean =>
      current.x509.checkIssued(issuer) && current.x509.verify(issuer.publicKey);
    const root = roots.find(signed);
    if (root) {
      const anchor = parse(root.raw);
      checkDates(anchor, now);
      checkIssuer(anchor, below);
      return describe(leaf);
    }
    const next = between.find(
      (candidate) => candidate !== current && signed(candidate.x509),
    );
    if (!next) break;
    checkDates(next, now);
    checkCritical(next);
    checkIssuer(next, below);
    current = next;
  }
  throw new CertificateChainError(
    "ek-certificate-chain",
    `No maker's root certificate that this box trusts leads to the endorsement certificate; it was issued by ${oneLine(current.x509.issuer)}. Add that maker's root on the Identity page if you trust it.`,
  );
}
