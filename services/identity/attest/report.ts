/** Shapes of what a verifier finds and remembers. */
import { type Static, Type } from "typebox";

/** What was booted; digests are SHA-256 in hex. */
export const MeasuredBoot = Type.Object({
  firmware: Type.String({ description: "version as the firmware tells it" }),
  secureBoot: Type.Union([
    Type.Literal("on"),
    Type.Literal("off"),
    Type.Literal("unknown"),
  ]),
  applications: Type.Array(Type.String(), {
    description:
      "Authenticode digests of what the firmware started, in order: boot loader, unified kernel image, kernel",
  }),
  sections: Type.Record(Type.String(), Type.String(), {
    description:
      "sections of the unified kernel image, as systemd-stub measured them",
  }),
  commandLine: Type.Union([Type.String(), Type.Null()], {
    description:
      "of the kernel, where its text was given and is the measured one",
  }),
  rootHash: Type.Union([Type.String(), Type.Null()], {
    description: "dm-verity root hash from the command line",
  }),
  phases: Type.Array(Type.String()),
  machineId: Type.Union([Type.String(), Type.Null()]),
});
export type MeasuredBoot = Static<typeof MeasuredBoot>;

/** What a verification found. */
export const Report = Type.Object({
  accepted: Type.Boolean(),
  checks: Type.Array(
    Type.Object({
      name: Type.String(),
      result: Type.Union([
        Type.Literal("passed"),
        Type.Literal("failed"),
        Type.Literal("noted"),
      ]),
      evidence: Type.String(),
    }),
  ),
  node: Type.Union([Type.String(), Type.Null()], {
    description: "the node's principal, hex",
  }),
  boot: Type.Union([MeasuredBoot, Type.Null()], {
    description: "what was booted, where it is proved",
  }),
  version: Type.Union([Type.String(), Type.Null()], {
    description: "of the image, where it is a known one",
  }),
});
export type Report = Static<typeof Report>;

/** A node that was attested before: its TPM may not change under the same name, nor its counters go back. */
export const KnownNode = Type.Object({
  /** TPM name of the endorsement key, hex. */
  endorsement: Type.String(),
  resets: Type.Integer(),
  restarts: Type.Integer(),
  /** Milliseconds since 1970. */
  firstSeen: Type.Integer(),
});
export type KnownNode = Static<typeof KnownNode>;
