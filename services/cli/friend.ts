import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { Type } from "typebox";
import {
  AuditResult,
  ContractExport,
  type FriendChange,
  FriendsState,
  type FriendView,
  NewInvitation,
  Recovery,
} from "../node/client.ts";
import { CliError, type Connection } from "./connection.ts";
import type { Surroundings } from "./door.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
};

/** Adds `coppice friend`: whose boxes keep what for whom. */
export function addFriendCommands(
  program: Command,
  { connect, print }: Surroundings,
): void {
  const friend = program
    .command("friend")
    .description("friends' boxes, and what each keeps for the other")
    .exitOverride();
  friend
    .command("ls")
    .description("friends, invitations and findings")
    .action(async () => {
      await using api = await connect();
      const state = await api.call(FriendsState, "GET", "/api/friends");
      print(state, describe(state));
    });
  friend
    .command("invite <name>")
    .description("invite one friend; prints words for the telephone, and text")
    .option("--offer <bytes>", "what this box keeps for the friend", "20G")
    .option("--wish <bytes>", "what the friend's box is asked to keep", "20G")
    .action(async (name: string, options: { offer: string; wish: string }) => {
      await using api = await connect();
      const made = await api.call(
        NewInvitation,
        "POST",
        "/api/friends/invitations",
        {
          json: { name, offer: size(options.offer), wish: size(options.wish) },
        },
      );
      const until = new Date(made.expires).toISOString().slice(0, 16);
      print(
        made,
        [
          made.words ?? "(no address for words)",
          made.text,
          `good until ${until}`,
        ].join("\n"),
      );
    });
  friend
    .command("join <invitation...>")
    .description("follow a friend's invitation: the words, or the text")
    .option("--offer <bytes>", "what this box keeps for the friend", "20G")
    .option("--wish <bytes>", "what the friend's box is asked to keep", "20G")
    .action(
      async (words: string[], options: { offer: string; wish: string }) => {
        await using api = await connect();
        const { id } = await api.call(
          Type.Object({ id: Type.String() }),
          "POST",
          "/api/friends/join",
          {
            json: {
              invitation: words.join(" "),
              offer: size(options.offer),
              wish: size(options.wish),
            },
          },
        );
        print({ id }, id);
      },
    );
  friend
    .command("set <friend>")
    .description("change what is kept for whom, and where the friend lives")
    .option("--name <name>", "how you call the friend")
    .option("--offer <bytes>")
    .option("--wish <bytes>")
    .option("--household <word>", "boxes with the same word are lost together")
    .option("--city <word>", "see: coppice friend apart city")
    .option(
      "--asks <price>",
      "what this box asks for a GB and month, as 1.5EUR",
    )
    .option("--pays <price>", "what this box pays for a GB and month at most")
    .option("--days <number>", "how long this box's contracts are good")
    .option("--bandwidth <bytes>", "what this box gives a second at least")
    .action(
      async (
        who: string,
        {
          offer,
          wish,
          asks,
          pays,
          days,
          bandwidth,
          ...rest
        }: {
          offer?: string;
          wish?: string;
          asks?: string;
          pays?: string;
          days?: string;
          bandwidth?: string;
          name?: string;
          household?: string;
          city?: string;
        },
      ) => {
        await using api = await connect();
        const known = await find(api, who);
        await change(api, who, {
          ...rest,
          asks: {
            ...known.asks,
            ...(asks === undefined ? {} : budget(asks)),
            ...(days === undefined ? {} : { days: Number(days) }),
            ...(bandwidth === undefined ? {} : { bandwidth: size(bandwidth) }),
          },
          ...(pays === undefined ? {} : { pays: budget(pays) }),
          ...(offer === undefined ? {} : { offer: size(offer) }),
          ...(wish === undefined ? {} : { wish: size(wish) }),
        });
      },
    );
  friend
    .command("apart <what>")
    .description(
      'what may be lost at once: "household", or "city" to spread over several',
    )
    .action(async (what: string) => {
      await using api = await connect();
      const { me, limits } = await api.call(
        FriendsState,
        "GET",
        "/api/friends",
      );
      const done = await api.raw("PUT", "/api/friends/settings", {
        json: { name: me.name, limits, apart: what },
      });
      await done.body.dump();
    });
  for (const [name, phase, description] of [
    ["leave", "leaving", "move what the friend keeps elsewhere"],
    ["stay", "active", "let a friend that was leaving keep things again"],
    ["lost", "lost", "the box will not come back: make its share anew"],
  ] as const)
    friend
      .command(`${name} <friend>`)
      .description(description)
      .action(async (who: string) => {
        await using api = await connect();
        await change(api, who, { phase });
      });
  friend
    .command("forget <friend>")
    .description("end the contracts with a friend whose box keeps nothing")
    .action(async (who: string) => {
      await using api = await connect();
      const { id } = await find(api, who);
      const gone = await api.raw("DELETE", `/api/friends/${id}`);
      await gone.body.dump();
    });
  friend
    .command("audit <friend>")
    .description("ask now for random pieces of what the friend keeps")
    .action(async (who: string) => {
      await using api = await connect();
      const { id } = await find(api, who);
      const result = await api.call(
        AuditResult,
        "POST",
        `/api/friends/${id}/audit`,
        { json: {} },
      );
      print(
        result,
        [
          `${result.passed} of ${result.leaves} pieces are there`,
          ...result.verdicts.map(
            ({ outcome, evidence }) => `${outcome}: ${evidence}`,
          ),
        ].join("\n"),
      );
    });
  friend
    .command("contracts <friend>")
    .description("write the contracts to files, as COSE_Sign (RFC 9052)")
    .requiredOption("--out <prefix>", "beginning of the files' names")
    .action(async (who: string, { out }: { out: string }) => {
      await using api = await connect();
      const { id } = await find(api, who);
      const all = await api.call(
        ContractExport,
        "GET",
        `/api/friends/${id}/contracts`,
      );
      const files = Object.entries({
        mine: all.mine,
        theirs: all.theirs,
        ...Object.fromEntries(
          all.ended.map(({ contract }, index) => [`ended-${index}`, contract]),
        ),
      }).filter((entry): entry is [string, string] => entry[1] !== null);
      for (const [name, base64] of files)
        await writeFile(`${out}${name}.cose`, Buffer.from(base64, "base64"));
      print(all, files.map(([name]) => `${out}${name}.cose`).join("\n"));
    });
  friend
    .command("protect <folder> <boxes>")
    .description(
      'promise that a folder survives the loss of so many boxes, this one included; "-" as the folder above',
    )
    .action(async (path: string, boxes: string) => {
      const losses = boxes === "-" ? null : Number(boxes);
      if (losses !== null && !(Number.isInteger(losses) && losses >= 0))
        throw new CliError("a number of boxes, or -", 2);
      await using api = await connect();
      const done = await api.raw("PUT", "/api/friends/protection", {
        json: { path: path.startsWith("/") ? path : `/${path}`, losses },
      });
      await done.body.dump();
    });
  friend
    .command("recover <address>")
    .description(
      "on a new box with the old root key: bring the files back, from one friend's address",
    )
    .action(async (address: string) => {
      await using api = await connect();
      const result = await api.call(Recovery, "POST", "/api/friends/recover", {
        json: { address },
      });
      print(
        result,
        [
          ...result.friends.map(
            ({ name, fragments }) => `${name} keeps ${fragments} fragments`,
          ),
          `${result.files} files, ${result.bytes} bytes`,
        ].join("\n"),
      );
    });
}

async function change(
  api: Connection,
  who: string,
  changes: FriendChange,
): Promise<void> {
  const { id } = await find(api, who);
  const done = await api.raw("PATCH", `/api/friends/${id}`, { json: changes });
  await done.body.dump();
}

/** The friend of this name, or whose id begins so. @throws CliError */
async function find(api: Connection, who: string): Promise<FriendView> {
  const { friends } = await api.call(FriendsState, "GET", "/api/friends");
  const found = friends.filter(
    ({ id, name }) => name === who || id.startsWith(who),
  );
  const [one] = found;
  if (one && found.length === 1) return one;
  throw new CliError(
    one
      ? `several friends are called ${who}: give the id`
      : `no friend is called ${who}`,
    1,
  );
}

/** Bytes, with k, M, G or T for powers of a thousand. @throws CliError */
function size(text: string): number {
  const [, number, unit = ""] = /^([\d.]+)([kmgt]?)b?$/i.exec(text) ?? [];
  const bytes = Number(number) * (units[unit.toLowerCase()] ?? Number.NaN);
  if (!Number.isFinite(bytes))
    throw new CliError(`${text} is no size; write it as 20G`, 2);
  return Math.round(bytes);
}

/** A price, as 1.5EUR. @throws CliError */
function budget(text: string): { price: number; currency: string } {
  const [, number, currency = ""] =
    /^(\d+(?:\.\d+)?)\s*([A-Z]*)$/.exec(text) ?? [];
  const price = Math.round(Number(number) * 1e6);
  if (!Number.isFinite(price))
    throw new CliError(`${text} is no price; write it as 1.5EUR`, 2);
  return { price, currency };
}

function describe({
  behind,
  friends,
  invitations,
  findings,
  protection,
  progress,
  me,
}: FriendsState): string {
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  return [
    `${me.name}  ${me.id.slice(0, 16)}`,
    ...me.addresses.map((address) => `  ${address}`),
    ...(behind
      ? [
          "FRIENDS KEEP MORE THAN THIS BOX HAS: coppice friend recover ADDRESS brings it back",
        ]
      : []),
    ...friends.map(
      ({
        name,
        id,
        phase,
        online,
        roundTrip,
        keepsForMe,
        keptForThem,
        mine,
        trouble,
      }) =>
        `${id.slice(0, 16)}  ${name}  ${phase}, ${online ? `${Math.round(roundTrip ?? 0)} ms` : "not there"}  keeps ${gigabytes(keepsForMe)} of ${gigabytes(mine?.space ?? 0)} for you, you keep ${gigabytes(keptForThem)}${trouble ? `\n  ${trouble}` : ""}`,
    ),
    ...invitations.map(
      ({ id, name }) => `${id}  invited, not yet here: ${name}`,
    ),
    ...protection.map(
      ({ path, losses, survives, waiting }) =>
        `${path}  is to survive ${losses} boxes, ${survives === null ? "is empty" : survives < 0 ? "HAS LOST SOMETHING" : `survives ${survives} now`}${waiting > 0 ? `, ${gigabytes(waiting)} on the way` : ""}`,
    ),
    ...(progress.done < progress.total
      ? [`${progress.done} of ${progress.total} segments placed`]
      : []),
    ...findings.map(
      ({ name, kind, at, evidence, ours }) =>
        `${new Date(at).toISOString().slice(0, 16)}  ${ours ? `${name} says of this box` : name}: ${kind}. ${evidence}`,
    ),
  ].join("\n");
}
