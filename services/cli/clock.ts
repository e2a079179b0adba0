import type { Command } from "commander";
import { ClockState } from "../host/client.ts";
import type { Surroundings } from "./door.ts";

function render({ time, settings, set, server }: ClockState): string {
  const shown = new Date(time).toLocaleString("sv", {
    timeZone: settings.zone,
  });
  return [
    `${shown} in ${settings.zone}`,
    set === null
      ? "no time server was heard since the start"
      : `set by ${server ?? "a time server"}, last at ${new Date(set).toISOString()}`,
    ...(settings.servers.length > 0
      ? [`asked: ${settings.servers.join(", ")}`]
      : []),
  ].join("\n");
}

/** Adds `coppice clock ...`: the household's time. */
export function addClockCommands(
  program: Command,
  { connect, print }: Surroundings,
): void {
  const clock = program
    .command("clock")
    .description("the household's time zone, and who sets the clock")
    .exitOverride();
  clock
    .command("show")
    .description("what time it is, in which zone, and who says so")
    .action(async () => {
      await using api = await connect();
      const state = await api.call(ClockState, "GET", "/api/clock");
      print(state, render(state));
    });
  clock
    .command("set")
    .description("where the clock hangs, and whom it asks")
    .option("--zone <zone>", "as IANA's database names it: Europe/Berlin")
    .option(
      "--servers <names...>",
      "time servers (NTP), up to four; none for those of the line, or Debian's",
    )
    .action(async (said: { zone?: string; servers?: string[] }) => {
      await using api = await connect();
      const { settings } = await api.call(ClockState, "GET", "/api/clock");
      const state = await api.call(ClockState, "PUT", "/api/clock", {
        json: {
          zone: said.zone ?? settings.zone,
          servers: (said.servers ?? settings.servers).filter(
            (name) => name !== "none",
          ),
        },
      });
      print(state, render(state));
    });
}
