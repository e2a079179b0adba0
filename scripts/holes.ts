/** Known holes (CVE) of an image's Debian packages, by the Debian security tracker's data. */
import { type Static, Type } from "typebox";
import { Parse } from "typebox/value";
import { compareDebianVersions } from "./debian-version.ts";
import { Bill, propertyOf, sourceProperty } from "./sbom.ts";

/** The Debian release that the image is made of. */
const release = "trixie";

/** https://security-tracker.debian.org/tracker/data/json: CVEs by source package. */
const Tracker = Type.Record(
  Type.String(),
  Type.Record(
    Type.String(),
    Type.Object({
      releases: Type.Record(
        Type.String(),
        Type.Object({
          status: Type.String(),
          urgency: Type.String(),
          fixed_version: Type.Optional(Type.String()),
        }),
      ),
    }),
  ),
);

/** A hole that an image has. */
export interface Finding {
  cve: string;
  /** Source package. */
  source: string;
  /** Its version in the image. */
  version: string;
  /** Debian's judgement, such as "not yet assigned". */
  urgency: string;
  /** The version that closes it; null where Debian has none. */
  fixed: string | null;
}

/**
 * What the tracker knows of the packages in a bill; what Debian calls unimportant is left out. Those that an update closes come
 * first. @throws where one of the two does not fit its schema
 */
export function findHoles(bill: unknown, tracker: unknown): Finding[] {
  const known = Parse(Tracker, tracker);
  const findings: Finding[] = [];
  for (const [source, version] of sourcesOf(Parse(Bill, bill)))
    for (const [cve, { releases }] of Object.entries(known[source] ?? {})) {
      const state = releases[release];
      if (!state || state.urgency === "unimportant") continue;
      // 0: the release never had it.
      const { status, fixed_version: fixed, urgency } = state;
      if (status === "resolved") {
        if (fixed !== undefined && compareDebianVersions(version, fixed) < 0)
          findings.push({ cve, source, version, urgency, fixed });
      } else if (status === "open")
        findings.push({ cve, source, version, urgency, fixed: null });
    }
  return findings.sort(
    (a, b) =>
      Number(a.fixed === null) - Number(b.fixed === null) ||
      (`${a.source} ${a.cve}` < `${b.source} ${b.cve}` ? -1 : 1),
  );
}

/** Versions by source package. */
function sourcesOf({ components }: Static<typeof Bill>): Map<string, string> {
  const sources = new Map<string, string>();
  for (const one of components) {
    const [source, version] = propertyOf(one, sourceProperty)?.split(" ") ?? [];
    if (source !== undefined && version !== undefined)
      // Packages that Debian signs for Secure Boot have a source of their own, and its holes.
      sources.set(
        source.replace(/-signed-(amd64|arm64)$|-(amd64|arm64)-signed$/, ""),
        version,
      );
  }
  return sources;
}
