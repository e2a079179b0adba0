import {
  type ChildProcess,
  type SpawnOptions,
  spawn,
} from "node:child_process";

/** A command that ended with a status other than 0, with the end of what it printed. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** What `run` takes beside the command. */
export type RunOptions = SpawnOptions & {
  /** Written to the command's standard input. */
  input?: string;
  /** Given each chunk of output as it comes, instead of keeping all of it to oneself. */
  onOutput?: (text: string) => void;
};

/**
 * Runs a command to its end and resolves to its standard output as text.
 * @throws CommandError where it cannot be started or ends with a status other than 0; the message holds its last lines.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { input, onOutput, ...spawnOptions } = options;
  const child: ChildProcess = spawn(command, args, {
    stdio: ["pipe", "pipe", "pipe"],
    ...spawnOptions,
  });
  let stdout = "";
  let tail = "";
  const keep = (text: string): void => {
    tail = (tail + text).slice(-4000);
    onOutput?.(text);
  };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    keep(text);
  });
  child.stderr?.setEncoding("utf8").on("data", keep);
  child.stdin?.on("error", () => {});
  child.stdin?.end(input ?? "");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once("error", (error) =>
    reject(new CommandError(`cannot start ${command}: ${error.message}`)),
  );
  child.once("close", (code, signal) =>
    code === 0
      ? resolve()
      : reject(
          new CommandError(
            `${command} ${args.join(" ")} ended with ${signal ?? code}:\n${tail.trim()}`,
          ),
        ),
  );
  await promise;
  return stdout;
}
