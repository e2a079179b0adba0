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

/** Phases in the order in which systemd measures them into PCR 11 (systemd-pcrphase.service(8)). */
export const phases = ["enter-initrd", "leave-initrd", "sysinit", "ready"];

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

/** The first measurement of PCR 7 is this variable (section 3.3.4.8); one later in the log may be the work of the system itself. */
function secureBoot(events: readonly LogEvent[]): MeasuredBoot["secureBoot"] {
  const first = events.find(({ pcr }) => pcr === 7);
  if (first?.type !== eventType.variableDriverConfig || !dataIsMeasured(first))
    return "unknown";
  const { name, content } = readVariable(first.data);
  if (name !== "SecureBoot") return "unknown";
  return content[0] === 1 ? "on" : "off";
}

/** What firmware says in PCR 4 beside the programs that it starts (sections 2.3.4.5 and 10.4.1). */
const bootActions: ReadonlySet<string> = new Set([
  "Calling EFI Application from Boot Option",
  "Returning from EFI Application from Boot Option",
]);

/**
 * Measurements of PCR 4 and 11 whose meaning is not known, in words. A system that was started can measure on, and tell
 * that its own loader was something harmless: so nothing in these PCRs may be without a meaning.
 */
export function unexplained(
  events: readonly LogEvent[],
  records: readonly MeasureRecord[],
): string[] {
  const strange: string[] = [];
  let name: string | undefined;
  for (const [index, event] of events.entries()) {
    const { pcr, type, digest, data } = event;
    const known = (): boolean => {
      if (pcr === 4) {
        if (type === eventType.bootServicesApplication) return true;
        if (!dataIsMeasured(event)) return false;
        return type === eventType.separator
          ? data.equals(Buffer.alloc(4))
          : type === eventType.efiAction &&
              bootActions.has(data.toString("latin1"));
      }
      if (pcr !== stubPcr || type === eventType.noAction) return true;
      if (type !== eventType.ipl) return false;
      const told = data.toString("utf16le").replace(/\0+$/, "");
      if (name !== undefined) {
        name = undefined;
        return true;
      }
      name = told;
      return sha256(`${told}\0`).equals(digest);
    };
    if (!known()) strange.push(`event ${index} of PCR ${pcr}`);
  }
  for (const [index, { pcr, kind, text, digest }] of records.entries())
    if (
      pcr === stubPcr &&
      (kind !== "phase" ||
        !phases.includes(text) ||
        !sha256(text).equals(digest))
    )
      strange.push(`record ${index} of PCR ${pcr}`);
  return name === undefined ? strange : [...strange, `section ${name} alone`];
}
