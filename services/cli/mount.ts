import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { NodeClient } from "../node/client.ts";
import { socketPath } from "../shared/service.ts";
import { CliError } from "./connection.ts";

/** Adds `coppice mount`: the files as a folder of the box. */
export function addMountCommand(program: Command): void {
  program
    .command("mount <folder> [command...]")
    .description(
      "show the files in a folder of this box until Ctrl-C, or while a command behind -- runs",
    )
    .option("--path <path>", "only what is beneath this path", "/")
    .option("--allow-other", "other users of the box may look in too")
    .option("--mine", "whatever owner a file has, show it as this user's")
    .action(
      async (
        folder: string,
        command: string[],
        {
          path,
          allowOther = false,
          mine = false,
        }: { path: string; allowOther?: boolean; mine?: boolean },
      ) => {
        await stat(socketPath("node")).catch(() => {
          throw new CliError(
            "the storage node is not on this machine: mount on the box itself, or use WebDAV",
          );
        });
        // Only who mounts loads FUSE.
        const { mountFuse } = await import("./mount/fuse.ts");
        const { TreeFileSystem } = await import("./mount/filesystem.ts");
        await using node = new NodeClient();
        const ending = new AbortController();
        for (const signal of ["SIGINT", "SIGTERM"] as const)
          process.once(signal, () => ending.abort());
        await node.tree.entry(path);
        const system = new TreeFileSystem(node.tree, path, (error) =>
          console.error(`coppice: ${(error as Error).message}`),
        );
        await using _mounted = await mountFuse(resolve(folder), system, {
          allowOther,
          mine,
        });
        console.log(`${path} is in ${resolve(folder)}`);
        const [program, ...args] = command;
        if (program === undefined) await aborted(ending.signal);
        else process.exitCode = await runOver(program, args, ending.signal);
        await system.end();
      },
    );
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
