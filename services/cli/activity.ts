import type { Command } from "commander";
import { type Act, ActivityPart } from "../admin/activity/api.ts";
import type { Surroundings } from "./door.ts";

function render({ at, who, by, act, about, refused }: Act): string {
  const from =
    by.kind === "browser"
      ? `a browser at ${by.address}`
      : by.kind === "token"
        ? `the token "${by.name}"`
        : "this command";
  const what = refused
    ? `somebody tried to ${act}`
    : `${who ?? "somebody"} ${act}`;
  return `${new Date(at).toISOString()} ${what}${about ? `: ${about}` : ""} (by ${from})`;
}

/** Adds `coppice activity`: who did what to the box. */
export function addActivityCommand(
  program: Command,
  { connect, print }: Surroundings,
): void {
  program
    .command("activity")
    .description("who did what to the box, newest first")
    .option("--search <words>", "only what these words are in")
    .option("--count <number>", "how much of it", "50")
    .action(async (options: { search?: string; count: string }) => {
      await using api = await connect();
      const query = new URLSearchParams({ ...options });
      const part = await api.call(
        ActivityPart,
        "GET",
        `/api/activity?${query}`,
      );
      print(
        part,
        part.acts.map(render).join("\n") || "Nothing was done that fits.",
      );
    });
}
