import { type Static, Type } from "typebox";
import { TimeZone } from "../shared/zone.ts";

/** What the owner says of the box's clock. */
export const ClockSettings = Type.Object({
  zone: TimeZone,
  servers: Type.Array(
    Type.String({
      maxLength: 253,
      pattern: "^[A-Za-z0-9:]([A-Za-z0-9.:-]*[A-Za-z0-9])?$",
    }),
    {
      maxItems: 4,
      description:
        "names or addresses of time servers (NTP); none for those of the line, or Debian's",
    },
  ),
});
export type ClockSettings = Static<typeof ClockSettings>;

/** The box's clock. */
export const ClockState = Type.Object({
  time: Type.Integer({ description: "milliseconds since 1970" }),
  settings: ClockSettings,
  set: Type.Union([Type.Integer(), Type.Null()], {
    description:
      "when a time server was heard last, milliseconds since 1970; null where none was since the start",
  }),
  server: Type.Union([Type.String(), Type.Null()], {
    description: "which one it is",
  }),
});
export type ClockState = Static<typeof ClockState>;
