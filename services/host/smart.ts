import { type Static, Type } from "typebox";
import { Check } from "typebox/value";
import { CommandError, command } from "./command.ts";

/** What smartctl(8) tells in JSON, as far as we look at it. */
const Report = Type.Object({
  smart_status: Type.Optional(Type.Object({ passed: Type.Boolean() })),
  temperature: Type.Optional(Type.Object({ current: Type.Number() })),
  power_on_time: Type.Optional(Type.Object({ hours: Type.Number() })),
  ata_smart_attributes: Type.Optional(
    Type.Object({
      table: Type.Array(
        Type.Object({
          id: Type.Integer(),
          name: Type.String(),
          when_failed: Type.Optional(Type.String()),
          raw: Type.Object({ value: Type.Number() }),
        }),
      ),
    }),
  ),
  nvme_smart_health_information_log: Type.Optional(
    Type.Object({
      percentage_used: Type.Optional(Type.Number()),
      media_errors: Type.Optional(Type.Number()),
      available_spare: Type.Optional(Type.Number()),
      available_spare_threshold: Type.Optional(Type.Number()),
    }),
  ),
});

/** What a disk says of its health. */
export interface SmartHealth {
  health: "good" | "failing" | "unknown";
  /** Degrees Celsius. */
  temperature: number | null;
  hours: number | null;
  /** What is worth knowing before it fails, in words. */
  warnings: string[];
}

/** Attributes whose raw value counts sectors that are lost or about to be (as Backblaze found to foretell failures). */
const telling: Record<number, string> = {
  5: "sectors were reallocated",
  187: "errors could not be corrected",
  197: "sectors wait to be reallocated",
  198: "sectors cannot be read",
};

const silent: SmartHealth = {
  health: "unknown",
  temperature: null,
  hours: null,
  warnings: [],
};

/** Asks a disk for its health by S.M.A.R.T.; what it does not say is unknown, and unknown is not healthy. A disk that sleeps is not woken. */
export async function readSmart(device: string): Promise<SmartHealth> {
  let text: string;
  try {
    text = await command("smartctl", [
      "--json",
      "--all",
      "--nocheck=standby,0",
      device,
    ]);
  } catch (error) {
    // Its exit status is a mask of findings; the report is there all the same.
    if (!(error instanceof CommandError)) throw error;
    text = error.stdout;
  }
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    return silent;
  }
  return Check(Report, report) ? judge(report) : silent;
}

/** Says what a report means. */
export function judge(report: Static<typeof Report>): SmartHealth {
  const {
    smart_status: status,
    ata_smart_attributes: ata,
    nvme_smart_health_information_log: nvme,
  } = report;
  const warnings: string[] = [];
  for (const { id, name, when_failed: failed, raw } of ata?.table ?? []) {
    const words = telling[id];
    // The lower 32 bits count; some makers keep other things above.
    const count = raw.value % 2 ** 32;
    if (words && count > 0) warnings.push(`${count} ${words}`);
    if (failed === "now") warnings.push(`${name} is below its threshold`);
  }
  if ((nvme?.media_errors ?? 0) > 0)
    warnings.push(`${nvme?.media_errors} media errors`);
  if ((nvme?.percentage_used ?? 0) >= 90)
    warnings.push(`${nvme?.percentage_used} % of its life is used`);
  if (
    nvme?.available_spare !== undefined &&
    nvme.available_spare < (nvme.available_spare_threshold ?? 0)
  )
    warnings.push(`only ${nvme.available_spare} % spare blocks are left`);
  return {
    health: status ? (status.passed ? "good" : "failing") : "unknown",
    temperature: report.temperature?.current ?? null,
    hours: report.power_on_time?.hours ?? null,
    warnings,
  };
}
