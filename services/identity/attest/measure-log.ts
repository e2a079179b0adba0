/** systemd's log of what it measured after the firmware: TCG Canonical Event Log in JSON, as JSON text sequences (RFC 7464). */
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { WireError } from "../tpm/wire.ts";
import { extend } from "./event-log.ts";

const Record = Type.Object({
  pcr: Type.Integer({ minimum: 0, maximum: 23 }),
  digests: Type.Array(
    Type.Object({
      hashAlg: Type.String({ maxLength: 32 }),
      digest: Type.String({ pattern: "^([0-9a-f]{2}){20,64}$" }),
    }),
    { maxItems: 8 },
  ),
  content_type: Type.Optional(Type.String({ maxLength: 64 })),
  content: Type.Optional(
    Type.Object({
      eventType: Type.Optional(Type.String({ maxLength: 256 })),
      string: Type.Optional(Type.String({ maxLength: 4096 })),
    }),
  ),
});
const compiled = Compile(Record);

/** One measurement by systemd. */
export interface MeasureRecord {
  pcr: number;
  /** In the SHA-256 bank. */
  digest: Buffer;
  /** Such as `phase` or `machine-id`. */
  kind: string;
  /** What was measured, where it is text: believe it only where it hashes to the digest. */
  text: string;
}

const maximumSize = 2 ** 20;
const maximumRecords = 10_000;

/** Reads the log. @throws WireError */
export function readMeasureLog(log: Uint8Array): MeasureRecord[] {
  if (log.length > maximumSize)
    throw new WireError("The systemd measurement log is longer than 1 MiB");
  const records = Buffer.from(log)
    .toString("utf8")
    .split("\u001e")
    .map((text) => text.trim())
    .filter((text) => text !== "");
  if (records.length > maximumRecords)
    throw new WireError(
      "The systemd measurement log has more than 10,000 records",
    );
  return records.map((text, index) => {
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch {
      throw new WireError(
        `Record ${index} of the systemd measurement log is cut off or damaged`,
      );
    }
    if (!compiled.Check(record))
      throw new WireError(
        `Record ${index} of the systemd measurement log is not a measurement`,
      );
    const digest =
      record.digests.find(({ hashAlg }) => hashAlg === "sha256")?.digest ?? "";
    if (digest.length !== 64)
      throw new WireError(
        `Record ${index} of the systemd measurement log has no SHA-256 digest`,
      );
    return {
      pcr: record.pcr,
      digest: Buffer.from(digest, "hex"),
      kind: record.content?.eventType ?? "",
      text: record.content?.string ?? "",
    };
  });
}

/** Goes on from the values that the firmware's log led to. */
export function replayOn(
  values: ReadonlyMap<number, Buffer>,
  records: readonly MeasureRecord[],
): Map<number, Buffer> {
  const after = new Map(values);
  for (const { pcr, digest } of records)
    after.set(pcr, extend(after.get(pcr) ?? Buffer.alloc(32), digest));
  return after;
}
