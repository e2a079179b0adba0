import { spawn } from "node:child_process";
import { CoppiceError } from "../shared/errors.ts";

/** A system tool failed. */
export class CommandError extends CoppiceError {
  override name = "CommandError";
  /** Its exit status, or the signal that ended it. */
  readonly exit: string;
  /** What the tool wrote on standard error. */
  readonly output: string;
  /** What it wrote on standard output before it failed. */
  readonly stdout: string;
  constructor(command: string, status: string, output: string, stdout = "") {
    super(
      503,
      "command-failed",
      `${command} failed (${status}): ${output.trim().split("\n").slice(-3).join("; ")}`,
    );
    this.exit = status;
    this.output = output;
    this.stdout = stdout;
  }
}

/**
 * Runs a system tool without a shell and resolves to its standard output.
 * @param input goes to its standard input: the way for secrets, which never stand in arguments. @throws CommandError
 */
export async function command(
  name: string,
  args: readonly string[],
  options: { input?: string | Uint8Array; signal?: AbortSignal } = {},
): Promise<string> {
  const child = spawn(name, args, {
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.signal ? { signal: options.signal } : {}),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-4000);
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once("error", (error) =>
    reject(new CommandError(name, "not started", error.message)),
  );
  child.once("close", (code, signal) =>
    code === 0
      ? resolve()
      : reject(new CommandError(name, String(signal ?? code), stderr, stdout)),
  );
  await promise;
  return stdout;
}
