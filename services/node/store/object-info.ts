import { Type } from "typebox";

/** An object and how it is kept. */
export const ObjectInfo = Type.Object({
  id: Type.String({ pattern: "^[0-9a-f]{32}$" }),
  size: Type.Integer({ description: "bytes" }),
  created: Type.Integer({ description: "milliseconds since 1970" }),
  k: Type.Integer({ description: "fragments that restore a segment" }),
  m: Type.Integer({ description: "fragments that may be lost" }),
  segments: Type.Integer(),
});
export type ObjectInfo = Type.Static<typeof ObjectInfo>;

/** How the fragments of an object are doing. */
export const ObjectHealth = Type.Object({
  ...ObjectInfo.properties,
  stored: Type.Number({ description: "bytes of fragments on the disks" }),
  fragments: Type.Integer({ description: "how many there should be" }),
  missing: Type.Integer({
    description: "how many of them are missing or known to be rotten",
  }),
  lost: Type.Array(Type.Integer(), {
    description: "segments that cannot be restored",
  }),
});
export type ObjectHealth = Type.Static<typeof ObjectHealth>;
