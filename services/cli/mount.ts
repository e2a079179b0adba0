import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { NodeClient } from "../node/client.ts";
import { readJson } from "../shared/durable.ts";
import { socketPath } from "../shared/service.ts";
import { CliError } from "./connection.ts";
import type { FileSystem } from "./mount/fuse.ts";

/** Adds `coppice mount`: the files as a folder of the box. */
export function addMountCommand(program: Command): void {
  program
    .command("mount <folder> [command...]")
    .description(
      "show the files in a folder of this box until Ctrl-C, or while a command behind -- runs",
    )
    .option("--path <path>", "only what is beneath this path", "/")
    .option("--allow-other", "other users of the box may look in too")
    .option(
      "--people <file>",
      "a folder for each account that this JSON file names, with what the share of its secret gives",
    )
    .action(
      async (
        folder: string,
        command: string[],
        {
          path,
          allowOther = false,
          people,
        }: { path: string; allowOther?: boolean; people?: string },
      ) => {
        await stat(socketPath("node")).catch(() => {
          throw new CliError(
            "the storage node is not on this machine: mount on the box itself, or use WebDAV",
          );
        });
        // Only who mounts loads FUSE.
        const { mountFuse } = await import("./mount/fuse.ts");
        await using node = new NodeClient();
        const ending = new AbortController();
        for (const signal of ["SIGINT", "SIGTERM"] as const)
          process.once(signal, () => ending.abort());
        await node.tree.entry(path);
        const system = await systemOf(node, path, people);
        await using _mounted = await mountFuse(resolve(folder), system, {
          allowOther,
          // One program serves accounts that are not its own.
          checked: people === undefined,
        });
        console.log(`${path} is in ${resolve(folder)}`);
        const [program, ...args] = command;
        if (program === undefined) await aborted(ending.signal);
        else process.exitCode = await runOver(program, args, ending.signal);
        await system.end();
      },
    );
}

/** What is mounted. @throws CliError where the file of people is not one */
async function systemOf(
  node: NodeClient,
  path: string,
  people: string | undefined,
): Promise<FileSystem & { end(): Promise<void> }> {
  const onError = (error: unknown): void =>
    console.error(`coppice: ${(error as Error).message}`);
  if (people === undefined) {
    const { TreeFileSystem } = await import("./mount/filesystem.ts");
    return new TreeFileSystem(node.tree, path, onError);
  }
  const { People, PeopleFileSystem } = await import("./mount/people.ts");
  const list = await readJson(People, people).catch(() => {
    // What it says of where it is wrong may quote a secret.
    throw new CliError(`${people} does not name people as it should`);
  });
  if (!list) throw new CliError(`there is no file ${people}`);
  return new PeopleFileSystem(node, list, onError);
}

/** Resolves when the signal aborts; keeps the process alive until then. */
async function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve: end } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => end(), { once: true });
  const alive = setInterval(() => {}, 2 ** 30);
  if (!signal.aborted) await promise;
  clearInterval(alive);
}

/** Runs a program until it ends, or ends it when the signal aborts. @returns its exit code. @throws CliError where it does not start */
async function runOver(
  program: string,
  args: string[],
  signal: AbortSignal,
): Promise<number> {
  const child = spawn(program, args, { stdio: "inherit" });
  const end = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  const [code] = (await once(child, "exit").catch((error: Error) => {
    throw new CliError(`${program} could not be started: ${error.message}`);
  })) as [number | null];
  signal.removeEventListener("abort", end);
  return code ?? (signal.aborted ? 0 : 1);
}
