import { type Static, Type } from "typebox";

/** Whether the box does what it is there for: GET /api/health, which anybody at home may ask. */
export const BoxHealth = Type.Object({
  healthy: Type.Boolean(),
  problems: Type.Array(Type.String(), {
    description: "what does not work, in words",
  }),
});
export type BoxHealth = Static<typeof BoxHealth>;
