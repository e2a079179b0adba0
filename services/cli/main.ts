import { pipeline } from "node:stream/promises";
import { Argument, Command, CommanderError } from "commander";
import { Status } from "../admin/api/status.ts";
import type { PowerAct } from "../host/client.ts";
import { CoppiceError } from "../shared/errors.ts";
import { addActivityCommand } from "./activity.ts";
import { addClockCommands } from "./clock.ts";
import { CliError, Connection } from "./connection.ts";
import { addFileCommands } from "./file.ts";
import { addFriendCommands } from "./friend.ts";
import { addIdentityCommands } from "./identity.ts";
import { addMountCommand } from "./mount.ts";
import { addNetworkCommands } from "./network.ts";
import { addNoticesCommand } from "./notices.ts";
import { addShareCommands } from "./share.ts";
import { addStoreCommands } from "./store.ts";
import { size } from "./text.ts";
import { addUpdateCommands } from "./update.ts";

const program = new Command("coppice")
  .description(
    "Talks to a Coppice box: on the box itself as root, elsewhere with a token.",
  )
  .exitOverride()
  .configureOutput({ outputError: () => {} });
program
  .option("--json", "answer in JSON")
  .option(
    "--config <file>",
    "file with url, fingerprint and token (default: ~/.config/coppice.json)",
  );

/** Prints `value` as JSON where that is wanted, else `text`. */
function print(value: unknown, text: string): void {
  console.log(
    program.opts<{ json?: boolean }>().json ? JSON.stringify(value) : text,
  );
}

const powerWords: Record<PowerAct, string> = {
  reboot: "The box restarts.",
  recovery: "The box restarts into its recovery.",
  "power-off": "The box switches itself off.",
};

async function connect(): Promise<Connection> {
  return await Connection.open(program.opts<{ config?: string }>().config);
}

program
  .command("status")
  .description("what the box does at the moment")
  .action(async () => {
    await using api = await connect();
    const status = await api.call(Status, "GET", "/api/status");
    const { host, storage, tpm } = status;
    const lines = [
      host
        ? `version ${host.version}, slot ${host.slot}, up ${Math.round(host.uptime / 60)} min, CPU ${host.cpu.load.toFixed(0)}%, memory ${size(host.memory.used)} of ${size(host.memory.total)}`
        : "host: does not answer",
      tpm
        ? `TPM ${tpm.manufacturer} ${tpm.vendor}, firmware ${tpm.firmware}`
        : "TPM: does not answer",
      storage
        ? `${storage.files} files, ${size(storage.bytes)}, ${storage.mended} fragments mended${storage.failure ? `; ${storage.failure}` : ""}`
        : "storage: does not answer",
    ];
    print(status, lines.join("\n"));
  });

program
  .command("diagnostics")
  .description("what the machine says of itself, for somebody who helps you")
  .action(async () => {
    await using api = await connect();
    const { body } = await api.raw("GET", "/api/diagnostics");
    await pipeline(body, process.stdout, {
      end: false,
    });
  });

program
  .command("power")
  .description(
    "restart the box, restart it into its recovery, or switch it off",
  )
  .addArgument(new Argument("<act>").choices(Object.keys(powerWords)))
  .action(async (act: PowerAct) => {
    await using api = await connect();
    const { body } = await api.raw("POST", "/api/power", { json: { act } });
    await body.dump();
    print({ act }, powerWords[act]);
  });

addFileCommands(program, { connect, print });
addIdentityCommands(program, { connect, print });
addStoreCommands(program, { connect, print });
addMountCommand(program);
addShareCommands(program, { connect, print });
addFriendCommands(program, { connect, print });
addNetworkCommands(program, { connect, print });
addUpdateCommands(program, { connect, print });
addClockCommands(program, { connect, print });
addNoticesCommand(program, { connect, print });
addActivityCommand(program, { connect, print });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0 && error.code !== "commander.help")
      console.error(error.message.replace(/^error: /, "coppice: "));
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    console.error(`coppice: ${(error as Error).message.split("\n")[0]}`);
    const badRequest = error instanceof CoppiceError && error.status === 400;
    process.exitCode =
      error instanceof CliError ? error.exitCode : badRequest ? 2 : 1;
  }
}
