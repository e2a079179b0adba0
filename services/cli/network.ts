import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import { Parse } from "typebox/value";
import {
  addressOf,
  Network,
  NetworkNow,
  NetworkState,
  Trial,
} from "../host/client.ts";
import { Speed } from "../node/client.ts";
import { CliError } from "./connection.ts";
import type { Surroundings } from "./door.ts";

/** Adds `coppice network ...`: the household's network as one document. */
export function addNetworkCommands(
  program: Command,
  { connect, print }: Surroundings,
): void {
  const network = program
    .command("network")
    .description(
      "the household's network: one document, tried before it is kept",
    )
    .exitOverride();
  network
    .command("show [change]")
    .description("the document in force, or the one that a change left")
    .action(async (change: string | undefined) => {
      await using api = await connect();
      const document =
        change === undefined
          ? (await api.call(NetworkState, "GET", "/api/network")).document
          : await api.call(
              Network,
              "GET",
              `/api/network/history/${number(change)}`,
            );
      console.log(JSON.stringify(document, null, 2));
    });
  network
    .command("now")
    .description("the line to the Internet, the devices, and what is wrong")
    .action(async () => {
      await using api = await connect();
      const now = await api.call(NetworkNow, "GET", "/api/network/now");
      print(
        now,
        [
          `Internet: ${now.wan.link ? now.wan.addresses.join(", ") || "no address" : "no cable"}`,
          ...now.adapters.map(
            ({ proposed, channel }) =>
              `Wi-Fi: ${proposed.name} ${channel === null ? "is not on the air" : `on channel ${channel}`}`,
          ),
          ...now.troubles.map(
            ({ words, advice }) => `trouble: ${words} ${advice}`,
          ),
          ...now.devices.map(
            ({ address, mac, name, lan, here, signal }) =>
              `${address.padEnd(15)} ${mac} ${lan} ${name ?? "-"}${here ? (signal === null ? "" : ` ${signal} dBm`) : " (away)"}`,
          ),
        ].join("\n"),
      );
    });
  network
    .command("apply <file>")
    .description(
      "try the document in a file (- is standard input); confirm it in time, or it is taken back",
    )
    .option("--seconds <number>", "how long to wait", number, 90)
    .action(async (file: string, { seconds }: { seconds: number }) => {
      const document = parse(
        await readFile(file === "-" ? "/dev/stdin" : file, "utf8").catch(
          (error: Error) => {
            throw new CliError(`cannot read ${file}: ${error.message}`);
          },
        ),
        file,
      );
      await using api = await connect();
      const trial = await api.call(Trial, "POST", "/api/network/trial", {
        json: { document, seconds },
      });
      const [home] = document.lans;
      print(
        trial,
        `in force for ${seconds} s, at https://${home ? addressOf(home) : ""}; keep it with: coppice network confirm`,
      );
    });
  network
    .command("wake <mac>")
    .description("wake a computer that sleeps, or is off (Wake-on-LAN)")
    .action(async (mac: string) => {
      await using api = await connect();
      await api.raw("POST", "/api/network/wake", {
        json: { mac: mac.toLowerCase() },
      });
      print(null, "It is called.");
    });
  network
    .command("confirm")
    .description("keep the network that is being tried")
    .action(async () => {
      await using api = await connect();
      const { trial } = await api.call(NetworkState, "GET", "/api/network");
      if (!trial) throw new CliError("nothing is being tried");
      await api.raw("POST", "/api/network/confirm", {
        json: { token: trial.token },
      });
      print({ confirmed: true }, "kept");
    });
  network
    .command("revert")
    .description("take back the network that is being tried")
    .action(async () => {
      await using api = await connect();
      await api.raw("POST", "/api/network/revert");
      print({ reverted: true }, "taken back");
    });
  network
    .command("speed")
    .description("how fast the line is, by friends' boxes that fill it")
    .action(async () => {
      await using api = await connect();
      const speed = await api.call(Speed, "POST", "/api/network/speed");
      const megabits = (rate: number): string =>
        `${((rate * 8) / 1e6).toFixed(1)} Mbit/s`;
      const time = (value: number | null): string =>
        value === null ? "?" : `${value.toFixed(1)} ms`;
      print(
        speed,
        [
          `down ${megabits(speed.down)}, up ${megabits(speed.up)}`,
          `answers after ${time(speed.idle)}, ${time(speed.full)} while the line is full`,
          ...speed.friends.map(
            ({ name, down, up, problem }) =>
              `${name}: ${problem ?? `down ${megabits(down)}, up ${megabits(up)}`}`,
          ),
        ].join("\n"),
      );
    });
  network
    .command("history")
    .description("the changes that were kept, the newest first")
    .action(async () => {
      await using api = await connect();
      const { history } = await api.call(NetworkState, "GET", "/api/network");
      print(
        history,
        history
          .map(
            ({ id, at, who, what }) =>
              `${id} ${new Date(at).toISOString()} ${who}: ${what.join("; ")}`,
          )
          .join("\n"),
      );
    });
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError("a number from 0 on is meant");
  return value;
}

function parse(text: string, file: string): Network {
  try {
    return Parse(Network, JSON.parse(text)) as Network;
  } catch (error) {
    throw new CliError(
      `${file} is not a network document: ${(error as Error).message}; coppice network show prints one`,
      2,
    );
  }
}
