import { type Static, Type } from "typebox";
import { Network, Trial } from "../host/client.ts";

/** Whether the box does what it is there for: GET /api/health, which anybody at home may ask. */
export const BoxHealth = Type.Object({
  healthy: Type.Boolean(),
  problems: Type.Array(Type.String(), {
    description: "what does not work, in words",
  }),
});
export type BoxHealth = Static<typeof BoxHealth>;

/** Settings of a backup that are in force; null where the network is as it was. */
export const RestoredSettings = Type.Object({
  trial: Type.Union([Trial, Type.Null()], {
    description: "what keeps the network",
  }),
  document: Network,
});
export type RestoredSettings = Static<typeof RestoredSettings>;

/** The certificates behind the box's pages, by their SHA-256 fingerprints: `AB:CD:...`. */
export const ShownCertificates = Type.Object({
  fingerprint: Type.String({ description: "of what browsers are shown" }),
  authority: Type.String({ description: "of who vouches for it" }),
});
export type ShownCertificates = Static<typeof ShownCertificates>;
