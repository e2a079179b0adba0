/** A quote's files as they travel in JSON: bytes in base64. */
import type { Static } from "typebox";
import type { QuoteFolder } from "./attest/quote-folder.ts";
import type { QuoteFiles } from "./client.ts";

/** For an answer of the service. */
export function encodeQuote(folder: QuoteFolder): Static<typeof QuoteFiles> {
  const text = (bytes: Uint8Array): string =>
    Buffer.from(bytes).toString("base64");
  return {
    attest: text(folder.attest),
    signature: text(folder.signature),
    values: [...folder.values].map(([pcr, value]) => [pcr, text(value)]),
    attestation: text(folder.attestation),
    endorsement: text(folder.endorsement),
    certificate: folder.certificate ? text(folder.certificate) : null,
    eventLog: text(folder.eventLog),
    measureLog: text(folder.measureLog),
    commandLine: folder.commandLine,
    reference: folder.reference ? text(folder.reference) : null,
  };
}

/** From an answer of the service. */
export function decodeQuote(files: Static<typeof QuoteFiles>): QuoteFolder {
  const bytes = (text: string): Buffer => Buffer.from(text, "base64");
  return {
    attest: bytes(files.attest),
    signature: bytes(files.signature),
    values: new Map(files.values.map(([pcr, value]) => [pcr, bytes(value)])),
    attestation: bytes(files.attestation),
    endorsement: bytes(files.endorsement),
    certificate: files.certificate === null ? null : bytes(files.certificate),
    eventLog: bytes(files.eventLog),
    measureLog: bytes(files.measureLog),
    commandLine: files.commandLine,
    reference: files.reference === null ? null : bytes(files.reference),
  };
}
