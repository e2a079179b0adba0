/** Reference values: what an image measures when it boots, signed by who built it and written beside the image. */
import type { KeyObject } from "node:crypto";
import { type Static, Type } from "typebox";
import { Check as fits } from "typebox/value";
import { decodeCbor, encodeCbor } from "../../shared/cbor.ts";
import {
  type CoseSigner,
  openCose,
  readCoseSigner,
  signCose,
} from "../../shared/cose.ts";
import { principalOf } from "../../shared/principal.ts";
import { WireError } from "../tpm/wire.ts";
import type { Checks } from "./check.ts";
import { phases } from "./measured-boot.ts";
import type { MeasuredBoot } from "./report.ts";

const Digest = Type.String({ pattern: "^[0-9a-f]{64}$" });

/** What an image measures; digests are SHA-256 in hex. */
export const ReferenceValues = Type.Object(
  {
    type: Type.Literal("coppice reference values 1"),
    image: Type.String({ maxLength: 64 }),
    board: Type.String({ maxLength: 64 }),
    version: Type.String({ maxLength: 64, pattern: "^[0-9]+(\\.[0-9]+)*$" }),
    /** dm-verity root hash. */
    rootHash: Digest,
    commandLine: Type.String({ maxLength: 4096 }),
    /** Authenticode digests. */
    bootLoader: Digest,
    unifiedKernel: Digest,
    kernel: Digest,
    /** Sections of the unified kernel image that systemd-stub measures. */
    sections: Type.Record(Type.String({ maxLength: 16 }), Digest),
  },
  { additionalProperties: false },
);
export type ReferenceValues = Static<typeof ReferenceValues>;

/** Signs reference values as a COSE_Sign1. */
export async function signReference(
  values: ReferenceValues,
  signer: CoseSigner,
): Promise<Buffer> {
  return await signCose(encodeCbor(values), signer);
}

/** Opens signed reference values. @param signers who may have signed. @throws SignatureError, WireError */
export function openReference(
  document: Uint8Array,
  signers: readonly KeyObject[],
): ReferenceValues {
  const kid = readCoseSigner(document);
  const key = signers.find((candidate) => principalOf(candidate).equals(kid));
  if (!key)
    throw new WireError(
      `The image's reference values are signed by ${kid.toString("hex").slice(0, 16)}, whom the policy does not trust`,
    );
  const values = fromMaps(decodeCbor(openCose(document, kid, key)));
  if (!fits(ReferenceValues, values))
    throw new WireError("The image's reference values have another shape");
  return values;
}

function fromMaps(value: unknown): unknown {
  return value instanceof Map
    ? Object.fromEntries(
        [...value].map(([name, inner]) => [name, fromMaps(inner)]),
      )
    : value;
}

const sectionNames: Record<string, string> = {
  ".linux": "kernel",
  ".cmdline": "kernel command line",
  ".initrd": "initrd",
  ".osrel": "release name and version",
  ".pcrpkey": "key of PCR policies",
};

/** Compares what was booted with what the image would measure, part by part. */
export function compareBoot(
  checks: Checks,
  boot: MeasuredBoot,
  reference: ReferenceValues,
): void {
  const [loader, unified, kernel, ...more] = boot.applications;
  const same = (
    name: string,
    found: string | undefined,
    wanted: string,
  ): void =>
    void checks.expect(
      name,
      found === wanted,
      found === wanted
        ? `${wanted.slice(0, 16)}, as ${reference.image} ${reference.version} has it`
        : `${found?.slice(0, 16) ?? "nothing"} was measured; ${reference.image} ${reference.version} has ${wanted.slice(0, 16)}`,
    );
  same("boot loader", loader, reference.bootLoader);
  same("unified kernel image", unified, reference.unifiedKernel);
  // With Secure Boot the unified image answers for the kernel in it, and the firmware does not measure that once more.
  if (kernel === undefined && boot.secureBoot === "on")
    checks.note("kernel as started", "by the unified kernel image");
  else same("kernel as started", kernel, reference.kernel);
  checks.expect(
    "nothing else started",
    more.length === 0,
    more.length === 0
      ? "boot loader, image, kernel"
      : `${more.length} more EFI programs`,
  );
  for (const name of new Set([
    ...Object.keys(reference.sections),
    ...Object.keys(boot.sections),
  ]))
    same(
      sectionNames[name] ?? `section ${name}`,
      boot.sections[name],
      reference.sections[name] ?? "nothing",
    );
  const line = boot.commandLine;
  if (line !== null && line !== reference.commandLine)
    checks.expect(
      "kernel command line, in words",
      false,
      difference(line, reference.commandLine),
    );
  if (line === null)
    checks.note(
      "verity root hash",
      `${reference.rootHash.slice(0, 16)}, where the command line is the reference's`,
    );
  else same("verity root hash", boot.rootHash ?? undefined, reference.rootHash);
  const inOrder =
    boot.phases.length > 0 &&
    boot.phases.every((phase, index) => phase === phases[index]);
  checks.expect(
    "phases",
    inOrder,
    boot.phases.join(", ") || "none was measured",
  );
}

/** Which words of the command line differ. */
function difference(found: string, wanted: string): string {
  const [has, should] = [found, wanted].map((text) =>
    text.split(" ").filter((word) => word !== ""),
  );
  const added = has?.filter((word) => !should?.includes(word)) ?? [];
  const gone = should?.filter((word) => !has?.includes(word)) ?? [];
  return (
    [
      added.length > 0 ? `added: ${added.join(" ")}` : "",
      gone.length > 0 ? `missing: ${gone.join(" ")}` : "",
    ]
      .filter((part) => part)
      .join("; ") || "the same words in another order"
  );
}
