import type { Command } from "commander";
import { type Notice, NoticesState } from "../admin/notices/api.ts";
import type { Surroundings } from "./door.ts";

function render({ words, advice, since, until }: Notice): string {
  const [from, to] = [since, until].map((time) =>
    time === null || time === undefined ? "" : new Date(time).toISOString(),
  );
  return until === null
    ? `since ${from}: ${words}${advice ? ` ${advice}` : ""}`
    : `${from}${to === from ? "" : ` to ${to}`}: ${words}`;
}

/** Adds `coppice notices`: what is wrong with the box. */
export function addNoticesCommand(
  program: Command,
  { connect, print }: Surroundings,
): void {
  program
    .command("notices")
    .description("what is wrong with the box")
    .option("--all", "and what was")
    .action(async ({ all }: { all?: true }) => {
      await using api = await connect();
      const state = await api.call(NoticesState, "GET", "/api/notices");
      const shown = state.notices.filter(({ until }) => all || until === null);
      print(
        { ...state, notices: shown },
        shown.map(render).join("\n") || "Nothing needs you.",
      );
    });
}
