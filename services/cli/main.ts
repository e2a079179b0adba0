import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { Command, CommanderError } from "commander";
import { Type } from "typebox";
import { Status } from "../admin/api/status.ts";
import { FileInfo } from "../node/client.ts";
import { CoppiceError } from "../shared/errors.ts";
import { CliError, Connection } from "./connection.ts";
import { addIdentityCommands } from "./identity.ts";
import { addStoreCommands } from "./store.ts";
import { size } from "./text.ts";

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

async function connect(): Promise<Connection> {
  return await Connection.open(program.opts<{ config?: string }>().config);
}

function kept({ segments, fragments, needed }: FileInfo): string {
  return segments === 0
    ? "empty"
    : `${fragments} fragments, any ${needed} restore it`;
}

function route(name: string): string {
  return `/api/files/${encodeURIComponent(name)}`;
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

const file = program
  .command("file")
  .description("the owner's files")
  .exitOverride();
file
  .command("ls")
  .description("list files")
  .action(async () => {
    await using api = await connect();
    const files = await api.call(Type.Array(FileInfo), "GET", "/api/files");
    print(
      files,
      files
        .map(
          (info) =>
            `${size(info.size).padStart(9)}  ${new Date(info.modified).toISOString().slice(0, 16)}  ${info.name}  (${kept(info)})`,
        )
        .join("\n"),
    );
  });
file
  .command("put <path> [name]")
  .description("upload a file")
  .action(async (path: string, name?: string) => {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) throw new CliError(`${path} is not a file`, 2);
    await using api = await connect();
    const answer = await api.call(
      FileInfo,
      "PUT",
      route(name ?? basename(path)),
      { stream: createReadStream(path), size: info.size },
    );
    print(answer, `${answer.name}: ${size(answer.size)}, ${kept(answer)}`);
  });
file
  .command("get <name> [path]")
  .description("download a file; to standard output with - as path")
  .action(async (name: string, path?: string) => {
    await using api = await connect();
    const answer = await api.raw("GET", route(name));
    if (path === "-") return await pipeline(answer.body, process.stdout);
    const target = path ?? basename(name);
    const part = `${target}.part`;
    try {
      await pipeline(answer.body, createWriteStream(part));
      await rename(part, target);
    } catch (error) {
      await rm(part, { force: true });
      throw new CliError(
        `${name} did not arrive whole: ${(error as Error).message}`,
      );
    }
    print({ name, path: target }, `${name} -> ${target}`);
  });
file
  .command("rm <name>")
  .description("delete a file")
  .action(async (name: string) => {
    await using api = await connect();
    await (await api.raw("DELETE", route(name))).body.dump();
    print({ name, deleted: true }, `${name} deleted`);
  });

addIdentityCommands(program, { connect, print });
addStoreCommands(program, { connect, print });

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
