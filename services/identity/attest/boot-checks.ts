/** Checks what was booted: logs against quoted PCR values, then what they tell against the policy. */
import type { Trust } from "./acceptance.ts";
import { type Checks, short } from "./check.ts";
import { readEventLog, replay } from "./event-log.ts";
import { readMeasureLog, replayOn } from "./measure-log.ts";
import { describeBoot, unexplained } from "./measured-boot.ts";
import { compareVersions } from "./policy.ts";
import { compareBoot, openReference } from "./reference.ts";
import type { MeasuredBoot } from "./report.ts";

/** What a prover tells of its boot. */
export interface BootLogs {
  eventLog: Uint8Array;
  measureLog: Uint8Array;
  commandLine?: string | undefined;
  reference?: Uint8Array | null | undefined;
}

/** PCRs that the logs must explain, where they are quoted: 16 and above are not for the boot. */
const explained = (pcr: number): boolean => pcr <= 15;
/** PCRs that say which image was booted; a judgement needs all of them. */
export const imagePcrs = [4, 11, 12, 13];

/** Replays the logs to the quoted values and judges what they tell; gives it where it is proved. */
export function checkBoot(
  checks: Checks,
  logs: BootLogs,
  quoted: ReadonlyMap<number, Uint8Array>,
  trust: Trust,
): { boot: MeasuredBoot; version: string | null } | undefined {
  const events = checks.attempt("firmware event log", () =>
    readEventLog(logs.eventLog),
  );
  const records = checks.attempt("systemd measurement log", () =>
    readMeasureLog(logs.measureLog),
  );
  if (!events || !records) return undefined;
  const firmware = replay(events);
  const values = replayOn(firmware, records);
  const later = new Set(records.map(({ pcr }) => pcr));
  let proved = true;
  const wrong: Record<string, string[]> = {
    "firmware event log": [],
    "systemd measurement log": [],
  };
  for (const [pcr, value] of quoted) {
    if (!explained(pcr)) continue;
    const log = later.has(pcr)
      ? "systemd measurement log"
      : "firmware event log";
    const led = values.get(pcr) ?? Buffer.alloc(32);
    if (!led.equals(value)) {
      proved = false;
      wrong[log]?.push(
        `PCR ${pcr}: the log leads to ${short(led)}, quoted ${short(value)}`,
      );
    }
  }
  for (const [log, reasons] of Object.entries(wrong)) {
    const count = log.startsWith("firmware") ? events.length : records.length;
    checks.expect(
      log,
      reasons.length === 0,
      reasons.join("; ") || `${count} measurements lead to the quoted values`,
    );
  }
  if (!proved) return undefined;
  const boot = checks.attempt("firmware event log", () =>
    describeBoot(events, records, logs.commandLine),
  );
  if (!boot) return undefined;
  const { policy } = trust;
  checkFirmware(checks, quoted, boot, trust);
  if (policy.images === "any") {
    checks.note("image", "the policy accepts any");
    return { boot, version: null };
  }
  const missing = imagePcrs.filter((pcr) => !quoted.has(pcr));
  if (
    !checks.expect(
      "image PCRs",
      missing.length === 0,
      missing.length === 0
        ? imagePcrs.join(", ")
        : `not quoted: ${missing.join(", ")}`,
    )
  )
    return { boot, version: null };
  const strange = unexplained(events, records);
  checks.expect(
    "meaning of PCR 4 and 11",
    strange.length === 0,
    strange.length === 0
      ? "programs, sections and phases, and nothing else"
      : `not understood: ${strange.slice(0, 5).join(", ")}`,
  );
  const additions = [12, 13].filter(
    (pcr) => !Buffer.alloc(32).equals(quoted.get(pcr) ?? Buffer.of(1)),
  );
  checks.expect(
    "nothing added to the image",
    additions.length === 0,
    additions.length === 0
      ? "PCR 12 and 13 are zero: no command line, credential or extension from outside"
      : `PCR ${additions.join(", ")} measured something from outside the image`,
  );
  const document = logs.reference;
  if (
    !checks.expect(
      "reference values",
      document !== null && document !== undefined,
      document
        ? "given"
        : "none was given, so nothing says what the image should be",
    )
  )
    return { boot, version: null };
  const reference = checks.attempt("reference values", () =>
    openReference(document as Uint8Array, trust.signers),
  );
  if (!reference) return { boot, version: null };
  checks.note(
    "image",
    `${reference.image} ${reference.version} for ${reference.board}, signed by a trusted builder`,
  );
  if (policy.minimumVersion !== null)
    checks.expect(
      "image version",
      compareVersions(reference.version, policy.minimumVersion) >= 0,
      `${reference.version}; the policy asks for ${policy.minimumVersion} or newer`,
    );
  // The command line's text is the reference's where its digest is, whatever the prover told.
  const sameLine = boot.sections[".cmdline"] === reference.sections[".cmdline"];
  const named =
    sameLine && boot.commandLine === null
      ? {
          ...boot,
          commandLine: reference.commandLine,
          rootHash: reference.rootHash,
        }
      : boot;
  compareBoot(checks, named, reference);
  return { boot: named, version: reference.version };
}

function checkFirmware(
  checks: Checks,
  quoted: ReadonlyMap<number, Uint8Array>,
  boot: MeasuredBoot,
  { policy }: Trust,
): void {
  const value = quoted.get(0);
  const told = `version ${boot.firmware}${value ? `, PCR 0 ${short(value)}` : ""}`;
  if (policy.firmware.length === 0) checks.note("firmware", told);
  else
    checks.expect(
      "firmware",
      value !== undefined &&
        policy.firmware.includes(Buffer.from(value).toString("hex")),
      told,
    );
  const proved = quoted.has(7) ? boot.secureBoot : "unknown";
  if (policy.secureBoot === "any") checks.note("Secure Boot", proved);
  else
    checks.expect(
      "Secure Boot",
      proved === "on",
      `${proved}; the policy asks for it`,
    );
}
