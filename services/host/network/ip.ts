import type { Static, TSchema } from "typebox";
import { Parse } from "typebox/value";
import { command } from "../command.ts";

/** What ip(8) says as JSON. @throws CommandError, such as where there is no such device */
export async function ip<S extends TSchema>(
  schema: S,
  ...args: string[]
): Promise<Static<S>> {
  // iproute2 prints nothing at all where there is nothing.
  const text = await command("ip", ["-json", ...args]);
  return Parse(schema, JSON.parse(text || "[]")) as Static<S>;
}
