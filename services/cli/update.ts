import type { Command } from "commander";
import { UpdateState as State, type UpdateState } from "../host/client.ts";
import type { Surroundings } from "./door.ts";
import { size } from "./text.ts";

const phases: Record<UpdateState["phase"], string> = {
  idle: "nothing newer is known",
  looking: "is asked for",
  found: "is there, and not brought yet",
  comparing: "is compared with what runs",
  downloading: "comes",
  ready: "is here, and can be installed",
  installing: "is being written",
  restart: "starts with the next boot: coppice update restart",
  proving: "runs, and is being proven",
};

function render(state: UpdateState): string {
  const { version, board, found, phase, came, problem, history } = state;
  return [
    `version ${version} for ${board}`,
    found
      ? `version ${found.version} ${phases[phase]}${phase === "downloading" ? `: ${size(came)} so far` : ""}`
      : phases[phase],
    ...(found?.notes ? [found.notes] : []),
    ...(problem ? [`problem: ${problem.words}`] : []),
    ...history.map(
      (one) =>
        `${new Date(one.at).toISOString()} ${one.version} ${one.good ? "good" : "failed"}: ${one.words}`,
    ),
  ].join("\n");
}

/** Adds `coppice update ...`: the box's versions. */
export function addUpdateCommands(
  program: Command,
  { connect, print }: Surroundings,
): void {
  const update = program
    .command("update")
    .description("the box's versions: what runs, what is newer")
    .exitOverride();
  update
    .command("show")
    .description("what runs, what is newer, what became of those before")
    .action(async () => {
      await using api = await connect();
      const state = await api.call(State, "GET", "/api/updates");
      print(state, render(state));
    });
  update
    .command("source <url>")
    .description("where to look for versions; none stops looking")
    .action(async (url: string) => {
      await using api = await connect();
      const { settings } = await api.call(State, "GET", "/api/updates");
      const state = await api.call(State, "PUT", "/api/updates/settings", {
        json: { ...settings, source: url === "none" ? null : url },
      });
      print(state, render(state));
    });
  update
    .command("check")
    .description("look for a newer version, and bring it here")
    .option("--no-download", "only look")
    .option("--stick", "on the USB stick that is plugged in")
    .option("--friends", "at friends' boxes, which hand on what they run")
    .action(
      async (options: {
        download: boolean;
        stick?: boolean;
        friends?: boolean;
      }) => {
        await using api = await connect();
        const state = await api.call(State, "POST", "/api/updates/check", {
          json: {
            download: options.download,
            from: options.stick
              ? "stick"
              : options.friends
                ? "friends"
                : "source",
          },
        });
        print(state, render(state));
      },
    );
  update
    .command("stop")
    .description("stop looking or bringing; what came stays")
    .action(async () => {
      await using api = await connect();
      const state = await api.call(State, "POST", "/api/updates/stop");
      print(state, render(state));
    });
  for (const [act, words] of [
    ["install", "write what was brought into the slot that does not run"],
    ["restart", "restart into what was installed"],
  ] as const)
    update
      .command(act)
      .description(words)
      .action(async () => {
        await using api = await connect();
        await api.raw("POST", `/api/updates/${act}`);
        print({ [act]: true }, `${act} begun; coppice update show says more`);
      });
}
