import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A line to be written. */
export interface Written {
  /** Milliseconds since 1970. */
  at: number;
  message: string;
  /** A unit's name; without one the kernel wrote it. */
  unit?: string;
  priority?: number;
}

const boot = "5f1d0c2ab3e94c6b8f0e6a7b9c8d1e2f";
let files = 0;

/** Writes lines into a file of a journal, as systemd-journal-remote(8) does. @param folder of the journal */
export async function writeJournal(
  folder: string,
  lines: readonly Written[],
): Promise<void> {
  const name = `part-${process.pid}-${files++}`;
  const source = join(folder, `${name}.export`);
  await writeFile(
    source,
    Buffer.concat(
      lines.map(({ at, message, unit, priority = 6 }) => {
        const text = Buffer.from(message);
        const length = Buffer.alloc(8);
        length.writeBigUInt64LE(BigInt(text.length));
        const head = [
          `__REALTIME_TIMESTAMP=${at * 1000}`,
          `__MONOTONIC_TIMESTAMP=${at % 1_000_000_000}000`,
          `_BOOT_ID=${boot}`,
          `PRIORITY=${priority}`,
          ...(unit
            ? [`_SYSTEMD_UNIT=${unit}`, "_TRANSPORT=stdout"]
            : ["_TRANSPORT=kernel", "SYSLOG_IDENTIFIER=kernel"]),
        ];
        // The journal's export format: a value with line breaks says how long it is.
        return Buffer.concat([
          Buffer.from(`${head.join("\n")}\nMESSAGE\n`),
          ...[length, text, Buffer.from("\n\n")],
        ]);
      }),
    ),
  );
  await promisify(execFile)("/lib/systemd/systemd-journal-remote", [
    `--output=${join(folder, `${name}.journal`)}`,
    source,
  ]);
}
