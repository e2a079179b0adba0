import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { BoxClient } from "../../box-client.ts";
import { home } from "../../home.ts";
import { startServices } from "../../services.ts";

const execute = promisify(execFile);

/** A box on this machine whose files are mounted on a folder. */
export interface MountStand extends AsyncDisposable {
  /** The mounted folder. */
  folder: string;
  client: BoxClient;
  /** Runs a program; its output. @throws Error with it where it fails */
  run(program: string, args: string[], cwd?: string): Promise<string>;
  /** The `coppice` command on the box. */
  coppice(...args: string[]): Promise<string>;
  unmount(): Promise<void>;
  mount(): Promise<void>;
}

/** Starts the services, sets the box up, and mounts its files. */
export async function mountBox(): Promise<MountStand> {
  const box = await startServices(
    process.env.COPPICE_SHOW ? { onLine: (s, l) => console.error(s, l) } : {},
  );
  const { services, client, code } = box;
  await client.claim(code, "birch", {
    name: "Ada",
    password: "correct horse battery",
  });
  const folder = join(services.folder, "mounted");
  await mkdir(folder);
  const env = {
    ...process.env,
    COPPICE_RUNTIME: join(services.folder, "run"),
  };
  const cli = [
    "--disable-warning=ExperimentalWarning",
    join(home, "services/cli/main.ts"),
  ];
  const run = async (
    program: string,
    args: string[],
    cwd?: string,
  ): Promise<string> => {
    const { stdout, stderr } = await execute(program, args, {
      cwd: cwd ?? services.folder,
      env,
      maxBuffer: 2 ** 28,
    });
    return stdout + stderr;
  };
  let child: ChildProcess | undefined;
  const unmount = async (): Promise<void> => {
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  const mount = async (): Promise<void> => {
    const started = spawn(process.execPath, [...cli, "mount", folder], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    child = started;
    for await (const line of createInterface({ input: started.stdout }))
      if (line.endsWith(folder)) return;
    throw new Error("the files could not be mounted");
  };
  await mount();
  return {
    folder,
    client,
    run,
    coppice: async (...args) => await run(process.execPath, [...cli, ...args]),
    unmount,
    mount,
    [Symbol.asyncDispose]: async () => {
      await unmount();
      await box[Symbol.asyncDispose]();
    },
  };
}
