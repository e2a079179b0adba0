/** What an owner has set on a box and is not in the files' tree: enough to make another box do as this one did. */
import { type Static, Type } from "typebox";
import { ClockSettings } from "./clock-settings.ts";
import { Network } from "./network/document.ts";
import { NewTrial, Trial } from "./network/state.ts";
import { UpdateSettings } from "./updates/state.ts";

/** The settings of a box, with the secrets that belong to them. */
export const Configuration = Type.Object({
  format: Type.Literal(1),
  network: Network,
  updates: UpdateSettings,
  clock: ClockSettings,
  key: Type.Union(
    [Type.String({ pattern: "^[A-Za-z0-9+/]{43}=$" }), Type.Null()],
    {
      description:
        "the private half of the WireGuard key by which phones and friends' households know the box; null where it has none",
    },
  ),
});
export type Configuration = Static<typeof Configuration>;

/** A configuration to put into force; its network is tried, and goes back by itself if nobody confirms it. */
export const NewConfiguration = Type.Object({
  configuration: Configuration,
  ...Type.Pick(NewTrial, ["who", "seconds"]).properties,
});
export type NewConfiguration = Static<typeof NewConfiguration>;

/** What confirms the network of a configuration; null where it is as it was. */
export const ConfigurationTrial = Type.Object({
  trial: Type.Union([Trial, Type.Null()]),
});
export type ConfigurationTrial = Static<typeof ConfigurationTrial>;
