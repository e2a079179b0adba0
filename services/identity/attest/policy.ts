import { type Static, Type } from "typebox";

/** The policy file: which TPMs and which images are accepted. */
export const AcceptancePolicy = Type.Object(
  {
    endorsement: Type.Union(
      [Type.Literal("certificate"), Type.Literal("first-use")],
      {
        description:
          "certificate: a trusted maker's certificate; first-use: a TPM without one is trusted when first seen, and shown as such",
      },
    ),
    images: Type.Union([Type.Literal("signed"), Type.Literal("any")], {
      description:
        "signed: measured as reference values say that a trusted signer signed; any: what was booted is told and not judged",
    }),
    minimumVersion: Type.Union([
      Type.String({ pattern: "^[0-9]+(\\.[0-9]+)*$", maxLength: 64 }),
      Type.Null(),
    ]),
    secureBoot: Type.Union([Type.Literal("required"), Type.Literal("any")]),
    firmware: Type.Array(Type.String({ pattern: "^[0-9a-f]{64}$" }), {
      maxItems: 64,
      description: "accepted values of PCR 0; none accepts all",
    }),
  },
  { additionalProperties: false },
);
export type AcceptancePolicy = Static<typeof AcceptancePolicy>;

/** What holds until the owner says otherwise. */
export const defaultPolicy: AcceptancePolicy = {
  endorsement: "first-use",
  images: "signed",
  minimumVersion: null,
  secureBoot: "any",
  firmware: [],
};

/** Below 0 where version `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) =>
    version.split(".").map(Number),
  ) as [number[], number[]];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
