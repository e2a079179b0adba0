import { CircleAlert, CircleCheck, Info } from "lucide-preact";
import type { TimedReport } from "../../../../../identity/client.ts";
import { moment } from "../../format.ts";
import { Fact, Notice } from "../../ui.tsx";

const icons = { passed: CircleCheck, failed: CircleAlert, noted: Info };

/** What was booted, as the TPM proves it, and each check by name. */
export function Boot({ report }: { report: TimedReport }) {
  const { boot, version } = report;
  const failed = report.checks.filter(({ result }) => result === "failed");
  return (
    <>
      <Notice kind={report.accepted ? "good" : "error"}>
        {report.accepted
          ? `All ${report.checks.length} checks passed or need no verdict, ${moment(report.time)}.`
          : `By its own policy this box would be refused: ${failed.map(({ name }) => name).join(", ")}.`}
      </Notice>
      {boot && (
        <dl class="facts">
          <Fact name="System">
            {version === null
              ? "not one that a trusted builder signed"
              : `Coppice ${version}`}
            <span class="quiet-text">{boot.phases.join(" → ")}</span>
          </Fact>
          <Fact name="Firmware">
            {boot.firmware}
            <span class="quiet-text">Secure Boot is {boot.secureBoot}</span>
          </Fact>
          <Fact name="Kernel command line">
            <span class="mono">
              {boot.commandLine ?? "its text was not told"}
            </span>
          </Fact>
          <Fact name="Root file system">
            <span class="mono">{boot.rootHash ?? "unknown"}</span>
            <span class="quiet-text">dm-verity root hash</span>
          </Fact>
        </dl>
      )}
      <details open={!report.accepted}>
        <summary>All checks</summary>
        <ul class="checks">
          {report.checks.map(({ name, result, evidence }, index) => {
            const Icon = icons[result];
            return (
              <li key={`${index}${name}`} class={result}>
                <Icon size={20} aria-label={result} />
                <strong>{name}</strong>
                <span class="quiet-text">{evidence}</span>
              </li>
            );
          })}
        </ul>
      </details>
    </>
  );
}
