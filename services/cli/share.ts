import type { Command } from "commander";
import { Type } from "typebox";
import { Box, NewShare, Request, Share } from "../node/client.ts";
import { CliError } from "./connection.ts";
import type { Surroundings } from "./door.ts";

const day = 86_400_000;
const Sharing = Type.Object({
  shares: Type.Array(Share),
  requests: Type.Array(Request),
});

/** Adds `coppice share`: who was given what. */
export function addShareCommands(
  program: Command,
  { connect, print }: Surroundings,
): void {
  const share = program
    .command("share")
    .description("files and folders that others may read or change")
    .exitOverride();
  share
    .command("add <path>")
    .description("share something; prints the link, this once")
    .requiredOption("--for <name>", "for whom it is")
    .option("--write", "they may add, change and delete")
    .option("--delegate", "they may pass it on, or a part of it")
    .option("--days <number>", "how long", "30")
    .action(
      async (
        path: string,
        options: {
          for: string;
          write?: boolean;
          delegate?: boolean;
          days: string;
        },
      ) => {
        const days = Number(options.days);
        if (!(days > 0 && days <= 36_500))
          throw new CliError("--days takes a number of days", 2);
        await using api = await connect();
        const made = await api.call(NewShare, "POST", "/api/shares", {
          json: {
            path: path.startsWith("/") ? path : `/${path}`,
            name: options.for,
            write: options.write === true,
            delegate: options.delegate === true,
            expires: Date.now() + days * day,
          },
        });
        print(made, linkOf(made));
      },
    );
  share
    .command("ls")
    .description("what is shared, and who asks for more")
    .action(async () => {
      await using api = await connect();
      const all = await api.call(Sharing, "GET", "/api/shares");
      print(
        all,
        [
          ...all.requests.map(
            ({ share: { id, name, path }, words }) =>
              `${id}  ${name} asks to change ${path}${words ? `: ${words}` : ""}`,
          ),
          ...all.shares.map(
            ({ id, name, path, rights, expires, state, through }) =>
              `${id}  ${rights.includes("write") ? "changes" : "reads  "}  ${path}  ${name}${through ? ` (through ${through})` : ""}  until ${new Date(expires).toISOString().slice(0, 10)}${state === "active" ? "" : `  ${state}`}`,
          ),
        ].join("\n"),
      );
    });
  share
    .command("renew <id>")
    .description("draw a new link in place of a lost one; prints it, this once")
    .action(async (id: string) => {
      await using api = await connect();
      const route = `/api/shares/${encodeURIComponent(id)}/renew`;
      const made = await api.call(NewShare, "POST", route);
      print(made, linkOf(made));
    });
  const boxes = program
    .command("box")
    .description("boxes that sign in your name")
    .exitOverride();
  boxes
    .command("ls")
    .description("which they are")
    .action(async () => {
      await using api = await connect();
      const all = await api.call(Type.Array(Box), "GET", "/api/boxes");
      print(
        all,
        all
          .map(
            ({ principal, created, own, revoked }) =>
              `${principal}  since ${new Date(created).toISOString().slice(0, 10)}${own ? "  this one" : ""}${revoked ? "  taken back" : ""}`,
          )
          .join("\n"),
      );
    });
  boxes
    .command("revoke <principal>")
    .description("refuse what a lost box signs from now on")
    .action(async (principal: string) => {
      await using api = await connect();
      await (
        await api.raw("DELETE", `/api/boxes/${encodeURIComponent(principal)}`)
      ).body.dump();
      print({ principal, revoked: true }, "taken back");
    });
  share
    .command("revoke <id>")
    .description("take a share back")
    .action(async (id: string) => {
      await using api = await connect();
      await (
        await api.raw("DELETE", `/api/shares/${encodeURIComponent(id)}`)
      ).body.dump();
      print({ id, revoked: true }, "taken back");
    });
  for (const [name, allow, words] of [
    ["allow", true, "let somebody change things who asked for it"],
    ["deny", false, "do not"],
  ] as const)
    share
      .command(`${name} <id>`)
      .description(words)
      .action(async (id: string) => {
        await using api = await connect();
        const route = `/api/shares/${encodeURIComponent(id)}/answer`;
        await (await api.raw("POST", route, { json: { allow } })).body.dump();
        print({ id, allow }, allow ? "allowed" : "not allowed");
      });
}

function linkOf({ secret }: NewShare): string {
  return `https://coppice.local/shared#${secret}`;
}
