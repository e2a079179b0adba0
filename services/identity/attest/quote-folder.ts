/** A quote as a folder of files, named and laid out so that tpm2-tools reads and writes them. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BadRequestError, hasCode } from "../../shared/errors.ts";
import { readPublic } from "../tpm/public-area.ts";
import { algorithm, WireReader } from "../tpm/wire.ts";
import type { Trust } from "./acceptance.ts";
import { checkBoot } from "./boot-checks.ts";
import { Checks } from "./check.ts";
import {
  checkCertifiedKey,
  describeCertificate,
  validateEndorsement,
} from "./ek-certificate.ts";
import { checkQuote, type Quote } from "./quote.ts";
import type { Report } from "./report.ts";

/** What `coppice identity quote` writes. */
export interface QuoteFolder {
  attest: Buffer;
  signature: Buffer;
  values: ReadonlyMap<number, Uint8Array>;
  /** TPM2B_PUBLIC of the attestation key. */
  attestation: Buffer;
  /** TPM2B_PUBLIC of the endorsement key. */
  endorsement: Buffer;
  /** DER; null where the TPM has none. */
  certificate: Buffer | null;
  eventLog: Buffer;
  measureLog: Buffer;
  commandLine: string;
  reference: Buffer | null;
}

const files = {
  attest: "quote.msg",
  signature: "quote.sig",
  values: "quote.pcrs",
  key: "ak.pem",
  keyArea: "ak.pub",
  endorsement: "ek.pub",
  certificate: "ek.crt",
  eventLog: "eventlog.bin",
  measureLog: "measure.log",
  commandLine: "cmdline",
  reference: "image.reference",
} as const;

// Memory layouts of the TSS's C structures, as tpm2-tools writes them to a file (lib/pcr.c), little-endian.
const selectionSize = 4 + 16 * 8;
const digestListSize = 4 + 8 * 66;

/** `quote.pcrs` as `tpm2_checkquote -f` reads it. @param values of the SHA-256 bank */
export function writePcrFile(values: ReadonlyMap<number, Uint8Array>): Buffer {
  const pcrs = [...values.keys()].sort((a, b) => a - b);
  const selection = Buffer.alloc(selectionSize);
  selection.writeUInt32LE(1, 0);
  selection.writeUInt16LE(algorithm.sha256, 4);
  selection.writeUInt8(3, 6);
  for (const pcr of pcrs) {
    const at = 7 + (pcr >> 3);
    selection.writeUInt8(selection.readUInt8(at) | (1 << (pcr & 7)), at);
  }
  const lists: Buffer[] = [];
  for (let first = 0; first < pcrs.length; first += 8) {
    const some = pcrs.slice(first, first + 8);
    const list = Buffer.alloc(digestListSize);
    list.writeUInt32LE(some.length, 0);
    some.forEach((pcr, index) => {
      const value = Buffer.from(values.get(pcr) ?? []);
      list.writeUInt16LE(value.length, 4 + index * 66);
      value.copy(list, 6 + index * 66);
    });
    lists.push(list);
  }
  const count = Buffer.alloc(4);
  count.writeUInt32LE(lists.length);
  return Buffer.concat([selection, count, ...lists]);
}

/** Reads `quote.pcrs`. @throws WireError */
export function readPcrFile(bytes: Uint8Array): Quote["values"] {
  const reader = new WireReader(bytes, "file of PCR values", "le");
  const banks: { hash: number; pcrs: number[] }[] = [];
  const count = reader.u32();
  if (count > 16) throw reader.error(`${count} PCR banks`);
  for (let bank = 0; bank < 16; bank++) {
    const hash = reader.u16();
    const length = reader.u8();
    const bits = reader.bytes(5);
    const pcrs: number[] = [];
    for (let pcr = 0; pcr < Math.min(length, 4) * 8; pcr++)
      if (((bits[pcr >> 3] ?? 0) >> (pcr & 7)) & 1) pcrs.push(pcr);
    if (bank < count) banks.push({ hash, pcrs });
  }
  const lists = reader.u32();
  if (lists > 64) throw reader.error(`${lists} lists of values`);
  const digests: Buffer[] = [];
  for (let list = 0; list < lists; list++) {
    const used = reader.u32();
    for (let index = 0; index < 8; index++) {
      const length = reader.u16();
      const value = reader.bytes(64);
      if (index < used && length <= 64) digests.push(value.subarray(0, length));
    }
  }
  reader.end();
  let next = 0;
  return banks.map(({ hash, pcrs }) => ({
    hash,
    values: new Map(
      pcrs.map((pcr) => [pcr, digests[next++] ?? Buffer.alloc(0)]),
    ),
  }));
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** Writes a quote's files; those of logs that this machine does not have are left out. */
export async function writeQuoteFolder(
  folder: string,
  quote: QuoteFolder,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const key = readPublic(quote.attestation).key as KeyObject;
  const contents: [string, Uint8Array | string][] = [
    [files.attest, quote.attest],
    [files.signature, quote.signature],
    [files.values, writePcrFile(quote.values)],
    [files.key, key.export({ format: "pem", type: "spki" })],
    [files.keyArea, quote.attestation],
    [files.endorsement, quote.endorsement],
    ...(quote.certificate
      ? [
          [files.certificate, pem("CERTIFICATE", quote.certificate)] as [
            string,
            string,
          ],
        ]
      : []),
    [files.eventLog, quote.eventLog],
    [files.measureLog, quote.measureLog],
    [files.commandLine, quote.commandLine],
    ...(quote.reference
      ? [[files.reference, quote.reference] as [string, Buffer]]
      : []),
  ];
  for (const [name, content] of contents)
    if (content.length > 0) await writeFile(join(folder, name), content);
}

/**
 * Checks a quote's files, whoever made them.
 * @param trust what is accepted; without it what was booted is told and not judged.
 * @throws BadRequestError where the folder has no quote or no key
 */
export async function verifyQuoteFolder(
  folder: string,
  nonce: Uint8Array,
  trust: Trust,
  judge: boolean,
): Promise<Report> {
  const read = async (name: string): Promise<Buffer | undefined> =>
    await readFile(join(folder, name)).catch((error: unknown) => {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    });
  const need = async (name: string): Promise<Buffer> => {
    const content = await read(name);
    if (!content)
      throw new BadRequestError(
        `There is no ${name} in ${folder}: give the folder of a quote.`,
      );
    return content;
  };
  const checks = new Checks();
  const [attest, signature, values] = [
    await need(files.attest),
    await need(files.signature),
    await need(files.values),
  ];
  const key = await attestationKey(checks, read, folder);
  const certificate = await read(files.certificate);
  if (certificate)
    checkCertificate(checks, certificate, await read(files.endorsement), trust);
  const told = checks.attempt("PCR values", () => readPcrFile(values)) ?? [];
  const quote = checkQuote(
    checks,
    key,
    { attest, signature, values: told },
    { nonce },
  );
  const [eventLog, measureLog] = [
    await read(files.eventLog),
    await read(files.measureLog),
  ];
  let found: ReturnType<typeof checkBoot>;
  if (quote && (eventLog || judge)) {
    const logs = {
      eventLog: eventLog ?? Buffer.alloc(0),
      measureLog: measureLog ?? Buffer.alloc(0),
      commandLine: (await read(files.commandLine))?.toString("utf8"),
      reference: (await read(files.reference)) ?? null,
    };
    found = checkBoot(
      checks,
      logs,
      quote.values,
      judge ? trust : { ...trust, policy: { ...trust.policy, images: "any" } },
    );
  } else if (quote)
    checks.note(
      "firmware event log",
      "none was given, so only the PCR values are proved, not what they mean",
    );
  return {
    accepted: checks.accepted,
    checks: checks.all,
    node: null,
    boot: found?.boot ?? null,
    version: found?.version ?? null,
  };
}

async function attestationKey(
  checks: Checks,
  read: (name: string) => Promise<Buffer | undefined>,
  folder: string,
): Promise<KeyObject | undefined> {
  const [text, area] = [await read(files.key), await read(files.keyArea)];
  if (!text && !area)
    throw new BadRequestError(
      `There is neither ${files.key} nor ${files.keyArea} in ${folder}: give the attestation key.`,
    );
  return checks.attempt("attestation key", () => {
    const fromArea = area ? readPublic(area).key : undefined;
    const key = text ? createPublicKey(text) : fromArea;
    if (text && fromArea)
      checks.expect(
        "attestation key",
        key?.equals(fromArea) === true,
        `${files.key} and ${files.keyArea} agree`,
      );
    return key;
  });
}

function checkCertificate(
  checks: Checks,
  text: Buffer,
  endorsement: Buffer | undefined,
  trust: Trust,
): void {
  const name = "endorsement certificate";
  checks.attempt(name, () => {
    const body = /-----BEGIN CERTIFICATE-----([\s\S]+?)-----END/.exec(
      text.toString("latin1"),
    )?.[1];
    const der = body ? Buffer.from(body, "base64") : text;
    const key = endorsement ? readPublic(endorsement).key : undefined;
    if (key && trust.policy.endorsement === "certificate") {
      const subject = validateEndorsement(
        der,
        key,
        [],
        trust.roots,
        Date.now(),
      );
      checks.expect(
        name,
        true,
        `${subject.manufacturer} ${subject.model}, issued by ${subject.issuer}`,
      );
      return;
    }
    if (key) checkCertifiedKey(der, key);
    const subject = describeCertificate(der);
    checks.note(
      name,
      `${subject.manufacturer} ${subject.model}, issued by ${subject.issuer}; a quote alone does not prove that it is this TPM's: activate a credential for that`,
    );
  });
}
