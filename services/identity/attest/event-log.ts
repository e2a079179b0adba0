/** The firmware's log of what it measured: TCG PC Client Platform Firmware Profile 1.05, section 10 (crypto-agile format). */
import { createHash } from "node:crypto";
import { algorithm, hashes, WireReader } from "../tpm/wire.ts";

/** Event types that we read, section 10.4.1. */
export const eventType = {
  noAction: 0x3,
  separator: 0x4,
  action: 0x5,
  crtmVersion: 0x8,
  ipl: 0xd,
  variableDriverConfig: 0x80000001,
  variableBoot: 0x80000002,
  bootServicesApplication: 0x80000003,
  efiAction: 0x80000007,
  gpt: 0x80000006,
  variableAuthority: 0x800000e0,
} as const;

/** One event of the log. */
export interface LogEvent {
  pcr: number;
  type: number;
  /** Digest in the SHA-256 bank. */
  digest: Buffer;
  /** What the firmware says was measured: believe it only where it hashes to the digest. */
  data: Buffer;
}

const maximumEvents = 10_000;
const specification = "Spec ID Event03\0";

/** Reads a log with a SHA-256 bank. @throws WireError */
export function readEventLog(log: Uint8Array): LogEvent[] {
  const reader = new WireReader(log, "firmware's event log", "le");
  const banks = readHeader(reader);
  const events: LogEvent[] = [];
  while (reader.left > 0) {
    if (events.length >= maximumEvents)
      throw reader.error("more than 10,000 events");
    const pcr = reader.u32();
    const type = reader.u32();
    if (pcr > 23)
      throw reader.error(`event ${events.length} is for PCR ${pcr}`);
    const count = reader.u32();
    if (count > banks.size)
      throw reader.error(`event ${events.length} has ${count} digests`);
    let digest: Buffer | undefined;
    for (let index = 0; index < count; index++) {
      const hash = reader.u16();
      const length = banks.get(hash);
      if (length === undefined)
        throw reader.error(
          `event ${events.length} has a digest of kind 0x${hash.toString(16)}`,
        );
      const bytes = reader.bytes(length);
      if (hash === algorithm.sha256) digest = bytes;
    }
    if (!digest)
      throw reader.error(`event ${events.length} has no SHA-256 digest`);
    events.push({ pcr, type, digest, data: reader.bytes(reader.u32()) });
  }
  return events;
}

/** The first event, in the old format, names the banks: algorithm to digest length. */
function readHeader(reader: WireReader): Map<number, number> {
  reader.u32();
  if (reader.u32() !== eventType.noAction)
    throw reader.error("its first event does not name its format");
  reader.bytes(20);
  const header = new WireReader(
    reader.bytes(reader.u32()),
    "event log's header",
    "le",
  );
  if (header.bytes(16).toString("latin1") !== specification)
    throw reader.error("it is not in the format for TPM 2.0");
  header.bytes(8);
  const count = header.u32();
  if (count > 16) throw reader.error(`${count} banks`);
  const banks = new Map<number, number>();
  for (let index = 0; index < count; index++) {
    const hash = header.u16();
    const length = header.u16();
    const known = hashes.get(hash);
    if (length === 0 || length > 64 || (known && known.length !== length))
      throw reader.error(`a bank with digests of ${length} bytes`);
    banks.set(hash, length);
  }
  header.bytes(header.u8());
  header.end();
  return banks;
}

/** Whether the event's data is what was measured, as for variables, separators and actions. */
export function dataIsMeasured({ digest, data }: LogEvent): boolean {
  return createHash("sha256").update(data).digest().equals(digest);
}

/** A PCR's value after one more measurement. */
export function extend(value: Uint8Array, digest: Uint8Array): Buffer {
  return createHash("sha256").update(value).update(digest).digest();
}

/** The SHA-256 PCR values that the log leads to: those that it extends. */
export function replay(events: readonly LogEvent[]): Map<number, Buffer> {
  const values = new Map<number, Buffer>();
  for (const { pcr, type, digest, data } of events) {
    if (type === eventType.noAction) {
      // Section 10.4.5.3: PCR 0 begins with the locality that started the TPM.
      if (
        pcr === 0 &&
        !values.has(0) &&
        data.length === 17 &&
        data.subarray(0, 16).toString("latin1") === "StartupLocality\0"
      ) {
        const start = Buffer.alloc(32);
        start.writeUInt8(data.readUInt8(16), 31);
        values.set(0, start);
      }
      continue;
    }
    values.set(pcr, extend(values.get(pcr) ?? Buffer.alloc(32), digest));
  }
  return values;
}

/** A UEFI_VARIABLE_DATA event: name and content. @throws WireError */
export function readVariable(data: Uint8Array): {
  name: string;
  content: Buffer;
} {
  const reader = new WireReader(data, "measured firmware variable", "le");
  reader.bytes(16);
  const [name, content] = [reader.u64(), reader.u64()];
  if (name > 1024n || content > BigInt(reader.left))
    throw reader.error("it is too long");
  const text = reader.bytes(Number(name) * 2).toString("utf16le");
  return { name: text, content: reader.bytes(Number(content)) };
}
