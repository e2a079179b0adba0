import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { NodeClient } from "../node/client.ts";
import { socketPath } from "../shared/service.ts";
import { CliError } from "./connection.ts";

/** Adds `coppice mount`: the files as a folder of the box. */
export function addMountCommand(program: Command): void {
  program
    .command("mount <folder>")
    .description(
      "show the files in a folder of this box, until Ctrl-C or umount",
    )
    .option("--path <path>", "only what is beneath this path", "/")
    .option("--allow-other", "other users of the box may look in too")
    .action(
      async (
        folder: string,
        { path, allowOther = false }: { path: string; allowOther?: boolean },
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
        });
        console.log(`${path} is in ${resolve(folder)}`);
        const { promise, resolve: end } = Promise.withResolvers<void>();
        ending.signal.addEventListener("abort", () => end(), { once: true });
        const alive = setInterval(() => {}, 2 ** 30);
        if (!ending.signal.aborted) await promise;
        clearInterval(alive);
        await system.end();
      },
    );
}
