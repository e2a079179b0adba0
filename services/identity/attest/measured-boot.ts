/** What was booted, read from logs that replay to quoted PCR values. */
import { createHash } from "node:crypto";
import {
  dataIsMeasured,
  eventType,
  type LogEvent,
  readVariable,
} from "./event-log.ts";
import type { MeasureRecord } from "./measure-log.ts";
import type { MeasuredBoot } from "./report.ts";

const stubPcr = 11;
const machinePcr = 15;

function sha256(text: string | Uint8Array): Buffer {
  return createHash("sha256").update(text).digest();
}

/**
 * Reads what was booted.
 * @param commandLine text that the prover says the kernel got; told only where it hashes to what was measured.
 */
export function describeBoot(
  events: readonly LogEvent[],
  records: readonly MeasureRecord[],
  commandLine: string | undefined,
): MeasuredBoot {
  const sections = stubSections(events);
  const measured = sections[".cmdline"];
  // ukify ends the section with a zero byte, the kernel does not show it.
  const text = [commandLine, `${commandLine}\0`].some(
    (candidate) =>
      candidate !== undefined && sha256(candidate).toString("hex") === measured,
  )
    ? (commandLine ?? null)
    : null;
  return {
    firmware: firmwareVersion(events),
    secureBoot: secureBoot(events),
    applications: events
      .filter(
        ({ pcr, type }) =>
          pcr === 4 && type === eventType.bootServicesApplication,
      )
      .map(({ digest }) => digest.toString("hex")),
    sections,
    commandLine: text,
    rootHash:
      /(?:^| )(?:usr|root)hash=([0-9a-f]{64})(?: |$)/.exec(text ?? "")?.[1] ??
      null,
    phases: records
      .filter(
        ({ pcr, kind, text, digest }) =>
          pcr === stubPcr && kind === "phase" && sha256(text).equals(digest),
      )
      .map(({ text }) => text),
    machineId:
      records
        .filter(
          ({ pcr, text, digest }) =>
            pcr === machinePcr &&
            text.startsWith("machine-id:") &&
            sha256(text).equals(digest),
        )
        .map(({ text }) => text.slice("machine-id:".length))[0] ?? null,
  };
}

/** systemd-stub measures each section's name (with a zero byte), then its content; names repeat as event data. */
function stubSections(events: readonly LogEvent[]): Record<string, string> {
  const sections: Record<string, string> = {};
  let name: string | undefined;
  for (const { pcr, type, digest, data } of events) {
    if (pcr !== stubPcr || type !== eventType.ipl) continue;
    const told = data.toString("utf16le").replace(/\0+$/, "").slice(0, 16);
    if (name === undefined && sha256(`${told}\0`).equals(digest)) name = told;
    else if (name !== undefined) {
      sections[name] = digest.toString("hex");
      name = undefined;
    }
  }
  return sections;
}

function firmwareVersion(events: readonly LogEvent[]): string {
  const event = events.find(
    ({ pcr, type }) => pcr === 0 && type === eventType.crtmVersion,
  );
  if (!event || !dataIsMeasured(event)) return "unknown";
  const text = event.data.toString("utf16le").replace(/\0+$/, "");
  return text === "" ? "not told" : text.slice(0, 200);
}

function secureBoot(events: readonly LogEvent[]): MeasuredBoot["secureBoot"] {
  for (const event of events) {
    if (
      event.pcr !== 7 ||
      event.type !== eventType.variableDriverConfig ||
      !dataIsMeasured(event)
    )
      continue;
    const { name, content } = readVariable(event.data);
    if (name === "SecureBoot") return content[0] === 1 ? "on" : "off";
  }
  return "unknown";
}
