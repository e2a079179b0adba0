/** What is said of the smart home, which hears how the box is. */
import { type Static, Type } from "typebox";
import { Broker } from "../../node/client.ts";

/** Where the smart home hears. A password that is null stays as it was, where the rest does. */
export const SmartHomeSettings = Type.Object({
  broker: Type.Union([Broker, Type.Null()]),
  prefix: Type.String({
    pattern: "^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,3}$",
    description: "where it looks for new devices: homeassistant, as a rule",
  }),
});
export type SmartHomeSettings = Static<typeof SmartHomeSettings>;

/** How it goes; without the password. */
export const SmartHomeState = Type.Object({
  settings: SmartHomeSettings,
  told: Type.Union([Type.Number(), Type.Null()], {
    description: "when it was told last, milliseconds since 1970",
  }),
  problem: Type.Union([Type.String(), Type.Null()], {
    description: "why it was not since",
  }),
});
export type SmartHomeState = Static<typeof SmartHomeState>;
